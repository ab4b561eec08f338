package fleet

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestFixedFields(t *testing.T) {
	variables := []string{"region", "network.vpcId", "pool.zones", "controlPlaneEndpoint"}
	for field, want := range map[string]bool{
		"spec.clusterNetwork.pods.cidrBlocks[0]":                                                      true,
		"spec.clusterNetwork.services.cidrBlocks[1]":                                                  true,
		"spec.topology.classRef.name":                                                                 true,
		"spec.topology.version":                                                                       false,
		"spec.topology.controlPlane.replicas":                                                         false,
		"spec.topology.variables[name=controlPlaneEndpoint].value.host":                               true,
		"spec.topology.variables[name=controlPlaneEndpointPort].value.whole":                          false,
		"spec.topology.variables[name=region].value":                                                  true,
		"spec.topology.variables[name=regions].value":                                                 false,
		"spec.topology.variables[name=network].value":                                                 false,
		"spec.topology.variables[name=network].value.vpcId":                                           true,
		"spec.topology.variables[name=network].value.vpcIds":                                          false,
		"spec.topology.variables[name=worker].value.region":                                           false,
		"spec.topology.variables[name=pool].value.zones[0]":                                           true,
		"spec.topology.workers.machineDeployments[name=region].replicas":                              false,
		"spec.topology.workers.machineDeployments[name=md-0].class":                                   false,
		"spec.topology.workers.machinePools[name=user].variables.overrides[name=pool].value.zones[1]": true,
		"spec.topology.workers.machinePools[name=user].variables.overrides[name=pool].value.taints":   false,
	} {
		if got := fixed(field, variables); got != want {
			t.Errorf("%s: %v", field, got)
		}
	}
}

func TestVariablesThatReachMachines(t *testing.T) {
	patch := func(kind, text string) any {
		return map[string]any{"definitions": []any{map[string]any{
			"selector":    map[string]any{"kind": kind},
			"jsonPatches": []any{map[string]any{"valueFrom": map[string]any{"template": text}}},
		}}}
	}
	guarded := patch("KubeadmConfigTemplate", "no variable")
	guarded.(map[string]any)["enabledIf"] = "{{ if .proxy }}true{{ end }}"
	class := &unstructured.Unstructured{Object: map[string]any{"kind": "ClusterClass", "spec": map[string]any{"patches": []any{
		patch("VSphereMachineTemplate", "{{ .worker.memoryMiB }}"), patch("VSphereClusterTemplate", "{{ .server }}"), guarded,
	}}}}
	for name, want := range map[string]bool{"worker": true, "server": false, "proxy": true, "work": false, "memoryMiB": true} {
		if got := reachesMachines([]*unstructured.Unstructured{class}, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if !reachesMachines(nil, "server") {
		t.Error("without the class nobody knows, and machines have to be reckoned with")
	}
}
