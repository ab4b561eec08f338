package providers

import "github.com/slipway-sh/slipway/internal/uerr"

// PoolShaper is what an adapter may be too: one whose cloud has types of machine, or wants of a pool of workers what no
// ClusterClass says. It is asked when somebody adds or changes one pool of a cluster, and contacts nothing.
type PoolShaper interface {
	// PoolVariables gives the ClusterClass variables that make the pool what was asked for. They are merged into those
	// that are in force, so that they hold only what was asked: {"worker": {"instanceType": "m5.large"}}. The findings
	// are all that the cloud would refuse in the pool, such as its name.
	PoolVariables(ask PoolAsk) (map[string]any, uerr.Findings)
}

// PoolAsk is one pool of a cluster as somebody asked for it.
type PoolAsk struct {
	Name        string
	Class       string         // of workers in the ClusterClass
	Exists      bool           // the pool is there and is to change
	MachineType string         // in the cloud's words; empty leaves it
	Zone        string         // empty leaves it
	Current     map[string]any // ClusterClass variables of the cluster as it is, as JSON values
}
