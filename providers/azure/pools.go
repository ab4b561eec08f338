package azure

import (
	"cmp"
	"slices"

	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The pools of AKS, and the classes of workers in the ClusterClass that they are of.
const (
	poolSystem  = "system" // where Azure's own pods run; every cluster has one
	poolUser    = "user"
	classSystem = "system"
	classWorker = "worker"

	// onlyCritical keeps other pods from the nodes of a system pool.
	onlyCritical = "CriticalAddonsOnly=true:NoSchedule"
)

// pool is what the nodes of a pool are made of, in the spelling of the ClusterClass's variables.
type pool struct {
	VMSize        string   `json:"vmSize"`
	OSDiskSizeGiB int      `json:"osDiskSizeGiB"`
	Zones         []string `json:"zones,omitempty"`
	MaxPods       int      `json:"maxPods"`
	Taints        []string `json:"taints,omitempty"`
}

// pool is the one of the workers.
func (i *inspection) pool() (pool, error) {
	c := i.config()
	gib, err := c.Int(keyNodeDisk)
	if err != nil {
		return pool{}, err
	}
	pods, err := c.Int(keyMaxPods)
	if err != nil {
		return pool{}, err
	}
	p := pool{VMSize: c.String(keyNodeType), OSDiskSizeGiB: gib, MaxPods: pods}
	p.Zones = i.zones(p.VMSize)
	return p, nil
}

// systemPool is the one of a cluster whose workers are in another pool.
func (i *inspection) systemPool() (pool, error) {
	p, err := i.pool()
	p.VMSize = cmp.Or(i.config().String(keySystemType), p.VMSize)
	p.Zones = i.zones(p.VMSize)
	p.Taints = []string{onlyCritical}
	return p, err
}

// zones are those that are configured; without any those of the cluster as it is, or all that the size is offered in.
func (i *inspection) zones(vmSize string) []string {
	if named := configuredZones(i.config()); named != nil {
		return named
	}
	if was, ok := i.request.Current["pool"].(map[string]any); ok {
		var kept []string
		list, _ := was["zones"].([]any)
		for _, zone := range list {
			if text, ok := zone.(string); ok {
				kept = append(kept, text)
			}
		}
		return kept
	}
	return i.sizeNamed(vmSize).zones
}

// pools are one, with all the workers, or one for Azure's own pods and one for the workers.
func (i *inspection) pools() ([]providers.Pool, error) {
	count, err := i.config().Int(keySystemCount)
	if err != nil {
		return nil, err
	}
	if count == 0 {
		return []providers.Pool{{Name: poolSystem, Class: classSystem, Replicas: i.request.Workers}}, nil
	}
	own, err := i.systemPool()
	if err != nil {
		return nil, err
	}
	variables, err := preflight.Plain(map[string]any{"pool": own})
	return []providers.Pool{
		{Name: poolSystem, Class: classSystem, Replicas: count, Variables: variables},
		{Name: poolUser, Class: classWorker, Replicas: i.request.Workers},
	}, err
}

func sortedUnique(texts []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(texts)))
}
