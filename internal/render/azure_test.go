package render_test

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

const subscription = "11111111-2222-3333-4444-555555555555"

// aks is one small cluster in a group and a network of its own.
func aks(t testing.TB) render.Input {
	return render.Input{
		Infrastructure: "azure",
		Templates:      templates.FS(),
		Request: providers.Request{
			Config: load(t, nil), Name: "dev1", Namespace: "default", Plan: "dev", Workers: 2,
		},
		Values: providers.Values{
			KubernetesVersion: "v1.36.3",
			Variables: map[string]any{
				"location": "westeurope", "subscription": subscription, "resourceGroup": map[string]any{"name": "dev1", "existing": false},
				"network": map[string]any{
					"resourceGroup": "dev1", "name": "dev1", "cidr": "10.0.0.0/16", "existing": false,
					"nodeSubnet": map[string]any{"name": "node", "cidr": "10.0.1.0/24", "existing": false},
				},
				"kubernetes": map[string]any{"networkPlugin": "azure", "serviceCidr": "10.96.0.0/16", "dnsServiceIP": "10.96.0.10"},
			},
			Pools: []providers.Pool{{Name: "system", Class: "system", Replicas: 2}},
		},
	}
}

// aksProd is a large private cluster in a network of somebody else, without a virtual node, which overlay does not have.
func aksProd(t testing.TB) render.Input {
	in := aks(t)
	in.Request.Name, in.Request.Namespace, in.Request.Plan, in.Request.Workers = "prod1", "team-a", "prod", 4
	pool := func(size string) map[string]any {
		return map[string]any{"vmSize": size, "osDiskSizeGiB": 256, "zones": []any{"1", "2", "3"}, "maxPods": 110}
	}
	system := pool("Standard_D4s_v3")
	system["taints"] = []any{"CriticalAddonsOnly=true:NoSchedule"}
	system["labels"] = map[string]any{"tier": "system"}
	in.Values.Pools = []providers.Pool{
		{Name: "system", Class: "system", Replicas: 3, Variables: map[string]any{"pool": system}},
		{Name: "user", Class: render.PoolClass, Replicas: 4},
	}
	maps.Copy(in.Values.Variables, map[string]any{
		"resourceGroup": map[string]any{"name": "clusters", "existing": true},
		"network": map[string]any{
			"resourceGroup": "network", "name": "hub", "existing": true, "nodeSubnet": map[string]any{"name": "nodes", "existing": true},
		},
		"kubernetes": map[string]any{
			"networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "cilium", "dataplane": "cilium",
			"serviceCidr": "10.96.0.0/16", "dnsServiceIP": "10.96.0.10", "podCidr": "100.96.0.0/11",
		},
		"identity": map[string]any{
			"type": "UserAssigned",
			"id":   "/subscriptions/" + subscription + "/resourceGroups/id/providers/Microsoft.ManagedIdentity/userAssignedIdentities/aks",
		},
		"tier": "Standard", "privateCluster": true, "workloadIdentity": true, "oidcIssuer": true,
		"sshPublicKey": "ssh-ed25519 AAAAC3Nz user@example.org", "tags": map[string]any{"team": "a"}, "pool": pool("Standard_D8s_v3"),
	})
	return in
}

// aksVirtual has a virtual node, and is held until its subnet is there; the subnet is added to a network of somebody else.
func aksVirtual(t testing.TB) render.Input {
	in := aks(t)
	maps.Copy(in.Values.Variables, map[string]any{
		"hold": true, "virtualNode": map[string]any{"enabled": true, "subnet": map[string]any{"name": "virtual-node", "cidr": "10.0.2.0/24"}},
		"network": map[string]any{
			"resourceGroup": "network", "name": "hub", "existing": true, "nodeSubnet": map[string]any{"name": "nodes", "existing": true},
		},
	})
	return in
}

// inAzure gives what a cluster makes in Azure, "Kind/name" -> object.
func inAzure(t *testing.T, in render.Input) map[string]*unstructured.Unstructured {
	t.Helper()
	out := map[string]*unstructured.Unstructured{}
	for _, template := range patch(t, rendered(t, in)) {
		resources, _, err := unstructured.NestedSlice(template.Object, "spec", "template", "spec", "resources")
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range resources {
			object := &unstructured.Unstructured{Object: resource.(map[string]any)}
			out[object.GetKind()+"/"+object.GetName()] = object
		}
	}
	return out
}

func field(object *unstructured.Unstructured, path ...string) any {
	value, _, err := unstructured.NestedFieldNoCopy(object.Object, path...)
	if err != nil {
		return err
	}
	return value
}

func policy(object *unstructured.Unstructured) string {
	return object.GetAnnotations()["serviceoperator.azure.com/reconcile-policy"]
}

func TestAKSObjectsHaveTheirNamesAndTheClustersCredentials(t *testing.T) {
	for name, tc := range map[string]struct {
		in   render.Input
		want []string
	}{
		"own network": {aks(t), []string{
			"ManagedCluster/dev1", "ManagedClustersAgentPool/dev1-user1", "ResourceGroup/dev1", "VirtualNetwork/dev1", "VirtualNetworksSubnet/dev1-node",
		}},
		"virtual node in a network of another group": {aksVirtual(t), []string{
			"ManagedCluster/dev1", "ManagedClustersAgentPool/dev1-user1", "ResourceGroup/dev1", "ResourceGroup/dev1-network",
			"VirtualNetwork/dev1", "VirtualNetworksSubnet/dev1-node", "VirtualNetworksSubnet/dev1-virtual-node",
		}},
	} {
		objects := inAzure(t, tc.in)
		if diff := cmp.Diff(tc.want, slices.Sorted(maps.Keys(objects))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for key, object := range objects {
			got := object.GetAnnotations()["serviceoperator.azure.com/credential-from"]
			if got != render.IdentityName("azure", tc.in.Request.Name) {
				t.Errorf("%s takes its credentials from %q", key, got)
			}
		}
	}
}

// What was there before the cluster is only looked at, and what the cluster adds to it is its own.
func TestExistingThingsAreLeftAloneInAKS(t *testing.T) {
	want := map[string]string{
		"ResourceGroup/dev1": "", "ResourceGroup/dev1-network": "skip", "VirtualNetwork/dev1": "skip",
		"VirtualNetworksSubnet/dev1-node": "skip", "VirtualNetworksSubnet/dev1-virtual-node": "",
	}
	objects := inAzure(t, aksVirtual(t))
	for key, policyWanted := range want {
		if got := policy(objects[key]); got != policyWanted {
			t.Errorf("%s has policy %q", key, got)
		}
	}
	if got := field(objects["VirtualNetwork/dev1"], "spec", "owner", "name"); got != "dev1-network" {
		t.Errorf("the network is in %v", got)
	}
	if got := policy(inAzure(t, aksProd(t))["ResourceGroup/prod1"]); got != "skip" {
		t.Errorf("a group that was there has policy %q", got)
	}
	in := aksVirtual(t)
	in.Values.Variables["network"].(map[string]any)["resourceGroup"] = "dev1"
	if got := policy(inAzure(t, in)["ResourceGroup/dev1"]); got != "skip" {
		t.Errorf("a group with a network that was there has policy %q, and would be deleted with the cluster", got)
	}
	for key, object := range inAzure(t, aks(t)) {
		if got := policy(object); got != "" {
			t.Errorf("%s is Slipway's own, and has policy %q", key, got)
		}
	}
}

func TestNameOfTheNetworksGroupIsComparedAsAzureDoes(t *testing.T) {
	in := aks(t)
	in.Values.Variables["network"].(map[string]any)["resourceGroup"] = "DEV1"
	if group := inAzure(t, in)["ResourceGroup/dev1-network"]; group != nil {
		t.Error("one group is made twice")
	}
}

func TestHoldIsOfTheClusterAlone(t *testing.T) {
	in := aks(t)
	for hold, want := range map[bool]string{true: "skip", false: ""} {
		in.Values.Variables["hold"] = hold
		for key, object := range inAzure(t, in) {
			if got := policy(object); strings.HasPrefix(key, "ManagedCluster/") && got != want || !strings.HasPrefix(key, "ManagedCluster/") && got != "" {
				t.Errorf("hold %v: %s has policy %q", hold, key, got)
			}
		}
	}
}

// AKS wants to be told that an add-on is off; it takes a profile that is left out as no opinion.
func TestVirtualNodeGoesOffAndItsSubnetStays(t *testing.T) {
	in := aks(t)
	subnet := map[string]any{"name": "virtual-node", "cidr": "10.0.2.0/24"}
	addOn := []string{"spec", "addonProfiles", "aciConnectorLinux"}
	for _, tc := range []struct {
		virtualNode map[string]any
		want        any
	}{
		{nil, nil},
		{map[string]any{"enabled": true, "subnet": subnet}, map[string]any{"enabled": true, "config": map[string]any{"SubnetName": "virtual-node"}}},
		{map[string]any{"enabled": false, "subnet": subnet}, map[string]any{"enabled": false}},
	} {
		delete(in.Values.Variables, "virtualNode")
		if tc.virtualNode != nil {
			in.Values.Variables["virtualNode"] = tc.virtualNode
		}
		objects := inAzure(t, in)
		if diff := cmp.Diff(tc.want, field(objects["ManagedCluster/dev1"], addOn...)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.virtualNode, diff)
		}
		made := objects["VirtualNetworksSubnet/dev1-virtual-node"]
		if (made == nil) != (tc.virtualNode == nil) {
			t.Fatalf("%v: subnet %v", tc.virtualNode, made)
		}
		if made == nil {
			continue
		}
		delegations := fmt.Sprint(field(made, "spec", "delegations"))
		if !strings.Contains(delegations, "Microsoft.ContainerInstance/containerGroups") {
			t.Errorf("delegations are %s", delegations)
		}
	}
}

func TestPoolsOfAKS(t *testing.T) {
	in := aksProd(t)
	topology := rendered(t, in).Cluster.Spec.Topology
	var got []string
	for _, p := range topology.Workers.MachinePools {
		got = append(got, fmt.Sprintf("%s %s %v %d", p.Class, p.Name, p.FailureDomains, *p.Replicas))
	}
	if diff := cmp.Diff([]string{"system system [] 3", "worker user [] 4"}, got); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(clusterv1.ControlPlaneTopology{}, topology.ControlPlane); diff != "" {
		t.Errorf("the control plane has settings (-want +got):\n%s", diff)
	}
}

func TestRefusalsOnAKSNameTheVariable(t *testing.T) {
	network := func(change func(network, subnet map[string]any)) map[string]any {
		subnet := map[string]any{"name": "node", "cidr": "10.0.1.0/24"}
		out := map[string]any{"resourceGroup": "a", "name": "a", "cidr": "10.0.0.0/16", "nodeSubnet": subnet}
		change(out, subnet)
		return out
	}
	for name, tc := range map[string]struct {
		variable string
		value    any
	}{
		"location as people write it":   {"location", "West Europe"},
		"subscription by its name":      {"subscription", "pay-as-you-go"},
		"group that ends in a dot":      {"resourceGroup", map[string]any{"name": "a."}},
		"network without addresses":     {"network", network(func(n, _ map[string]any) { delete(n, "cidr") })},
		"network without a subnet":      {"network", network(func(n, _ map[string]any) { delete(n, "nodeSubnet") })},
		"subnet without addresses":      {"network", network(func(_, s map[string]any) { delete(s, "cidr") })},
		"old subnet of a new network":   {"network", network(func(_, s map[string]any) { s["existing"] = true })},
		"no range":                      {"network", network(func(n, _ map[string]any) { n["cidr"] = "10.0.0.0" })},
		"virtual node without a subnet": {"virtualNode", map[string]any{"enabled": true}},
		"hold as text":                  {"hold", "yes"},
		"plugin of another world":       {"kubernetes", map[string]any{"networkPlugin": "flannel"}},
		"overlay of kubenet":            {"kubernetes", map[string]any{"networkPlugin": "kubenet", "networkPluginMode": "overlay"}},
		"pod range of flat pods":        {"kubernetes", map[string]any{"podCidr": "10.244.0.0/16"}},
		"DNS address with its length":   {"kubernetes", map[string]any{"dnsServiceIP": "10.96.0.10/32"}},
		"tier that is no more":          {"tier", "Paid"},
		"private key":                   {"sshPublicKey", "-----BEGIN OPENSSH PRIVATE KEY-----"},
		"identity of nobody":            {"identity", map[string]any{"type": "UserAssigned"}},
		"identity too many":             {"identity", map[string]any{"id": "/subscriptions/a/resourceGroups/b/providers/Microsoft.ManagedIdentity/userAssignedIdentities/c"}},
		"identity by its name":          {"identity", map[string]any{"type": "UserAssigned", "id": "aks"}},
		"fourth zone":                   {"pool", map[string]any{"zones": []any{"4"}}},
		"zone with its location":        {"pool", map[string]any{"zones": []any{"westeurope-1"}}},
		"pods for a toy":                {"pool", map[string]any{"maxPods": 5}},
		"taint without an effect":       {"pool", map[string]any{"taints": []any{"a=b"}}},
		"misspelt size":                 {"pool", map[string]any{"size": "Standard_D2s_v3"}},
		"tag that is no text":           {"tags", map[string]any{"stage": 1}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, aks(t), tc.variable, tc.value) })
	}
}

// The example is no class, and it runs where it says: on the virtual node and nowhere else.
func TestExampleRunsOnTheVirtualNode(t *testing.T) {
	raw, err := fs.ReadFile(templates.FS(), "azure/examples/virtual-node.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var deployment struct {
		Spec struct {
			Template struct {
				Spec corev1.PodSpec `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(raw, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	labels := map[string]string{"kubernetes.io/role": "agent", "kubernetes.io/os": "linux", "type": "virtual-kubelet"}
	if diff := cmp.Diff(labels, pod.NodeSelector); diff != "" {
		t.Errorf("node selector (-want +got):\n%s", diff)
	}
	tolerations := []corev1.Toleration{
		{Key: "virtual-kubelet.io/provider", Operator: corev1.TolerationOpExists},
		{Key: "azure.com/aci", Effect: corev1.TaintEffectNoSchedule},
	}
	if diff := cmp.Diff(tolerations, pod.Tolerations); diff != "" {
		t.Errorf("tolerations (-want +got):\n%s", diff)
	}
}
