package render_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

// azureDev is one small cluster of virtual machines in a network of its own.
func azureDev(t testing.TB) render.Input {
	subnet := func(name, cidr string) map[string]any { return map[string]any{"name": name, "cidr": cidr} }
	return render.Input{
		Infrastructure: "azure",
		Templates:      templates.FS(),
		Request: providers.Request{
			Config: load(t, nil), Name: "dev1", Namespace: "default", Plan: "dev", ControlPlane: 1, Workers: 1,
		},
		Values: providers.Values{
			KubernetesVersion: "v1.36.3", Class: "vm",
			Variables: map[string]any{
				"location": "westeurope", "subscription": subscription, "sshPublicKey": "ssh-ed25519 AAAAC3Nz user@example.org",
				"network": map[string]any{
					"name": "dev1", "cidr": "10.0.0.0/16",
					"controlPlaneSubnet": subnet("control-plane", "10.0.0.0/24"), "nodeSubnet": subnet("node", "10.0.1.0/24"),
				},
			},
			Pools:   []providers.Pool{{Name: "md-0", FailureDomain: "1", Replicas: 1}},
			Objects: []map[string]any{azureIdentity("dev1")},
		},
	}
}

// azureIdentity is what an AzureCluster wants beside the Secret with the credentials, and names by the rule of that Secret.
func azureIdentity(cluster string) map[string]any {
	return map[string]any{
		"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "AzureClusterIdentity",
		"metadata": map[string]any{"name": render.IdentityName("azure", cluster), "labels": map[string]any{"clusterctl.cluster.x-k8s.io/move-hierarchy": "true"}},
		"spec":     map[string]any{"type": "WorkloadIdentity", "tenantID": subscription, "clientID": subscription},
	}
}

// azureProd is a large private cluster in a network of another group, over three zones, with every variable set.
func azureProd(t testing.TB) render.Input {
	in := azureDev(t)
	in.Request.Name, in.Request.Namespace, in.Request.Plan, in.Request.ControlPlane, in.Request.Workers = "prod1", "team-a", "prod", 3, 3
	in.Values.Objects = []map[string]any{azureIdentity("prod1")}
	in.Values.Pools = []providers.Pool{
		{Name: "md-0", FailureDomain: "1", Replicas: 1}, {Name: "md-1", FailureDomain: "2", Replicas: 1},
		{Name: "md-2", FailureDomain: "3", Replicas: 1, Variables: map[string]any{"worker": map[string]any{"vmSize": "Standard_D16s_v5"}}},
	}
	subnet := func(name, cidr string) map[string]any {
		return map[string]any{"name": name, "cidr": cidr, "securityGroup": name + "-nsg"}
	}
	disk := map[string]any{"sizeGiB": 200, "type": "StandardSSD_LRS"}
	maps.Copy(in.Values.Variables, map[string]any{
		"resourceGroup": map[string]any{"name": "clusters"}, "environment": "AzureUSGovernmentCloud",
		"network": map[string]any{
			"resourceGroup": "network", "name": "hub", "cidr": "10.20.0.0/16",
			"controlPlaneSubnet": subnet("cp", "10.20.0.0/24"), "nodeSubnet": subnet("nodes", "10.20.1.0/24"),
		},
		"privateCluster": true, "frontendIP": "10.20.0.100", "tags": map[string]any{"team": "a"}, "acceleratedNetworking": false,
		"image":        map[string]any{"gallery": map[string]any{"subscription": subscription, "resourceGroup": "images", "gallery": "g", "name": "ubuntu", "version": "1.0.0"}},
		"controlPlane": map[string]any{"vmSize": "Standard_D4s_v5", "osDisk": disk, "dataDisk": map[string]any{"sizeGiB": 64}},
		"worker":       map[string]any{"vmSize": "Standard_D8s_v5", "osDisk": disk, "dataDisk": map[string]any{"sizeGiB": 512}},
		"proxy":        map[string]any{"http": "http://proxy.example.org:3128", "noProxy": "10.20.0.0/16,.example.org", "ca": certificate},
		"registry":     map[string]any{"mirror": "harbor.example.org/k8s", "ca": certificate},
	})
	return in
}

func TestObjectsOfTheAdapterAreOfTheCluster(t *testing.T) {
	in := azureProd(t)
	objects := rendered(t, in)
	identity := objects.Addons[0]
	reference := field(patchedKind(t, in, "AzureClusterTemplate"), "spec", "template", "spec", "identityRef", "name")
	if identity.GetName() != reference || identity.GetNamespace() != "team-a" {
		t.Errorf("%s/%s, and the cluster refers to %v", identity.GetNamespace(), identity.GetName(), reference)
	}
	want := map[string]string{
		"app.kubernetes.io/managed-by": "slipway", "cluster.x-k8s.io/cluster-name": "prod1", "clusterctl.cluster.x-k8s.io/move-hierarchy": "true",
	}
	if diff := cmp.Diff(want, identity.GetLabels()); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if _, found := in.Values.Objects[0]["metadata"].(map[string]any)["namespace"]; found {
		t.Error("the adapter's own object was changed")
	}
}

// The objects of an adapter are printed with the cluster, which a Secret must never be.
func TestSecretsAreNoObjectsOfAnAdapter(t *testing.T) {
	for kind, want := range map[string]string{"Secret": "printed", "": "no kind"} {
		in := azureDev(t)
		in.Values.Objects[0]["kind"] = kind
		if _, err := render.Cluster(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kind %q: %v", kind, err)
		}
	}
}

func TestCloudProviderWarning(t *testing.T) {
	for name, tc := range map[string]struct {
		in   render.Input
		file string
		want int
	}{
		"machines and no manifests":  {azureDev(t), "antrea.yaml", 1},
		"machines and own manifests": {azureDev(t), "cloud-provider-azure.yaml", 0},
		"manifests of Slipway":       {awsDev(t), "antrea.yaml", 0},
		"control plane of the cloud": {aks(t), "antrea.yaml", 0},
	} {
		tc.in.Addons = fstest.MapFS{tc.file: {Data: []byte("kind: Namespace\n")}}
		tc.in.Request.Config = load(t, map[string]string{"CNI": "none"})
		if findings := rendered(t, tc.in).Findings; len(findings) != tc.want || findings.Err() != nil {
			t.Errorf("%s: %v", name, findings)
		}
	}
}

// patchedKind gives the first patched template of a kind.
func patchedKind(t *testing.T, in render.Input, kind string) *unstructured.Unstructured {
	t.Helper()
	for _, template := range patch(t, rendered(t, in)) {
		if template.GetKind() == kind {
			return template
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}

// Without a key the provider's webhook makes up a new one at every apply, and every machine would be replaced.
func TestKeyOfAzureMachinesIsAlwaysSaidAndInBase64(t *testing.T) {
	in := azureDev(t)
	in.Values.Variables["sshPublicKey"] = "ssh-ed25519 AAAAC3Nz user@example.org\n"
	got := field(patchedKind(t, in, "AzureMachineTemplate"), "spec", "template", "spec", "sshPublicKey")
	if got != "c3NoLWVkMjU1MTkgQUFBQUMzTnogdXNlckBleGFtcGxlLm9yZw==" {
		t.Errorf("key is %v", got)
	}
	delete(in.Values.Variables, "sshPublicKey")
	if _, err := render.Cluster(in); err == nil || !strings.Contains(err.Error(), "sshPublicKey") {
		t.Errorf("without a key: %v", err)
	}
}

func TestImagesOfAzureMachines(t *testing.T) {
	for name, tc := range map[string]struct{ image, want map[string]any }{
		"by id": {map[string]any{"id": "/subscriptions/a"}, map[string]any{"id": "/subscriptions/a"}},
		"community gallery": {
			map[string]any{"gallery": map[string]any{"gallery": "g", "name": "n", "version": "latest"}},
			map[string]any{"computeGallery": map[string]any{"gallery": "g", "name": "n", "version": "latest"}},
		},
		"marketplace": {
			map[string]any{"marketplace": map[string]any{"publisher": "p", "offer": "o", "sku": "s", "version": "1.2.3"}},
			map[string]any{"marketplace": map[string]any{"publisher": "p", "offer": "o", "sku": "s", "version": "1.2.3", "thirdPartyImage": false}},
		},
	} {
		in := azureDev(t)
		in.Values.Variables["image"] = tc.image
		got := field(patchedKind(t, in, "AzureMachineTemplate"), "spec", "template", "spec", "image")
		if diff := cmp.Diff(any(tc.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := field(patchedKind(t, azureDev(t), "AzureMachineTemplate"), "spec", "template", "spec", "image"); got != nil {
		t.Errorf("the provider's own choice is %v", got)
	}
}

func TestAcceleratedNetworkingIsSaidOnlyWhenSet(t *testing.T) {
	in := azureDev(t)
	path := []string{"spec", "template", "spec", "networkInterfaces"}
	if got := field(patchedKind(t, in, "AzureMachineTemplate"), path...); got != nil {
		t.Errorf("not set, it gives %v", got)
	}
	for _, on := range []bool{true, false} {
		in.Values.Variables["acceleratedNetworking"] = on
		want := any([]any{map[string]any{"privateIPConfigs": int64(1), "acceleratedNetworking": on}})
		if diff := cmp.Diff(want, field(patchedKind(t, in, "AzureMachineTemplate"), path...)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", on, diff)
		}
	}
}

func TestRefusalsOnAzureMachinesNameTheVariable(t *testing.T) {
	network := func(change func(network map[string]any)) map[string]any {
		out := map[string]any{
			"name": "a", "cidr": "10.0.0.0/16",
			"controlPlaneSubnet": map[string]any{"name": "a", "cidr": "10.0.0.0/24"}, "nodeSubnet": map[string]any{"name": "b", "cidr": "10.0.1.0/24"},
		}
		change(out)
		return out
	}
	for name, tc := range map[string]struct {
		variable string
		value    any
	}{
		"location as people write it": {"location", "West Europe"},
		"cloud that is closed":        {"environment", "AzureGermanCloud"},
		"network without addresses":   {"network", network(func(n map[string]any) { delete(n, "cidr") })},
		"network without a subnet":    {"network", network(func(n map[string]any) { delete(n, "controlPlaneSubnet") })},
		"one name for both subnets":   {"network", network(func(n map[string]any) { n["nodeSubnet"] = n["controlPlaneSubnet"] })},
		"address with its length":     {"frontendIP", "10.0.0.100/24"},
		"key still in base64":         {"sshPublicKey", "c3NoLWVkMjU1MTk="},
		"two images":                  {"image", map[string]any{"id": "/subscriptions/a", "gallery": map[string]any{"gallery": "g", "name": "n", "version": "1.0.0"}}},
		"half a gallery":              {"image", map[string]any{"gallery": map[string]any{"subscription": "s", "gallery": "g", "name": "n", "version": "1.0.0"}}},
		"image by its name":           {"image", map[string]any{"id": "ubuntu"}},
		"system disk too small":       {"worker", map[string]any{"osDisk": map[string]any{"sizeGiB": 8}}},
		"system disk of no kind":      {"controlPlane", map[string]any{"osDisk": map[string]any{"type": "UltraSSD_LRS"}}},
		"misspelt size":               {"worker", map[string]any{"size": "Standard_D2s_v3"}},
		"proxy with a password":       {"proxy", map[string]any{"http": "http://user:pw@proxy:3128"}},
		"registry without the mirror": {"registry", map[string]any{"insecure": true}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, azureDev(t), tc.variable, tc.value) })
	}
}
