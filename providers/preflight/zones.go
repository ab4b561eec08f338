package preflight

import (
	"fmt"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// WorkersPerZone spreads workers evenly over zones, the first ones taking the rest. Keys are the variables of the zones'
// own counts: one that is set stands, and what is left of the request is spread over the other zones.
func WorkersPerZone(c *config.Config, keys []string, workers int) ([]int, error) {
	counts, open := make([]int, len(keys)), []int(nil)
	for n, key := range keys {
		if c.String(key) == "" {
			open = append(open, n)
			continue
		}
		count, err := c.Int(key)
		if err != nil {
			return nil, err
		}
		if count < 0 {
			return nil, uerr.Findings{{Where: Where(c, key), Problem: fmt.Sprintf("%s is %d, below zero", key, count), Next: "set " + key + " to 0 or more"}}
		}
		counts[n] = count
		workers -= count
	}
	for n, zone := range open {
		if workers > 0 {
			counts[zone] = (workers + len(open) - 1 - n) / len(open)
		}
	}
	return counts, nil
}
