package vsphere

import (
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
)

// Limits are of a vCenter.
func (*Provider) Limits(c *config.Config) providers.Limits {
	return providers.Limits{Cloud: c.String(keyServer)}
}
