package aws

import (
	"cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
)

// Limits are of an account's region; the account is known by the profile only, without asking.
func (*Provider) Limits(c *config.Config) providers.Limits {
	return providers.Limits{Cloud: cmp.Or(c.String(keyProfile), "default") + " " + c.String(keyRegion)}
}
