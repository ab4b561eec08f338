//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
)

// onAzure is a rehearsal whose management cluster is up and has the upstream controllers of Azure.
func onAzure(t *testing.T) *rehearsal {
	t.Helper()
	r := newRehearsal(t)
	r.must("init", "-i", "azure", "--local", "--name", "mgmt")
	return r
}

// TestLifeOfAnAKSCluster runs the upstream controllers against the emulator, with a look into the cluster after each step.
func TestLifeOfAnAKSCluster(t *testing.T) {
	t.Parallel()
	r := onAzure(t)
	r.must("create", "cluster", "web1", "-i", "azure", "-p", "dev", "-w", "2", "--virtual-node", "--kubernetes-version", "v1.35.4")
	r.wantNodes("web1", 3) // the virtual node is one of them
	r.wantNetworkFirst("web1")

	r.must("scale", "cluster", "web1", "-w", "4", "--wait")
	r.wantNodes("web1", 5)
	r.must("set", "nodepool", "web1", "batch", "-w", "1", "--wait")
	r.wantNodes("web1", 6)
	r.wantText("get nodepools", r.must("get", "nodepools", "web1").stdout, "system", "4/4", "batch", "1/1")

	r.must("upgrade", "cluster", "web1", "--kubernetes-version", "v1.36.3", "--yes")
	if got := r.clusters()[0]["kubernetes"]; got != "v1.36.3" {
		t.Errorf("version after the upgrade: %v", got)
	}
	r.wantNodes("web1", 6)
	r.must("set", "virtualnode", "web1", "--enabled=false")
	r.wantNodes("web1", 5)
	r.must("set", "virtualnode", "web1")
	r.wantNodes("web1", 6)

	tree := r.must("describe", "cluster", "web1").stdout
	r.wantText("describe", tree, "ManagedCluster/web1", "VirtualNetworksSubnet/web1-virtual-node", "ManagedClustersAgentPool/web1-batch")
	if strings.Contains(tree, "Unknown") {
		t.Errorf("describe does not know whether all of a running cluster is ready:\n%s", tree)
	}
	r.must("delete", "cluster", "web1", "--yes", "--wait")
	r.wantNoAzure("web1")
}

// TestFiveAKSClustersAtOnce has five command lines make clusters side by side; all of them become ready, though Azure has
// too much to do at first.
func TestFiveAKSClustersAtOnce(t *testing.T) {
	t.Parallel()
	r := onAzure(t)
	r.throttled(writeCluster, writeSubnet)
	results := make([]result, 5)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			results[i] = r.run("create", "cluster", fmt.Sprintf("web%d", i), "-i", "azure", "-p", "dev", "-w", "1", "--virtual-node")
		})
	}
	all.Wait()
	for i, got := range results {
		name := fmt.Sprintf("web%d", i)
		if got.code != 0 {
			t.Errorf("%s: exit %d\n%s", name, got.code, got.stderr)
			continue
		}
		r.wantNodes(name, 2)
		r.wantNetworkFirst(name)
	}
}

// TestKilledAfterEachPhaseOnAzure is TestKilledAfterEachPhase where parts are held back and the cloud is completed.
func TestKilledAfterEachPhaseOnAzure(t *testing.T) {
	t.Parallel()
	r := onAzure(t)
	gate := providers.Gate{
		Until:  []providers.Object{{APIVersion: "network.azure.com/v1api20240301", Kind: "VirtualNetworksSubnet", Name: "web1-node"}},
		Closed: map[string]any{"hold": true},
	}
	cloud := phase.Cloud{Remaining: func(context.Context) ([]providers.Task, error) { return nil, nil }}
	r.sweep(phase.Create(phase.CreateInput{Objects: &render.Objects{Cluster: kubetest.Cluster("default", "web1"), Gate: gate}, Cloud: cloud}),
		"create", "cluster", "web1", "-i", "azure", "-p", "dev", "--virtual-node")
	r.wantNodes("web1", 2)
	r.sweep(phase.Scale(phase.ScaleInput{Wait: true}), "scale", "cluster", "web1", "-w", "2", "--wait")
	r.wantNodes("web1", 3)
	r.must("get", "credentials", "web1")
	r.sweep(phase.Delete(phase.DeleteInput{Wait: true, Kubeconfig: "of the user"}), "delete", "cluster", "web1", "--yes", "--wait")
	r.wantNoAzure("web1")
}

// TestAzureStopsAndGoesOn has Azure refuse a cluster for good, which its controller does not try again by itself.
func TestAzureStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	r := onAzure(t)
	const refusal = "The VM size is not allowed in your subscription in location 'eastus'."
	if err := r.simulator().Break(t.Context(), "Microsoft.ContainerService/managedClusters/write", "SkuNotAvailable", refusal); err != nil {
		t.Fatal(err)
	}
	create := []string{"create", "cluster", "web1", "-i", "azure", "-p", "dev"}
	got := r.run(create...)
	if got.code != 1 || !strings.Contains(got.stderr, refusal) || !strings.Contains(got.stderr, "retry cluster web1") {
		t.Errorf("create of a cluster that Azure refuses: exit %d, want 1 with Azure's words and what to type\n%s", got.code, got.stderr)
	}
	r.wantText("describe", r.must("describe", "cluster", "web1").stdout, refusal)
	r.must("retry", "cluster", "web1")
	r.must(create...)
	r.wantNodes("web1", 1)
	if again := r.must("retry", "cluster", "web1"); !strings.Contains(again.stderr, "already so") && !strings.Contains(again.stderr, "othing") {
		t.Errorf("retry of a cluster that did not stop:\n%s", again.stderr)
	}
}

// TestAzureRefusals gives mistakes that only the cloud can see, several at once; nothing may be made.
func TestAzureRefusals(t *testing.T) {
	t.Parallel()
	r := onAzure(t)
	newAzure(t, r).makeNetwork("corp", "10.9.0.0/16", map[string]string{"nodes": "10.9.0.0/24", "containers": "10.9.1.0/24"})
	create := []string{"create", "cluster", "web1", "-i", "azure", "-p", "dev", "--virtual-node"}
	for name, c := range map[string]struct {
		environ []string
		code    int
		want    []string
	}{
		"wrong secret": {[]string{"AZURE_CLIENT_SECRET=wrong"}, 4, []string{"AZURE_CLIENT_SECRET"}},
		"subnets that overlap, a size that is not there and a location": {
			[]string{"AZURE_VIRTUAL_NODE_SUBNET_CIDR=10.0.1.128/25", "AZURE_NODE_MACHINE_TYPE=Standard_D2s_v33"}, 2,
			[]string{"10.0.1.128/25", "10.0.1.0/24", "Standard_D2s_v33", "Standard_D2s_v3"},
		},
		"subnet without delegation": {
			[]string{
				"AZURE_VNET_RESOURCE_GROUP=corp", "AZURE_VNET_NAME=corp", "AZURE_VNET_CIDR=10.9.0.0/16", "AZURE_NODE_SUBNET_NAME=nodes",
				"AZURE_NODE_SUBNET_CIDR=10.9.0.0/24", "AZURE_VIRTUAL_NODE_SUBNET_NAME=containers", "AZURE_VIRTUAL_NODE_SUBNET_CIDR=10.9.1.0/24",
				"AZURE_AKS_NETWORK_PLUGIN=kubenet",
			}, 2, []string{"containers", "Microsoft.ContainerInstance/containerGroups", "AZURE_AKS_NETWORK_PLUGIN"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			own := r.with(t, c.environ...)
			own.refused(c.code, c.want, create...)
		})
	}
	if len(r.clusters()) != 0 {
		t.Error("a refused cluster was created")
	}
	if n := r.calls(writeCluster); n != 0 {
		t.Errorf("%d refused clusters were made", n)
	}
}

// The actions of Azure that make a cluster and a subnet.
const (
	writeCluster = "Microsoft.ContainerService/managedClusters/write"
	writeSubnet  = "Microsoft.Network/virtualNetworks/subnets/write"
)

// wantNetworkFirst checks that Azure was asked for a cluster only when the subnets of its network had been made.
func (r *rehearsal) wantNetworkFirst(cluster string) {
	r.t.Helper()
	all, err := r.simulator().Calls(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	subnets := 0
	for _, call := range all {
		if !strings.Contains(strings.ToLower(call.Object), "/resourcegroups/"+cluster+"/") {
			continue
		}
		switch call.Method {
		case writeSubnet:
			subnets++
		case writeCluster:
			if subnets < 2 {
				r.t.Errorf("Azure was asked for cluster %s when it had been asked for %d of its 2 subnets", cluster, subnets)
			}
			return
		}
	}
	r.t.Errorf("Azure was never asked for cluster %s", cluster)
}

// wantNoAzure looks for anything that is left in the simulated Azure, and in the management cluster.
func (r *rehearsal) wantNoAzure(cluster string) {
	r.t.Helper()
	left, err := r.simulator().Resources(r.t.Context())
	if err != nil || len(left) != 0 {
		r.t.Errorf("left in Azure: %v, %v", left, err)
	}
	if out := r.must("leftovers", cluster, "-i", "azure", "-o", "name").stdout; strings.TrimSpace(out) != "" {
		r.t.Errorf("leftovers lists:\n%s", out)
	}
	r.wantNothing("secrets", "clusters", "machines", "clusterclasses")
}

// simulatedAzure is the simulated Azure as any program sees it: by its hosts, through the proxy.
type simulatedAzure struct {
	t       *testing.T
	groups  *armresources.ResourceGroupsClient
	network *armnetwork.VirtualNetworksClient
}

func newAzure(t *testing.T, r *rehearsal) simulatedAzure {
	t.Helper()
	options := policy.ClientOptions{Transport: r.client()}
	credential, err := azidentity.NewClientSecretCredential(r.setting("AZURE_TENANT_ID"), r.setting("AZURE_CLIENT_ID"), r.setting("AZURE_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	of := &arm.ClientOptions{ClientOptions: options}
	groups, err := armresources.NewResourceGroupsClient(r.setting("AZURE_SUBSCRIPTION_ID"), credential, of)
	if err != nil {
		t.Fatal(err)
	}
	network, err := armnetwork.NewVirtualNetworksClient(r.setting("AZURE_SUBSCRIPTION_ID"), credential, of)
	if err != nil {
		t.Fatal(err)
	}
	return simulatedAzure{t, groups, network}
}

// makeNetwork makes a network in a group of the same name, as a network team hands it over.
func (a simulatedAzure) makeNetwork(name, cidr string, subnets map[string]string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	defer cancel()
	location := to.Ptr("eastus")
	_, err := a.groups.CreateOrUpdate(ctx, name, armresources.ResourceGroup{Location: location}, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	network := armnetwork.VirtualNetwork{Location: location, Properties: &armnetwork.VirtualNetworkPropertiesFormat{
		AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: []*string{&cidr}},
	}}
	for subnet, prefix := range subnets {
		network.Properties.Subnets = append(network.Properties.Subnets, &armnetwork.Subnet{
			Name: &subnet, Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: &prefix},
		})
	}
	made, err := a.network.BeginCreateOrUpdate(ctx, name, name, network, nil)
	if err == nil {
		_, err = made.PollUntilDone(ctx, nil)
	}
	if err != nil {
		a.t.Fatal(err)
	}
}
