//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

const (
	azureAPI          = "infrastructure.cluster.x-k8s.io/v1beta1"
	azureSubscription = "11111111-2222-3333-4444-555555555555"
	reconcilePolicy   = "serviceoperator.azure.com/reconcile-policy"
)

// TestAdmissionOnAzure does the same for both classes of Azure, without any Azure: no Secret has credentials, so that Azure
// Service Operator stops before it would call anybody. What it would make is admitted by its own definitions all the same.
func TestAdmissionOnAzure(t *testing.T) {
	t.Parallel()
	api := managementPlane(t, "azure")
	t.Run("AKS, plain", func(t *testing.T) { admitAKS(t, api) })
	t.Run("AKS, virtual node off and hold gone", func(t *testing.T) { admitVirtualNode(t, api) })
	t.Run("AKS, network that was there", func(t *testing.T) { admitExistingNetwork(t, api) })
	t.Run("AKS, every variable", func(t *testing.T) { admitFullAKS(t, api) })
	t.Run("virtual machines", func(t *testing.T) { admitAzureVMs(t, api) })
	t.Run("virtual machines, every variable", func(t *testing.T) { admitFullAzureVMs(t, api) })
	t.Run("refusals name the variable", func(t *testing.T) { refuseOnAzure(t, api) })
}

func refuseOnAzure(t *testing.T, api *kube.Client) {
	aks, machines := aksObjects(t, "refused", nil, nil), azureVMObjects(t, "refused", nil, nil)
	if err := api.EnsureNamespace(t.Context(), "refused"); err != nil {
		t.Fatal(err)
	}
	for _, class := range []*render.Objects{aks, machines} {
		if err := api.ApplyClass(t.Context(), class.Class); err != nil {
			t.Fatal(err)
		}
	}
	for variable, value := range map[string]any{
		"location": "West Europe", "subscription": "mine", "network": map[string]any{"name": "a"}, "tier": "Paid",
		"pool": map[string]any{"zones": []any{"4"}}, "identity": map[string]any{"type": "UserAssigned"}, "tags": map[string]any{"a": 1},
	} {
		refuse(t, api, aksObjects(t, "refused", nil, nil), variable, value)
	}
	refuse(t, api, machines, "image", map[string]any{"id": "ubuntu"})
}

func admitAKS(t *testing.T, api *kube.Client) {
	objects := aksObjects(t, "plain", nil, nil)
	apply(t, api, objects)
	reconciled(t, api, objects)
	made := inAzure(t, api, objects)
	wantNames(t, made, "ManagedCluster/plain", "ManagedClustersAgentPool/plain-system", "ResourceGroup/plain", "VirtualNetwork/plain",
		"VirtualNetworksSubnet/plain-node")
	for key, object := range made {
		want(t, object, "plain-azure", "metadata", "annotations", "serviceoperator.azure.com/credential-from")
		if policy := object.GetAnnotations()[reconcilePolicy]; policy != "" {
			t.Errorf("%s has policy %q", key, policy)
		}
	}
	want(t, made["ResourceGroup/plain"], "westeurope", "spec", "location")
	want(t, made["VirtualNetwork/plain"], []string{"10.0.0.0/16"}, "spec", "addressSpace", "addressPrefixes")
	want(t, made["VirtualNetworksSubnet/plain-node"], "10.0.1.0/24", "spec", "addressPrefix")
	pool := made["ManagedClustersAgentPool/plain-system"]
	want(t, pool, "system", "spec", "azureName")
	want(t, pool, "System", "spec", "mode")
	want(t, pool, "plain-node", "spec", "vnetSubnetReference", "name")

	// What the provider's controller makes of it: the version and the pools are its own addition.
	aks := applied(t, api, objects, "ManagedCluster", "plain", func(o *unstructured.Unstructured) bool {
		pools, _, _ := unstructured.NestedSlice(o.Object, "spec", "agentPoolProfiles")
		return len(pools) == 1
	})
	want(t, aks, "1.36.3", "spec", "kubernetesVersion")
	want(t, aks, "plain", "spec", "dnsPrefix")
	want(t, aks, "plain-aks", "spec", "operatorSpec", "secrets", "adminCredentials", "name")
	profiles, _, _ := unstructured.NestedSlice(aks.Object, "spec", "agentPoolProfiles")
	profile := profiles[0].(map[string]any)
	if profile["name"] != "system" || profile["count"] != int64(2) || profile["mode"] != "System" {
		t.Errorf("pool is %v", profile)
	}
	agents := applied(t, api, objects, "ManagedClustersAgentPool", "plain-system", nil)
	want(t, agents, int64(2), "spec", "count")
	want(t, agents, "1.36.3", "spec", "orchestratorVersion")
}

// A virtual node that is switched off is said to be off, and its subnet stays. A cluster that is held is let go of.
func admitVirtualNode(t *testing.T, api *kube.Client) {
	virtualNode := func(enabled bool) map[string]any {
		return map[string]any{"enabled": enabled, "subnet": map[string]any{"name": "virtual-node", "cidr": "10.0.2.0/24"}}
	}
	held := aksObjects(t, "virtual", nil, map[string]any{"hold": true, "virtualNode": virtualNode(true)})
	apply(t, api, held)
	reconciled(t, api, held)
	made := inAzure(t, api, held)
	subnet := made["VirtualNetworksSubnet/virtual-virtual-node"]
	want(t, subnet, "10.0.2.0/24", "spec", "addressPrefix")
	want(t, subnet, "[map[name:container-instances serviceName:Microsoft.ContainerInstance/containerGroups]]", "spec", "delegations")
	addOn := []string{"spec", "addonProfiles", "aciConnectorLinux"}
	want(t, made["ManagedCluster/virtual"], true, append(addOn, "enabled")...)
	want(t, made["ManagedCluster/virtual"], "virtual-node", append(addOn, "config", "SubnetName")...)
	want(t, applied(t, api, held, "ManagedCluster", "virtual", nil), "skip", "metadata", "annotations", reconcilePolicy)
	if policy := subnet.GetAnnotations()[reconcilePolicy]; policy != "" {
		t.Errorf("the subnet waits too: %q", policy)
	}

	apply(t, api, aksObjects(t, "virtual", nil, map[string]any{"hold": false, "virtualNode": virtualNode(true)}))
	applied(t, api, held, "ManagedCluster", "virtual", func(o *unstructured.Unstructured) bool {
		return o.GetAnnotations()[reconcilePolicy] == ""
	})

	apply(t, api, aksObjects(t, "virtual", nil, map[string]any{"hold": false, "virtualNode": virtualNode(false)}))
	aks := applied(t, api, held, "ManagedCluster", "virtual", func(o *unstructured.Unstructured) bool {
		enabled, _, _ := unstructured.NestedBool(o.Object, append(addOn, "enabled")...)
		return !enabled
	})
	if profile, found, _ := unstructured.NestedMap(aks.Object, addOn...); !found || len(profile) != 1 {
		t.Errorf("the add-on is %v, and has to be said to be off", profile)
	}
	applied(t, api, held, "VirtualNetworksSubnet", "virtual-virtual-node", func(o *unstructured.Unstructured) bool {
		return o.GetDeletionTimestamp() == nil
	})
}

func admitExistingNetwork(t *testing.T, api *kube.Client) {
	objects := aksObjects(t, "guest", nil, map[string]any{
		"network":     existingNetwork(),
		"virtualNode": map[string]any{"enabled": true, "subnet": map[string]any{"name": "virtual-node", "cidr": "10.0.2.0/24"}},
	})
	apply(t, api, objects)
	reconciled(t, api, objects)
	policies := map[string]string{
		"ResourceGroup/guest": "", "ResourceGroup/guest-network": "skip", "VirtualNetwork/guest": "skip",
		"VirtualNetworksSubnet/guest-node": "skip", "VirtualNetworksSubnet/guest-virtual-node": "",
		"ManagedCluster/guest": "", "ManagedClustersAgentPool/guest-system": "",
	}
	made := inAzure(t, api, objects)
	wantNames(t, made, slices.Collect(maps.Keys(policies))...)
	for key, policy := range policies {
		if got := made[key].GetAnnotations()[reconcilePolicy]; got != policy {
			t.Errorf("%s has policy %q", key, got)
		}
		kind, name, _ := strings.Cut(key, "/")
		applied(t, api, objects, kind, name, nil)
	}
	want(t, made["VirtualNetwork/guest"], "guest-network", "spec", "owner", "name")
	want(t, made["VirtualNetworksSubnet/guest-node"], "nodes", "spec", "azureName")
	want(t, made["ManagedClustersAgentPool/guest-system"], "/subscriptions/"+azureSubscription+
		"/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/nodes", "spec", "vnetSubnetReference", "armId")
}

func admitFullAKS(t *testing.T, api *kube.Client) {
	identity := "/subscriptions/" + azureSubscription + "/resourceGroups/id/providers/Microsoft.ManagedIdentity/userAssignedIdentities/aks"
	pool := map[string]any{
		"vmSize": "Standard_D4s_v3", "osDiskSizeGiB": 64, "zones": []any{"1", "2", "3"}, "maxPods": 110,
		"taints": []any{"CriticalAddonsOnly=true:NoSchedule"}, "labels": map[string]any{"tier": "system"},
	}
	objects := aksObjects(t, "full", []providers.Pool{
		{Name: "system", Class: "system", Replicas: 1, Variables: map[string]any{"pool": pool}}, {Name: "user", Class: render.PoolClass, Replicas: 3},
	}, map[string]any{
		"resourceGroup": map[string]any{"name": "clusters", "existing": true}, "tags": map[string]any{"team": "a"},
		"kubernetes": map[string]any{
			"networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "cilium", "dataplane": "cilium",
			"serviceCidr": "10.96.0.0/16", "dnsServiceIP": "10.96.0.10", "podCidr": "100.96.0.0/11",
		},
		"tier": "Standard", "privateCluster": true, "workloadIdentity": true, "sshPublicKey": "ssh-ed25519 AAAAC3Nz user@example.org",
		"identity": map[string]any{"type": "UserAssigned", "id": identity},
	})
	apply(t, api, objects)
	reconciled(t, api, objects)
	aks := applied(t, api, objects, "ManagedCluster", "full", func(o *unstructured.Unstructured) bool {
		pools, _, _ := unstructured.NestedSlice(o.Object, "spec", "agentPoolProfiles")
		return len(pools) == 2
	})
	for path, value := range map[string]any{
		"networkProfile.networkPluginMode": "overlay", "networkProfile.networkDataplane": "cilium", "networkProfile.networkPolicy": "cilium",
		"networkProfile.podCidr": "100.96.0.0/11", "networkProfile.serviceCidr": "10.96.0.0/16", "networkProfile.dnsServiceIP": "10.96.0.10",
		"apiServerAccessProfile.enablePrivateCluster": true, "oidcIssuerProfile.enabled": true, "securityProfile.workloadIdentity.enabled": true,
		"sku.tier": "Standard", "tags.team": "a", "linuxProfile.adminUsername": "azureuser", "identity.type": "UserAssigned",
		"identity.userAssignedIdentities": fmt.Sprintf("[map[reference:map[armId:%s]]]", identity), "owner.name": "full",
	} {
		want(t, aks, value, append([]string{"spec"}, strings.Split(path, ".")...)...)
	}
	system := applied(t, api, objects, "ManagedClustersAgentPool", "full-system", nil)
	for path, value := range map[string]any{
		"mode": "System", "count": 1, "vmSize": "Standard_D4s_v3", "osDiskSizeGB": 64, "maxPods": 110, "availabilityZones": []string{"1", "2", "3"},
		"nodeTaints": []string{"CriticalAddonsOnly=true:NoSchedule"}, "nodeLabels": map[string]string{"tier": "system"}, "tags.team": "a",
	} {
		want(t, system, value, append([]string{"spec"}, strings.Split(path, ".")...)...)
	}
	user := applied(t, api, objects, "ManagedClustersAgentPool", "full-user", nil)
	want(t, user, "User", "spec", "mode")
	want(t, user, 3, "spec", "count")
	want(t, user, "Standard_D2s_v3", "spec", "vmSize")
	want(t, applied(t, api, objects, "ResourceGroup", "full", nil), "skip", "metadata", "annotations", reconcilePolicy)
}

func admitAzureVMs(t *testing.T, api *kube.Client) {
	objects := azureVMObjects(t, "vms", nil, nil)
	apply(t, api, objects)
	reconciled(t, api, objects)
	cluster := get(t, api, "AzureCluster", "vms", objects)
	want(t, cluster, "vms", "spec", "resourceGroup")
	want(t, cluster, "vms-azure", "spec", "identityRef", "name")
	want(t, cluster, "Public", "spec", "networkSpec", "apiServerLB", "type")
	before := machineTemplates(t, api, objects)
	if len(before) != 2 {
		t.Errorf("machine templates are %v", before)
	}
	// A change that is not of the machines does not replace them.
	changed := azureVMObjects(t, "vms", nil, map[string]any{"tags": map[string]any{"team": "b"}})
	apply(t, api, changed)
	eventually(t, time.Minute, func() (string, bool) {
		got, _, _ := unstructured.NestedString(get(t, api, "AzureCluster", "vms", objects).Object, "spec", "additionalTags", "team")
		return "the tag is " + got, got == "b"
	})
	reconciled(t, api, changed)
	if diff := cmp.Diff(before, machineTemplates(t, api, objects)); diff != "" {
		t.Errorf("machine templates (-before +after):\n%s", diff)
	}
}

func admitFullAzureVMs(t *testing.T, api *kube.Client) {
	const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
	machine := func(size string) map[string]any {
		disk := map[string]any{"sizeGiB": 200, "type": "StandardSSD_LRS"}
		return map[string]any{"vmSize": size, "osDisk": disk, "dataDisk": map[string]any{"sizeGiB": 64}}
	}
	subnet := func(name, cidr string) map[string]any {
		return map[string]any{"name": name, "cidr": cidr, "securityGroup": name + "-nsg"}
	}
	objects := azureVMObjects(t, "private", []providers.Pool{
		{Name: "md-0", FailureDomain: "1", Replicas: 0},
		{Name: "md-1", FailureDomain: "2", Replicas: 0, Variables: map[string]any{"worker": machine("Standard_D16s_v5")}},
	}, map[string]any{
		"resourceGroup": map[string]any{"name": "clusters"}, "privateCluster": true, "frontendIP": "10.20.0.100", "tags": map[string]any{"team": "a"},
		"network": map[string]any{
			"resourceGroup": "network", "name": "hub", "cidr": "10.20.0.0/16",
			"controlPlaneSubnet": subnet("cp", "10.20.0.0/24"), "nodeSubnet": subnet("nodes", "10.20.1.0/24"),
		},
		"image": map[string]any{"marketplace": map[string]any{"publisher": "p", "offer": "o", "sku": "s", "version": "1.2.3"}}, "acceleratedNetworking": true,
		"controlPlane": machine("Standard_D4s_v5"), "worker": machine("Standard_D8s_v5"),
		"proxy":    map[string]any{"http": "http://proxy.example.org:3128", "noProxy": "10.20.0.0/16", "ca": certificate},
		"registry": map[string]any{"mirror": "harbor.example.org/k8s", "ca": certificate},
	})
	apply(t, api, objects)
	reconciled(t, api, objects)

	wantHealthChecks(t, api, "private", 3) // the control plane's and one of each pool
	cluster := get(t, api, "AzureCluster", "private", objects)
	for path, value := range map[string]any{ // of which the schema of the template has neither groups nor addresses
		"resourceGroup": "clusters", "networkSpec.vnet.resourceGroup": "network", "networkSpec.vnet.name": "hub", "additionalTags.team": "a",
		"networkSpec.apiServerLB.type": "Internal", "networkSpec.controlPlaneOutboundLB.frontendIPsCount": 1, "networkSpec.nodeOutboundLB.frontendIPsCount": 1,
	} {
		want(t, cluster, value, append([]string{"spec"}, strings.Split(path, ".")...)...)
	}
	spec := fmt.Sprint(cluster.Object["spec"])
	for _, part := range []string{"privateIP:10.20.0.100", "name:cp-nsg", "name:nodes-nsg", "cidrBlocks:[10.20.1.0/24]"} {
		if !strings.Contains(spec, part) {
			t.Errorf("no %s in %s", part, spec)
		}
	}
	kubeadm := get(t, api, "KubeadmControlPlane", "private-control-plane", objects)
	name, _, _ := unstructured.NestedString(kubeadm.Object, "spec", "machineTemplate", "spec", "infrastructureRef", "name")
	template := get(t, api, "AzureMachineTemplate", name, objects)
	want(t, template, "Standard_D4s_v5", "spec", "template", "spec", "vmSize")
	want(t, template, 200, "spec", "template", "spec", "osDisk", "diskSizeGB")
	want(t, template, "1.2.3", "spec", "template", "spec", "image", "marketplace", "version")
	if files := fmt.Sprint(kubeadm.Object["spec"]); !strings.Contains(files, "name:"+name+"-azure-json") {
		t.Errorf("the cloud provider's configuration is not of %s", name)
	}
	for n, size := range []string{"Standard_D8s_v5", "Standard_D16s_v5"} {
		deployment := get(t, api, "MachineDeployment", fmt.Sprintf("private-md-%d", n), objects)
		want(t, deployment, n+1, "spec", "template", "spec", "failureDomain")
		name, _, _ := unstructured.NestedString(deployment.Object, "spec", "template", "spec", "infrastructureRef", "name")
		want(t, get(t, api, "AzureMachineTemplate", name, objects), size, "spec", "template", "spec", "vmSize")
	}
}

// inAzure gives what the topology controller wants made in Azure, "Kind/name" -> object.
func inAzure(t *testing.T, api *kube.Client, objects *render.Objects) map[string]*unstructured.Unstructured {
	t.Helper()
	name := objects.Cluster.Name
	holders := []*unstructured.Unstructured{
		get(t, api, "AzureASOManagedCluster", name, objects), get(t, api, "AzureASOManagedControlPlane", name+"-control-plane", objects),
	}
	for _, pool := range objects.Cluster.Spec.Topology.Workers.MachinePools {
		machinePool := get(t, api, "MachinePool", name+"-"+pool.Name, objects)
		reference, _, _ := unstructured.NestedString(machinePool.Object, "spec", "template", "spec", "infrastructureRef", "name")
		holders = append(holders, get(t, api, "AzureASOManagedMachinePool", reference, objects))
	}
	out := map[string]*unstructured.Unstructured{}
	for _, holder := range holders {
		resources, _, err := unstructured.NestedSlice(holder.Object, "spec", "resources")
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

// applied waits until the provider's controller has given Azure Service Operator an object, and it is as wanted.
func applied(t *testing.T, api *kube.Client, objects *render.Objects, kind, name string, wanted func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	object.SetKind(kind)
	object.SetAPIVersion(map[string]string{
		"ResourceGroup":  "resources.azure.com/v1api20200601",
		"VirtualNetwork": "network.azure.com/v1api20240301", "VirtualNetworksSubnet": "network.azure.com/v1api20240301",
		"ManagedCluster": "containerservice.azure.com/v1api20240901", "ManagedClustersAgentPool": "containerservice.azure.com/v1api20240901",
	}[kind])
	eventually(t, 2*time.Minute, func() (string, bool) {
		err := api.API().Get(t.Context(), client.ObjectKey{Namespace: objects.Cluster.Namespace, Name: name}, object)
		if err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("%s %s is %v", kind, name, object.Object["spec"]), wanted == nil || wanted(object)
	})
	return object
}

func wantNames(t *testing.T, made map[string]*unstructured.Unstructured, names ...string) {
	t.Helper()
	slices.Sort(names)
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(made))); diff != "" {
		t.Errorf("made in Azure (-want +got):\n%s", diff)
	}
}

// machineTemplates names those of a cluster, which are not those of its class.
func machineTemplates(t *testing.T, api *kube.Client, objects *render.Objects) []string {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion(azureAPI)
	list.SetKind("AzureMachineTemplateList")
	labels := client.MatchingLabels{"cluster.x-k8s.io/cluster-name": objects.Cluster.Name}
	if err := api.API().List(t.Context(), list, client.InNamespace(objects.Cluster.Namespace), labels); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.GetName())
	}
	slices.Sort(names)
	return names
}

func existingNetwork() map[string]any {
	return map[string]any{
		"resourceGroup": "network", "name": "hub", "existing": true, "nodeSubnet": map[string]any{"name": "nodes", "existing": true},
	}
}

// aksObjects is a cluster of two machines in a group and a network of its own, unless variables say otherwise.
func aksObjects(t *testing.T, name string, pools []providers.Pool, variables map[string]any) *render.Objects {
	t.Helper()
	values := map[string]any{
		"location": "westeurope", "subscription": azureSubscription, "resourceGroup": map[string]any{"name": name},
		"network": map[string]any{
			"resourceGroup": name, "name": name, "cidr": "10.0.0.0/16", "nodeSubnet": map[string]any{"name": "node", "cidr": "10.0.1.0/24"},
		},
	}
	maps.Copy(values, variables)
	if pools == nil {
		pools = []providers.Pool{{Name: "system", Class: "system", Replicas: 2}}
	}
	return azureObjects(t, name, providers.Values{Variables: values, Pools: pools})
}

// azureVMObjects is a cluster of virtual machines without any worker.
func azureVMObjects(t *testing.T, name string, pools []providers.Pool, variables map[string]any) *render.Objects {
	t.Helper()
	values := map[string]any{
		"location": "westeurope", "subscription": azureSubscription, "sshPublicKey": "ssh-ed25519 " + sshKey + " user@example.org",
		"network": map[string]any{
			"name": name, "cidr": "10.0.0.0/16", "controlPlaneSubnet": map[string]any{"name": "control-plane", "cidr": "10.0.0.0/24"},
			"nodeSubnet": map[string]any{"name": "node", "cidr": "10.0.1.0/24"},
		},
	}
	maps.Copy(values, variables)
	if pools == nil {
		pools = []providers.Pool{{Name: "md-0", FailureDomain: "1"}}
	}
	return azureObjects(t, name, providers.Values{Class: "vm", Variables: values, Pools: pools, Objects: []map[string]any{{
		"apiVersion": azureAPI, "kind": "AzureClusterIdentity", "metadata": map[string]any{"name": render.IdentityName("azure", name)},
		"spec": map[string]any{
			"type": "WorkloadIdentity", "tenantID": azureSubscription, "clientID": azureSubscription, "allowedNamespaces": map[string]any{"list": []any{name}},
		},
	}}})
}

// sshKey is a key of the right shape, since the provider's webhook reads it; nobody has its other half.
const sshKey = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func azureObjects(t *testing.T, name string, values providers.Values) *render.Objects {
	t.Helper()
	c, err := config.Load(config.Options{Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	values.KubernetesVersion = "v1.36.3"
	objects, err := render.Cluster(render.Input{
		Infrastructure: "azure", Templates: templates.FS(), Values: values,
		Request: providers.Request{Config: c, Name: name, Namespace: name, Plan: "dev", ControlPlane: 1, Workers: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}
