package kube_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
)

// testRollout: from the change of a template on, a pool is behind until only machines of the new one are there.
func testRollout(t *testing.T, c *kube.Client, ns string) {
	must(t, c.Apply(t.Context(), kubetest.Cluster(ns, "dev1")))
	expect := func(when, want string) {
		t.Helper()
		got := ""
		cluster := getCluster(t, c, ns, "dev1")
		kubetest.Settle(cluster)
		behind, err := c.RolloutBehind(t.Context(), cluster)
		must(t, err)
		if behind != nil {
			got = behind.String()
		}
		if want != "" {
			want = "MachineDeployment " + ns + "/dev1-md-0: " + want
		}
		if got != want {
			t.Errorf("%s: behind is %q, want %q", when, got, want)
		}
	}
	expect("without a pool", "")
	pool, before, after := deployment(ns, "v1"), machineSet(ns, "v1"), machineSet(ns, "v2")
	must(t, c.API().Create(t.Context(), pool))
	expect("with no set of machines", "the machines are not asked for yet")
	must(t, c.API().Create(t.Context(), before))
	expect("with its machines", "")
	pool.Spec.Template = template("v2")
	must(t, c.API().Update(t.Context(), pool))
	expect("with another template", "machines of before the change are there")
	must(t, c.API().Create(t.Context(), after))
	none, one := int32(0), int32(1)
	before.Status.Replicas = &one
	must(t, c.API().Status().Update(t.Context(), before))
	before.Spec.Replicas = &none
	must(t, c.API().Update(t.Context(), before))
	expect("with an old machine that is going", "machines of before the change are there")
	if behind, err := c.RolloutBehind(t.Context(), getCluster(t, c, ns, "dev1")); behind != nil || err != nil {
		t.Errorf("where the status says that not all is done: %v, %v", behind, err)
	}
	before.Status.Replicas = &none
	must(t, c.API().Status().Update(t.Context(), before))
	expect("with new machines only", "")
}

func template(name string) clusterv1.MachineTemplateSpec {
	spec := machine("", name, map[string]string{}).Spec
	labels := map[string]string{clusterv1.ClusterNameLabel: "dev1", clusterv1.MachineDeploymentNameLabel: "dev1-md-0"}
	return clusterv1.MachineTemplateSpec{ObjectMeta: clusterv1.ObjectMeta{Labels: labels}, Spec: spec}
}

func deployment(ns, of string) *clusterv1.MachineDeployment {
	one, made := int32(1), template(of)
	return &clusterv1.MachineDeployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "dev1-md-0", Labels: made.Labels},
		Spec: clusterv1.MachineDeploymentSpec{
			ClusterName: "dev1", Replicas: &one, Selector: metav1.LabelSelector{MatchLabels: made.Labels}, Template: made,
		},
	}
}

func machineSet(ns, of string) *clusterv1.MachineSet {
	d := deployment(ns, of)
	d.Name = strings.Join([]string{d.Name, of}, "-")
	return &clusterv1.MachineSet{
		ObjectMeta: d.ObjectMeta,
		Spec: clusterv1.MachineSetSpec{
			ClusterName: "dev1", Replicas: d.Spec.Replicas, Selector: d.Spec.Selector, Template: d.Spec.Template,
		},
	}
}
