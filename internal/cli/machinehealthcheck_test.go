package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

func condition(kind corev1.NodeConditionType, status corev1.ConditionStatus, seconds int32) clusterv1.UnhealthyNodeCondition {
	return clusterv1.UnhealthyNodeCondition{Type: kind, Status: status, TimeoutSeconds: &seconds}
}

func TestHealthFlagsReportEverythingAtOnce(t *testing.T) {
	_, err := healthFlags{
		matchLabels: []string{"no-value"}, nodeStartup: "soon",
		conditions: []string{"Ready:False", "Sunny:True:1m", "Ready:Maybe:1m", "Ready:False:never"},
	}.parse()
	if err == nil || strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("want six findings, got:\n%v", err)
	}
}

// TestOverrideStartsFromWhatIsInForce guards the rule of Cluster API that an override replaces the class's checks and
// remediation as a whole: changing one value must not lose the others.
func TestOverrideStartsFromWhatIsInForce(t *testing.T) {
	startup := int32(1200)
	most := intstr.FromString("40%")
	live := &clusterv1.MachineHealthCheck{Spec: clusterv1.MachineHealthCheckSpec{
		Checks: clusterv1.MachineHealthCheckChecks{
			NodeStartupTimeoutSeconds: &startup,
			UnhealthyNodeConditions: []clusterv1.UnhealthyNodeCondition{
				condition(corev1.NodeReady, corev1.ConditionFalse, 720), condition(corev1.NodeReady, corev1.ConditionUnknown, 300),
			},
		},
		Remediation: clusterv1.MachineHealthCheckRemediation{
			TriggerIf: clusterv1.MachineHealthCheckRemediationTriggerIf{UnhealthyLessThanOrEqualTo: &most},
		},
	}}
	cluster := &clusterv1.Cluster{}
	cluster.Spec.Topology.Workers.MachineDeployments = []clusterv1.MachineDeploymentTopology{{Name: "md-0"}, {Name: "md-1"}}
	change, err := healthFlags{conditions: []string{"Ready:False:2m", "DiskPressure:True:1m"}}.parse()
	if err != nil {
		t.Fatal(err)
	}
	for _, pool := range []string{"", "md-1"} {
		o, err := overrideOf(cluster, pool, live)
		if err != nil {
			t.Fatal(err)
		}
		change.apply(&o.Checks)
		if err := setOverride(cluster, pool, o); err != nil {
			t.Fatal(err)
		}
	}
	want := clusterv1.MachineDeploymentTopologyHealthCheck{
		Checks: clusterv1.MachineDeploymentTopologyHealthCheckChecks{
			NodeStartupTimeoutSeconds: &startup,
			UnhealthyNodeConditions: []clusterv1.UnhealthyNodeCondition{
				condition(corev1.NodeReady, corev1.ConditionFalse, 120), condition(corev1.NodeReady, corev1.ConditionUnknown, 300),
				condition(corev1.NodeDiskPressure, corev1.ConditionTrue, 60),
			},
		},
		Remediation: clusterv1.MachineDeploymentTopologyHealthCheckRemediation{
			TriggerIf: clusterv1.MachineDeploymentTopologyHealthCheckRemediationTriggerIf{UnhealthyLessThanOrEqualTo: &most},
		},
	}
	if diff := cmp.Diff(want, cluster.Spec.Topology.Workers.MachineDeployments[1].HealthCheck); diff != "" {
		t.Error(diff)
	}
	if !cluster.Spec.Topology.ControlPlane.HealthCheck.IsDefined() {
		t.Error("the control plane has no override")
	}
	if cluster.Spec.Topology.Workers.MachineDeployments[0].HealthCheck.IsDefined() {
		t.Error("a pool that was not named was changed")
	}
}

// TestOverrideOfAPoolKeepsWhatOnlyTheTopologyHas: a live object does not carry maxInFlight.
func TestOverrideOfAPoolKeepsWhatOnlyTheTopologyHas(t *testing.T) {
	atOnce := intstr.FromInt32(2)
	cluster := &clusterv1.Cluster{}
	cluster.Spec.Topology.Workers.MachineDeployments = []clusterv1.MachineDeploymentTopology{{Name: "md-0",
		HealthCheck: clusterv1.MachineDeploymentTopologyHealthCheck{
			Remediation: clusterv1.MachineDeploymentTopologyHealthCheckRemediation{MaxInFlight: &atOnce},
		}}}
	o, err := overrideOf(cluster, "md-0", &clusterv1.MachineHealthCheck{})
	if err != nil {
		t.Fatal(err)
	}
	healthChange{}.apply(&o.Checks)
	if err := setOverride(cluster, "md-0", o); err != nil {
		t.Fatal(err)
	}
	got := cluster.Spec.Topology.Workers.MachineDeployments[0].HealthCheck
	if got.Remediation.MaxInFlight == nil || *got.Remediation.MaxInFlight != atOnce || len(got.Checks.UnhealthyNodeConditions) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestPoolOfAHealthCheck(t *testing.T) {
	object := &clusterv1.MachineHealthCheck{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{clusterv1.ClusterTopologyOwnedLabel: ""}}}
	if !fromTopology(object) || poolOf(object) != "" {
		t.Error("the control plane's health check is taken for a pool's")
	}
	object.Spec.Selector.MatchLabels = map[string]string{clusterv1.ClusterTopologyMachineDeploymentNameLabel: "md-0"}
	if poolOf(object) != "md-0" {
		t.Errorf("%q", poolOf(object))
	}
}
