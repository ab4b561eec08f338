package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// node is a tree node with conditions given as type, status, reason, message.
func node(kind string, conditions [][4]string, children ...*Node) *Node {
	var items []any
	for _, c := range conditions {
		items = append(items, map[string]any{"type": c[0], "status": c[1], "reason": c[2], "message": c[3]})
	}
	n := nodeOf(RolePart, &unstructured.Unstructured{Object: map[string]any{
		"kind": kind, "metadata": map[string]any{"name": "x", "namespace": "default"}, "status": map[string]any{"conditions": items},
	}})
	n.Children = children
	return n
}

func TestCauseIsTheDeepestThatNamesOne(t *testing.T) {
	workersWait := node("Machine", [][4]string{{"Ready", "False", "NotReady", ""}, {"BootstrapConfigReady", "False", "NotReady", "waits"}},
		node("KubeadmConfig", [][4]string{{"DataSecretAvailable", "False", "WaitingForControlPlaneInitialized", "waiting for the control plane"}}))
	tests := map[string]struct {
		tree *Node
		want string
	}{
		"nothing": {tree: node("Cluster", [][4]string{{"Available", "True", "Available", ""}}), want: ""},
		"clone failed under a cluster that only sums up": {
			tree: node("Cluster", [][4]string{{"Available", "False", "NotAvailable", "sum"}, {"RemoteConnectionProbe", "False", "ProbeFailed", "no answer"}, {"ControlPlaneAvailable", "False", "NotAvailable", "sum"}},
				node("KubeadmControlPlane", [][4]string{{"Available", "False", "NotAvailable", "sum"}},
					node("Machine", [][4]string{{"InfrastructureReady", "False", "NotReady", "sum"}},
						node("VSphereMachine", [][4]string{{"VirtualMachineProvisioned", "False", "CloningFailed", "no such template"}},
							node("VSphereVM", [][4]string{{"VirtualMachineProvisioned", "False", "CloningFailed", "no such template"}})))),
				workersWait),
			want: "VSphereVM default/x: VirtualMachineProvisioned: no such template",
		},
		"the infrastructure cannot log in while machines wait": {
			tree: node("Cluster", [][4]string{{"Available", "Unknown", "", ""}},
				node("VSphereCluster", [][4]string{{"VCenterAvailable", "False", "VCenterUnreachable", "bad password"}}), workersWait),
			want: "VSphereCluster default/x: VCenterAvailable: bad password",
		},
		"the topology's own error": {
			tree: node("Cluster", [][4]string{{"TopologyReconciled", "False", "ReconcileFailed", "variable x is missing"}}, workersWait),
			want: "Cluster default/x: TopologyReconciled: variable x is missing",
		},
		"only waiting": {
			tree: node("Cluster", [][4]string{{"Available", "False", "NotAvailable", "sum"}}, workersWait),
			want: "KubeadmConfig default/x: DataSecretAvailable: waiting for the control plane",
		},
		"machines are up and the API server does not answer": {
			tree: node("Cluster", [][4]string{{"Available", "False", "NotAvailable", "sum"}, {"RemoteConnectionProbe", "False", "ProbeFailed", "no connection yet"}},
				node("Machine", [][4]string{{"Ready", "Unknown", "", ""}, {"NodeHealthy", "Unknown", "InspectionFailed", "Waiting for Cluster control plane to be initialized"}}), workersWait),
			want: "Cluster default/x: RemoteConnectionProbe: no connection yet",
		},
		"a machine waits for its address before the API server can answer": {
			tree: node("Cluster", [][4]string{{"RemoteConnectionProbe", "False", "ProbeFailed", "no connection yet"}},
				node("VSphereVM", [][4]string{{"VirtualMachineProvisioned", "False", "WaitingForIPAddress", "waiting for an address"}})),
			want: "VSphereVM default/x: VirtualMachineProvisioned: waiting for an address",
		},
		"ready, with a condition that does not count": {
			tree: node("VSphereCluster", [][4]string{{"Ready", "True", "", ""}, {"Extra", "False", "ExtraFailed", "no"}}),
			want: "",
		},
		"paused, though all is well": {
			tree: node("Cluster", [][4]string{{"Available", "True", "", ""}, {"Paused", "True", "Paused", "spec.paused is set"}}),
			want: "Cluster default/x: Paused: spec.paused is set",
		},
		"scaling is no hindrance": {
			tree: node("Cluster", [][4]string{{"Available", "True", "", ""}, {"ScalingUp", "False", "NotScalingUp", ""}, {"RollingOut", "False", "", ""}}),
			want: "",
		},
		"no message: the reason speaks, on one line": {
			tree: node("Machine", [][4]string{{"NodeHealthy", "Unknown", "NodeDoesNotExist", ""}}),
			want: "Machine default/x: NodeHealthy: NodeDoesNotExist",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.tree.CauseText()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestConditionsOfTheOlderContractComeFromV1Beta2(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{
		"conditions": []any{map[string]any{"type": "Old", "status": "True"}},
		"v1beta2":    map[string]any{"conditions": []any{map[string]any{"type": "New", "status": "False", "lastTransitionTime": "2026-01-02T03:04:05Z"}}},
	}}}
	got := conditionsOf(object)
	if len(got) != 1 || got[0].Type != "New" || got[0].Since.IsZero() {
		t.Errorf("got %+v, want the one of status.v1beta2 with its time", got)
	}
}

// TestWhatTheNewerConditionLeavesUnsaidTheOlderTells has the conditions that CAPV writes of a machine without an address.
func TestWhatTheNewerConditionLeavesUnsaidTheOlderTells(t *testing.T) {
	for name, c := range map[string]struct{ ready, message, want string }{
		"by its reason":            {"False", "", "VirtualMachineProvisioned: WaitingForIPAllocation"},
		"by its message":           {"False", "no lease", "VirtualMachineProvisioned: no lease"},
		"nothing once it is ready": {"True", "", "VirtualMachineProvisioned: NotProvisioned"},
	} {
		t.Run(name, func(t *testing.T) {
			newer := []any{
				map[string]any{"type": "VirtualMachineProvisioned", "status": "False", "reason": "NotProvisioned", "message": ""},
				map[string]any{"type": "Ready", "status": "False", "reason": "NotReady", "message": "* VirtualMachineProvisioned: NotProvisioned"},
			}
			older := []any{map[string]any{"type": "Ready", "status": c.ready, "reason": "WaitingForIPAllocation", "message": c.message}}
			got := conditionsOf(&unstructured.Unstructured{Object: map[string]any{"status": map[string]any{
				"conditions": older, "v1beta2": map[string]any{"conditions": newer},
			}}})
			if len(got) != 2 || got[0].String() != c.want {
				t.Errorf("got %v, want %s first", got, c.want)
			}
		})
	}
}

func TestCompareNamesFieldsByKey(t *testing.T) {
	pool := func(n int64) map[string]any {
		return map[string]any{
			"metadata": map[string]any{"generation": n, "resourceVersion": "1", "labels": map[string]any{"a": "b"}},
			"spec":     map[string]any{"pools": []any{map[string]any{"name": "md-0", "replicas": n}}},
			"status":   map[string]any{"replicas": n},
		}
	}
	after := pool(4)
	delete(after["metadata"].(map[string]any), "labels")
	want := []Change{
		{Object: "Cluster default/x", Field: "metadata.labels.a", From: "b"},
		{Object: "Cluster default/x", Field: "spec.pools[name=md-0].replicas", From: "1", To: "4"},
	}
	if diff := cmp.Diff(want, compare("Cluster default/x", pool(1), after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAWholeHTTPExchangeIsSaidByItsCodeAndMessage(t *testing.T) {
	c := Condition{Type: "Ready", Status: "False", Message: "getting resource: GET https://management.azure.com/x\n" +
		"----\nRESPONSE 404: 404 Not Found\nERROR CODE: ResourceNotFound\n----\n{\n  \"error\": {\n    \"code\": \"ResourceNotFound\",\n" +
		"    \"message\": \"The Resource 'x' was not found.\"\n  }\n}\n----\n"}
	if got, want := c.String(), "Ready: ResourceNotFound: The Resource 'x' was not found."; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestReadinessOfObjectsWithoutACondition(t *testing.T) {
	for want, status := range map[string]map[string]any{
		"True": {"ready": true}, "False": {"ready": false}, "Unknown": {"phase": "Pending"},
	} {
		n := nodeOf(RolePart, &unstructured.Unstructured{Object: map[string]any{"kind": "Thing", "status": status}})
		if n.Ready != want {
			t.Errorf("%v is %s, want %s", status, n.Ready, want)
		}
	}
	pool := map[string]any{"kind": "Pool", "spec": map[string]any{"replicas": int64(2)}, "status": map[string]any{"readyReplicas": int64(1)}}
	if n := nodeOf(RolePool, &unstructured.Unstructured{Object: pool}); n.Ready != "False" {
		t.Errorf("a pool with one of two machines is %s", n.Ready)
	}
}
