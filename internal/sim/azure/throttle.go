package azure

import (
	"math"
	"net/http"
	"time"
)

// The published limit of AKS for PUTs of clusters in a subscription: https://learn.microsoft.com/azure/aks/quotas-skus-regions
const (
	burst  = 20
	refill = time.Minute // for one more
)

// bucket holds what may still be asked.
type bucket struct {
	left   float64
	filled time.Time
}

// throttle refuses PUTs of clusters beyond the limit, if the rehearsal is to have one.
func (c *Cloud) throttle(action string) *refusal {
	if !c.options.Throttle || action != actionPutCluster {
		return nil
	}
	now, b := c.now(), &c.bucket
	b.left = min(burst, b.left+float64(now.Sub(b.filled))/float64(refill))
	b.filled = now
	if b.left >= 1 {
		b.left--
		return nil
	}
	wait := int(math.Ceil((1 - b.left) * refill.Seconds()))
	return &refusal{http.StatusTooManyRequests, "TooManyRequests", "The request is throttled because the limit of PUTs of managed clusters is exceeded. Please retry after the time in the Retry-After header.", wait}
}
