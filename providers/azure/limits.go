package azure

import (
	"time"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
)

// Limits are of a location of a subscription. AKS takes so many PUTs of clusters:
// https://learn.microsoft.com/azure/aks/quotas-skus-regions
func (*Provider) Limits(c *config.Config) providers.Limits {
	limits := providers.Limits{Cloud: c.String(keySubscription) + " " + c.String(keyLocation)}
	if c.String(keyClusterType) != typeVM {
		limits.Burst, limits.Every = 20, time.Minute
	}
	return limits
}
