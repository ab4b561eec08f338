package providers

import (
	"time"

	"github.com/slipway-sh/slipway/internal/config"
)

// Limited is what an adapter may be too: one that can tell which clusters share the limits of one cloud. Those of an
// adapter that is not share one without a name.
type Limited interface {
	// Limits contacts nothing.
	Limits(c *config.Config) Limits
}

// Limits is what clusters share whose cloud has to be spared together.
type Limits struct {
	Cloud string        // one server, or one account's region, in words for people
	Burst int           // clusters whose creation it takes at once; 0 means that they are not counted
	Every time.Duration // how often it takes one more from then on
}
