package fleet_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
)

// BenchmarkNothingToDo compares 500 clusters that are as they were asked for, and changes nothing.
func BenchmarkNothingToDo(b *testing.B) {
	const clusters = 500
	of := newBench(b, kubetest.Client(b, kubetest.Plane(b)), "many")
	must(b, of.client.EnsureNamespace(b.Context(), of.namespace))
	var desired []*fleet.Desired
	for i := range clusters {
		desired = append(desired, of.want(fmt.Sprintf("c%d", i), "1", nil))
	}
	var all sync.WaitGroup
	for _, part := range [][]*fleet.Desired{desired[:clusters/2], desired[clusters/2:]} {
		all.Go(func() {
			for _, d := range part {
				cluster := kubetest.Cluster(d.Key.Namespace, d.Key.Name)
				spec, err := kube.SpecOf(cluster)
				if err == nil {
					err = of.client.Apply(b.Context(), cluster)
				}
				if err == nil {
					err = of.client.ApplyMark(b.Context(), d.Key, kube.FleetMark{Family: d.Family, Applied: spec, Asked: d.Asked, Awaited: true})
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	of.changes.Store(0)
	for b.Loop() {
		p := of.plan(b, desired...)
		if results := fleet.Apply(b.Context(), p, of.run()); len(results) > 0 || p.Count(fleet.Leave) != clusters {
			b.Fatal(len(results), p.Count(fleet.Leave), p.Findings())
		}
	}
	if n := of.changes.Load(); n > 0 {
		b.Errorf("%d requests that change something", n)
	}
}
