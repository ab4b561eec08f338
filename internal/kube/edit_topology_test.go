package kube_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
)

func testEditTopology(t *testing.T, c *kube.Client, ns string) {
	key := kube.Key{Namespace: ns, Name: "dev1"}
	cluster := kubetest.Cluster(ns, "dev1")
	cluster.Spec.Topology.Variables = []clusterv1.ClusterVariable{
		variable("network", `{"name":"a","zones":["1","2"]}`), variable("tags", `{"owner":"me"}`),
	}
	cluster.Spec.Topology.Workers.MachineDeployments[0].Variables.Overrides = []clusterv1.ClusterVariable{variable("size", `"small"`)}
	must(t, c.Apply(t.Context(), cluster))
	four := int32(4)
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &four}))
	noted := getCluster(t, c, ns, "dev1")
	noted.Labels["by-somebody-else"] = "x"
	must(t, c.API().Update(t.Context(), noted, client.FieldOwner("somebody-else")))
	edit := kube.TopologyEdit{
		Version:   "v1.37.0",
		Variables: map[string]any{"network": map[string]any{"name": "b"}, "tags": nil, "hold": true},
		Pools:     map[string]map[string]any{"md-0": {"size": "large"}, "not-ours": {"size": "large"}},
	}
	changes, err := c.DiffTopology(t.Context(), key, edit)
	must(t, err)
	var fields []string
	for _, change := range changes {
		fields = append(fields, strings.TrimPrefix(change.Field, "spec.topology."))
	}
	want := []string{
		"variables[name=network].value.name", "variables[name=network].value.zones[0]", "variables[name=network].value.zones[1]",
		"variables[name=tags].name", "variables[name=tags].value.owner", "version",
		"workers.machineDeployments[name=md-0].variables.overrides[name=size].value", "variables[name=hold].name", "variables[name=hold].value",
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(fields))); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	must(t, c.ApplyTopology(t.Context(), key, edit))
	got := getCluster(t, c, ns, "dev1").Spec.Topology
	values := map[string]any{}
	for _, v := range got.Variables {
		var value any
		must(t, json.Unmarshal(v.Value.Raw, &value))
		values[v.Name] = value
	}
	if diff := cmp.Diff(map[string]any{"network": map[string]any{"name": "b"}, "hold": true}, values); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	pool := got.Workers.MachineDeployments[0]
	if got.Version != "v1.37.0" || pool.Class != "worker" || *pool.Replicas != 4 || string(pool.Variables.Overrides[0].Value.Raw) != `"large"` {
		t.Errorf("version %s, pool %+v, want the edit and the size of before", got.Version, pool)
	}
	for _, entry := range getCluster(t, c, ns, "dev1").ManagedFields {
		ours := entry.Manager == kube.FieldOwner && entry.Operation == metav1.ManagedFieldsOperationApply
		if ours && strings.Contains(entry.FieldsV1.GetRawString(), "f:by-somebody-else") {
			t.Errorf("the edit took over what it does not change: %s", entry.FieldsV1.GetRawString())
		}
	}
	if again, err := c.DiffTopology(t.Context(), key, edit); err != nil || len(again) > 0 {
		t.Errorf("the same edit again changes %v (%v)", again, err)
	}
	testEditOfAnother(t, c, key)
}

// testEditOfAnother: a field that somebody else has taken over, and a Cluster that somebody else applied, are refused.
func testEditOfAnother(t *testing.T, c *kube.Client, key kube.Key) {
	t.Helper()
	edited := getCluster(t, c, key.Namespace, key.Name)
	edited.Spec.Topology.Version = "v1.37.1"
	must(t, c.API().Update(t.Context(), edited, client.FieldOwner("kubectl-edit")))
	err := c.ApplyTopology(t.Context(), key, kube.TopologyEdit{Version: "v1.38.0"})
	if err == nil || !strings.Contains(err.Error(), `spec.topology.version is owned by "kubectl-edit"`) {
		t.Errorf("%v, want one that names the owner", err)
	}
	theirs := kubetest.Cluster(key.Namespace, "theirs")
	must(t, c.API().Create(t.Context(), theirs, client.FieldOwner("argocd")))
	err = c.ApplyTopology(t.Context(), kube.Key{Namespace: key.Namespace, Name: "theirs"}, kube.TopologyEdit{Version: "v1.37.0"})
	if err == nil || !strings.Contains(err.Error(), `owned by "argocd"`) {
		t.Errorf("%v, want one that names the owner", err)
	}
}

func variable(name, value string) clusterv1.ClusterVariable {
	return clusterv1.ClusterVariable{Name: name, Value: apiextensionsv1.JSON{Raw: []byte(value)}}
}
