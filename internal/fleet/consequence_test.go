package fleet

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestFixedFields(t *testing.T) {
	for field, want := range map[string]bool{
		"spec.clusterNetwork.pods.cidrBlocks[0]":                             true,
		"spec.topology.classRef.name":                                        true,
		"spec.topology.variables[name=controlPlaneEndpoint].value.host":      true,
		"spec.topology.variables[name=region].value":                         true,
		"spec.topology.variables[name=regions].value":                        false,
		"spec.topology.variables[name=network].value":                        false,
		"spec.topology.variables[name=network].value.vpcId":                  true,
		"spec.topology.variables[name=network].value.cidrs":                  false,
		"spec.topology.variables[name=worker].value.memoryMiB":               false,
		"spec.topology.version":                                              false,
		"spec.topology.workers.machineDeployments[name=region].replicas":     false,
		"spec.topology.variables[name=location].value":                       true,
		"spec.topology.variables[name=subscription].value":                   true,
		"spec.topology.variables[name=resourceGroup].value.name":             true,
		"spec.topology.variables[name=network].value.nodeSubnet.cidr":        false,
		"spec.topology.workers.machineDeployments[name=md-0].class":          false,
		"spec.topology.variables[name=virtualNode].value.subnet.cidr":        false,
		"spec.clusterNetwork.services.cidrBlocks[1]":                         true,
		"spec.topology.controlPlane.replicas":                                false,
		"spec.topology.variables[name=controlPlaneEndpointPort].value.whole": false,
	} {
		if got := fixed(field); got != want {
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
