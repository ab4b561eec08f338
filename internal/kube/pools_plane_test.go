package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func testPools(t *testing.T, c *kube.Client, ns string) {
	key := kube.Key{Namespace: ns, Name: "dev1"}
	for _, object := range kubetest.Class(ns) {
		must(t, c.ApplyOwn(t.Context(), object))
	}
	created := kubetest.Cluster(ns, "dev1")
	created.Spec.Topology.Variables = []clusterv1.ClusterVariable{{Name: "worker", Value: apiextensionsv1.JSON{Raw: []byte(`{"cpus":2,"disk":{"gib":40,"kind":"thin"}}`)}}}
	must(t, c.Apply(t.Context(), created))

	two, three, five, six := int32(2), int32(3), int32(5), int32(6)
	gpu := kube.PoolEdit{Name: "gpu", Zone: "z1", Replicas: &two, Variables: map[string]any{"worker": map[string]any{"cpus": 8, "disk": map[string]any{"kind": nil}}}}
	if changes, err := c.DiffPool(t.Context(), key, gpu); err != nil || len(changes) == 0 {
		t.Errorf("adding a pool would change %v, %v", changes, err)
	}
	must(t, c.ApplyPool(t.Context(), key, gpu))
	must(t, c.ApplyPool(t.Context(), key, kube.PoolEdit{Name: "sys", Class: "system", Zone: "z2", Replicas: &two}))
	const grown = `gpu=worker@z1 x%d {"cpus":8,"disk":{"gib":40}}`
	expectPools(t, c, key, "md-0=worker@ x1 ", fmt.Sprintf(grown, 2), "pool sys=system@z2 x2 ")

	// A creation that is typed again leaves alone what was added.
	expectDiff(t, c, created, nil)
	must(t, c.Apply(t.Context(), created))
	expectPools(t, c, key, "md-0=worker@ x1 ", fmt.Sprintf(grown, 2), "pool sys=system@z2 x2 ")

	// Scaling and setting a pool do not undo each other.
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &five, Pool: "gpu"}))
	must(t, c.ApplyPool(t.Context(), key, kube.PoolEdit{Name: "gpu", Zone: "z3"}))
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &three, Pool: "sys"}))
	const moved = `gpu=worker@z3 x%d {"cpus":8,"disk":{"gib":40}}`
	expectPools(t, c, key, "md-0=worker@ x1 ", fmt.Sprintf(moved, 5), "pool sys=system@z2 x3 ")
	must(t, c.ApplyPool(t.Context(), key, kube.PoolEdit{Name: "gpu", Replicas: &six}))
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &two, Pool: "md-0"}))
	expectPools(t, c, key, "md-0=worker@ x2 ", fmt.Sprintf(moved, 6), "pool sys=system@z2 x3 ")

	testPoolRefusals(t, c, key)
	testPoolSummaries(t, c, key)
	for _, name := range []string{"gpu", "md-0"} { // one that was added and one of the creation
		if changes, err := c.DiffPoolRemoval(t.Context(), key, name); err != nil || len(changes) != 1 {
			t.Errorf("removing %s would change %v, %v", name, changes, err)
		}
		must(t, c.RemovePool(t.Context(), key, name))
		if changes, err := c.DiffPoolRemoval(t.Context(), key, name); err != nil || len(changes) != 0 {
			t.Errorf("removing %s once more would change %v, %v", name, changes, err)
		}
	}
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &six}))
	expectPools(t, c, key, "pool sys=system@z2 x6 ")
}

func testPoolRefusals(t *testing.T, c *kube.Client, key kube.Key) {
	t.Helper()
	one := int32(1)
	for want, edit := range map[string]kube.PoolEdit{
		"no workers of class":              {Name: "big", Class: "huge", Replicas: &one},
		"pool GPU cannot be like that":     {Name: "GPU", Replicas: &one},
		"variables.overrides[0].name":      {Name: "big", Replicas: &one, Variables: map[string]any{"": 1}},
		"somebody else manages what would": {Name: "sys", Replicas: &one},
	} {
		if strings.HasPrefix(want, "somebody") {
			nine, other := int32(9), getCluster(t, c, key.Namespace, key.Name)
			other.Spec.Topology.Workers.MachinePools[0].Replicas = &nine
			must(t, c.API().Update(t.Context(), other, client.FieldOwner("cluster-autoscaler")))
		}
		_, err := c.DiffPool(t.Context(), key, edit)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", edit, err, want)
		}
		if code := uerr.ExitCode(err); code != uerr.Usage && !strings.HasPrefix(want, "somebody") {
			t.Errorf("%+v: exit code %d", edit, code)
		}
	}
	three, back := int32(3), getCluster(t, c, key.Namespace, key.Name)
	back.Spec.Topology.Workers.MachinePools[0].Replicas = &three
	must(t, c.API().Update(t.Context(), back, client.FieldOwner(kube.FieldOwner+"-scale")))
}

func testPoolSummaries(t *testing.T, c *kube.Client, key kube.Key) {
	t.Helper()
	pool := machinePool(key.Namespace, key.Name, "sys", 1) // Cluster API has not yet followed the topology
	pool.Spec.Template.Spec.Version = "v1.36.3"
	must(t, c.API().Create(t.Context(), pool))
	one := int32(1)
	pool.Status.ReadyReplicas = &one
	must(t, c.API().Status().Update(t.Context(), pool))
	got, err := c.PoolSummaries(t.Context(), key)
	must(t, err)
	want := []kube.PoolSummary{
		{Name: "md-0", Class: "worker", Replicas: "0/2"},
		{Name: "gpu", Class: "worker", Zones: []string{"z3"}, Replicas: "0/6"},
		{
			Name: "sys", Class: "system", Zones: []string{"z2"}, Replicas: "1/3", Version: "v1.36.3",
			Object: "MachinePool " + key.Namespace + "/dev1-sys",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// expectPools compares "name=class@zone xREPLICAS value of its variable".
func expectPools(t *testing.T, c *kube.Client, key kube.Key, want ...string) {
	t.Helper()
	var got []string
	for _, pool := range kube.Pools(getCluster(t, c, key.Namespace, key.Name)) {
		line := fmt.Sprintf("%s=%s@%s x%d ", pool.Name, pool.Class, strings.Join(pool.Zones, ","), *pool.Replicas)
		for _, v := range pool.Overrides {
			line += string(v.Value.Raw)
		}
		if pool.MachinePool {
			line = "pool " + line
		}
		got = append(got, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
}
