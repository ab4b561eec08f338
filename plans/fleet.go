package plans

import "github.com/slipway-sh/slipway/internal/config"

// ForFleet gives the plans as config.FleetOptions takes them.
func ForFleet(all map[string]Plan) map[string]config.Plan {
	out := make(map[string]config.Plan, len(all))
	for name, p := range all {
		out[name] = config.Plan{Values: p.Values(), MinWorkers: p.MinWorkers}
	}
	return out
}
