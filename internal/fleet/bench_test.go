package fleet_test

import (
	"fmt"
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

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
		desired = append(desired, of.withPassword(fmt.Sprintf("c%d", i), "a-word"))
	}
	must(b, of.client.ApplyClass(b.Context(), kubetest.Class(of.namespace)[:1]))
	must(b, of.client.ApplyOwn(b.Context(), kubetest.Class(of.namespace)[1]))
	var all sync.WaitGroup
	for _, part := range [][]*fleet.Desired{desired[:clusters/2], desired[clusters/2:]} {
		all.Go(func() {
			for _, d := range part {
				err := of.made(b, d)
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

// made puts a cluster there, with its Secret, as an apply that is done leaves it.
func (b bench) made(t testing.TB, d *fleet.Desired) error {
	cluster, identity := kubetest.Cluster(d.Key.Namespace, d.Key.Name), kubetest.Identity(d.Key.Namespace, d.Key.Name)
	spec, err := kube.SpecOf(cluster)
	if err != nil {
		return err
	}
	kube.Seal(identity, nil, nil, d.Secrets)
	class := kubetest.Class(b.namespace)
	m := kube.FleetMark{Family: d.Family, Applied: spec, Asked: d.Asked, Awaited: true}
	for _, o := range []client.Object{identity, class[0], class[1]} {
		m.Objects = append(m.Objects, kube.Object{Kind: o.GetObjectKind().GroupVersionKind(), Key: client.ObjectKeyFromObject(o)})
	}
	if err := b.client.ApplyOwn(t.Context(), identity); err != nil {
		return err
	}
	if err := b.client.Apply(t.Context(), cluster); err != nil {
		return err
	}
	return b.client.ApplyMark(t.Context(), d.Key, m)
}
