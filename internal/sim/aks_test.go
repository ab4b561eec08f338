package sim

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	azureTenant       = "aaaaaaaa-0000-4000-8000-000000000001"
	azureSubscription = "aaaaaaaa-0000-4000-8000-000000000002"
	azureClient       = "aaaaaaaa-0000-4000-8000-000000000003"
	azureInventory    = `{"azure":{"tenant":"` + azureTenant + `","subscription":"` + azureSubscription + `","client":"` + azureClient + `","secret":"right",
		"registered":["Microsoft.Network","Microsoft.ContainerService","Microsoft.ContainerInstance"],"versions":["1.35.4","1.36.3"]}}`
	networkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7" // the id that this role has everywhere
)

// azureLab is a simulator of which Azure is used by the SDK, as if it were the real one: nothing but the proxy and the CA
// are told to it.
type azureLab struct {
	t       *testing.T
	s       state
	proxy   func(*http.Request) (*url.URL, error)
	options *arm.ClientOptions
	token   *azidentity.ClientSecretCredential
}

func newAzureLab(t *testing.T, args ...string) *azureLab {
	t.Helper()
	inventory := filepath.Join(t.TempDir(), "azure.json")
	if err := os.WriteFile(inventory, []byte(azureInventory), 0o600); err != nil {
		t.Fatal(err)
	}
	l := &azureLab{t: t, s: start(t, append([]string{"--inventory", inventory, "--boot-delay", "10ms"}, args...)...)}
	address, err := url.Parse(l.s.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(l.s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	l.proxy = http.ProxyURL(address)
	transport := &http.Transport{Proxy: l.proxy, TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	base := policy.ClientOptions{Transport: &http.Client{Transport: transport}, Retry: policy.RetryOptions{MaxRetries: -1}}
	l.options = &arm.ClientOptions{ClientOptions: base, DisableRPRegistration: true}
	l.token, err = azidentity.NewClientSecretCredential(azureTenant, azureClient, "right", &azidentity.ClientSecretCredentialOptions{ClientOptions: base})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// made is a client of the SDK, or the end of the test.
func made[C any](t *testing.T, client C, err error) C {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// done waits for a long call of the SDK.
func done[R any](t *testing.T, poller *runtime.Poller[R], err error) R {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	result, err := poller.PollUntilDone(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (l *azureLab) groups() *armresources.ResourceGroupsClient {
	l.t.Helper()
	client, err := armresources.NewResourceGroupsClient(azureSubscription, l.token, l.options)
	return made(l.t, client, err)
}

func (l *azureLab) clusters() *armcontainerservice.ManagedClustersClient {
	l.t.Helper()
	client, err := armcontainerservice.NewManagedClustersClient(azureSubscription, l.token, l.options)
	return made(l.t, client, err)
}

// network makes a group and a network with a subnet for nodes and one for virtual nodes, and gives the ids of the subnets.
func (l *azureLab) network() (nodes, virtual string) {
	t := l.t
	t.Helper()
	if _, err := l.groups().CreateOrUpdate(t.Context(), "web", armresources.ResourceGroup{Location: to.Ptr("eastus")}, nil); err != nil {
		t.Fatal(err)
	}
	client, err := armnetwork.NewVirtualNetworksClient(azureSubscription, l.token, l.options)
	client = made(t, client, err)
	subnet := func(name, prefix string, delegations ...*armnetwork.Delegation) *armnetwork.Subnet {
		return &armnetwork.Subnet{Name: &name, Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: &prefix, Delegations: delegations}}
	}
	poller, err := client.BeginCreateOrUpdate(t.Context(), "web", "net", armnetwork.VirtualNetwork{
		Location: to.Ptr("eastus"),
		Properties: &armnetwork.VirtualNetworkPropertiesFormat{
			AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: []*string{to.Ptr("10.1.0.0/16")}},
			Subnets: []*armnetwork.Subnet{subnet("nodes", "10.1.0.0/22"), subnet("virtual", "10.1.4.0/24", &armnetwork.Delegation{
				Name:       to.Ptr("aci"),
				Properties: &armnetwork.ServiceDelegationPropertiesFormat{ServiceName: to.Ptr("Microsoft.ContainerInstance/containerGroups")},
			})},
		},
	}, nil)
	made := done(t, poller, err)
	return *made.Properties.Subnets[0].ID, *made.Properties.Subnets[1].ID
}

// cluster is AKS's with two nodes.
func (l *azureLab) cluster(subnet string) armcontainerservice.ManagedCluster {
	return armcontainerservice.ManagedCluster{
		Location: to.Ptr("eastus"),
		Identity: &armcontainerservice.ManagedClusterIdentity{Type: to.Ptr(armcontainerservice.ResourceIdentityTypeSystemAssigned)},
		Properties: &armcontainerservice.ManagedClusterProperties{
			DNSPrefix: to.Ptr("web1"), KubernetesVersion: to.Ptr("1.35.4"),
			NetworkProfile: &armcontainerservice.NetworkProfile{NetworkPlugin: to.Ptr(armcontainerservice.NetworkPluginAzure)},
			AgentPoolProfiles: []*armcontainerservice.ManagedClusterAgentPoolProfile{{
				Name: to.Ptr("system"), Count: to.Ptr[int32](2), Mode: to.Ptr(armcontainerservice.AgentPoolModeSystem),
				VMSize: to.Ptr("Standard_D2s_v3"), VnetSubnetID: &subnet, AvailabilityZones: []*string{to.Ptr("1"), to.Ptr("2")},
			}},
		},
	}
}

func (l *azureLab) put(k armcontainerservice.ManagedCluster) armcontainerservice.ManagedCluster {
	l.t.Helper()
	poller, err := l.clusters().BeginCreateOrUpdate(l.t.Context(), "web", "web1", k, nil)
	return done(l.t, poller, err).ManagedCluster
}

func (l *azureLab) pool(name string, properties armcontainerservice.ManagedClusterAgentPoolProfileProperties) {
	l.t.Helper()
	client, err := armcontainerservice.NewAgentPoolsClient(azureSubscription, l.token, l.options)
	client = made(l.t, client, err)
	poller, err := client.BeginCreateOrUpdate(l.t.Context(), "web", "web1", name, armcontainerservice.AgentPool{Properties: &properties}, nil)
	done(l.t, poller, err)
}

// allow lets somebody join a subnet.
func (l *azureLab) allow(who, subnet string) {
	l.t.Helper()
	client, err := armauthorization.NewRoleAssignmentsClient(azureSubscription, l.token, l.options)
	client = made(l.t, client, err)
	_, err = client.Create(l.t.Context(), subnet, "bbbbbbbb-0000-4000-8000-000000000001", armauthorization.RoleAssignmentCreateParameters{
		Properties: &armauthorization.RoleAssignmentProperties{
			PrincipalID:      &who,
			RoleDefinitionID: to.Ptr("/subscriptions/" + azureSubscription + "/providers/Microsoft.Authorization/roleDefinitions/" + networkContributor),
		},
	}, nil)
	if err != nil {
		l.t.Fatal(err)
	}
}

// api is the cluster as its administrator sees it, by the kubeconfig that Azure gives and through the proxy.
func (l *azureLab) api() kubernetes.Interface {
	l.t.Helper()
	given, err := l.clusters().ListClusterAdminCredentials(l.t.Context(), "web", "web1", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(given.Kubeconfigs[0].Value)
	if err != nil {
		l.t.Fatal(err)
	}
	config.Proxy = l.proxy
	api, err := kubernetes.NewForConfig(config)
	return made(l.t, api, err)
}

func nodesOf(t *testing.T, api kubernetes.Interface, selector string) []corev1.Node {
	t.Helper()
	list, err := api.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b corev1.Node) int { return strings.Compare(a.Name, b.Name) })
	return list.Items
}

// summary is what of nodes can be told without knowing the cluster's random name.
func summary(nodes []corev1.Node) []string {
	out := []string{}
	for _, n := range nodes {
		out = append(out, fmt.Sprintf("%s %s %s", n.Labels[labelAgentPool], n.Name[max(len(n.Name)-6, 0):], n.Status.NodeInfo.KubeletVersion))
	}
	return out
}

func wantSummary(t *testing.T, api kubernetes.Interface, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, summary(nodesOf(t, api, ""))); diff != "" {
		t.Errorf("nodes (-want +got): %s", diff)
	}
}

// TestAKSLife drives Azure by its SDK. Nodes are asked for at once after each long call: they are never behind.
func TestAKSLife(t *testing.T) {
	l := newAzureLab(t)
	subnet, _ := l.network()
	k := l.put(l.cluster(subnet))
	api := l.api()
	wantSummary(t, api, "system 000000 v1.35.4", "system 000001 v1.35.4")
	wantNodeOfAKS(t, nodesOf(t, api, labelAgentPool+"=system,"+labelNodeGroup+"="+*k.Properties.NodeResourceGroup))

	l.pool("user", armcontainerservice.ManagedClusterAgentPoolProfileProperties{
		Count: to.Ptr[int32](1), VMSize: to.Ptr("Standard_D2s_v3"), VnetSubnetID: &subnet, NodeTaints: []*string{to.Ptr("a=b:NoSchedule")},
	})
	wantSummary(t, api, "system 000000 v1.35.4", "system 000001 v1.35.4", "user 000000 v1.35.4")
	l.pool("system", armcontainerservice.ManagedClusterAgentPoolProfileProperties{Count: to.Ptr[int32](1)})
	l.pool("system", armcontainerservice.ManagedClusterAgentPoolProfileProperties{Count: to.Ptr[int32](2)})
	wantSummary(t, api, "system 000000 v1.35.4", "system 000002 v1.35.4", "user 000000 v1.35.4")

	l.put(armcontainerservice.ManagedCluster{Location: to.Ptr("eastus"), Properties: &armcontainerservice.ManagedClusterProperties{KubernetesVersion: to.Ptr("1.36.3")}})
	wantSummary(t, api, "system 000000 v1.35.4", "system 000002 v1.35.4", "user 000000 v1.35.4")
	before := nodesOf(t, api, "")[2]
	l.pool("user", armcontainerservice.ManagedClusterAgentPoolProfileProperties{OrchestratorVersion: to.Ptr("1.36.3")})
	wantSummary(t, api, "system 000000 v1.35.4", "system 000002 v1.35.4", "user 000000 v1.36.3")
	if after := nodesOf(t, api, "")[2]; after.UID == before.UID || after.Spec.ProviderID != before.Spec.ProviderID {
		t.Errorf("upgraded machine: node %s of %s, was %s of %s", after.UID, after.Spec.ProviderID, before.UID, before.Spec.ProviderID)
	}
	wantRelabelled(t, l, api)

	var machines []Machine
	ask(t, l.s, "/machines", &machines)
	if len(machines) != 3 || machines[0].Power != powerOn || machines[0].Address != "10.224.0.4" {
		t.Errorf("machines: %v", machines)
	}
	l.end(api)
}

// wantNodeOfAKS looks at what Cluster API Provider Azure finds nodes by, and what people read.
func wantNodeOfAKS(t *testing.T, nodes []corev1.Node) {
	t.Helper()
	if len(nodes) != 2 {
		t.Fatalf("%d nodes are found by their labels, want 2", len(nodes))
	}
	n := nodes[1]
	set := n.Name[:len(n.Name)-6]
	want := map[string]string{
		"provider id": "azure:///subscriptions/" + azureSubscription + "/resourceGroups/mc_web_web1_eastus/providers/Microsoft.Compute/virtualMachineScaleSets/" + set + "/virtualMachines/1",
		"mode":        "system", "zone": "eastus-2", "size": "Standard_D2s_v3", "pool of set": "aks-system",
	}
	got := map[string]string{
		"provider id": n.Spec.ProviderID, "mode": n.Labels[labelMode], "zone": n.Labels[corev1.LabelTopologyZone],
		"size": n.Labels[corev1.LabelInstanceTypeStable], "pool of set": strings.Join(strings.Split(n.Name, "-")[:2], "-"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("node (-want +got): %s", diff)
	}
}

// wantRelabelled changes a pool's labels and taints: its nodes stay, with what others wrote on them.
func wantRelabelled(t *testing.T, l *azureLab, api kubernetes.Interface) {
	t.Helper()
	before := nodesOf(t, api, labelAgentPool+"=user")[0]
	if want := []corev1.Taint{{Key: "a", Value: "b", Effect: corev1.TaintEffectNoSchedule}}; cmp.Diff(want, before.Spec.Taints) != "" {
		t.Errorf("taints: %v, want %v", before.Spec.Taints, want)
	}
	_, err := api.CoreV1().Nodes().Patch(t.Context(), before.Name, types.MergePatchType, []byte(`{"metadata":{"labels":{"by-hand":"yes"}}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l.pool("user", armcontainerservice.ManagedClusterAgentPoolProfileProperties{NodeLabels: map[string]*string{"team": to.Ptr("a")}, NodeTaints: []*string{}})
	after := nodesOf(t, api, "team=a,by-hand=yes,"+labelAgentPool+"=user")
	if len(after) != 1 || after[0].UID != before.UID || len(after[0].Spec.Taints) != 0 {
		t.Errorf("nodes after the pool changed its labels: %v", after)
	}
}

// end deletes the cluster and its group: nothing is left, and who asks the API server is told so.
func (l *azureLab) end(api kubernetes.Interface) {
	t := l.t
	t.Helper()
	var resources []Resource
	ask(t, l.s, "/resources", &resources)
	names := []string{}
	for _, r := range resources {
		names = append(names, path.Base(r.Kind)+" "+path.Base(r.Name))
	}
	if !slices.Contains(names, "managedClusters web1") || !slices.Contains(names, "virtualNetworks net") {
		t.Errorf("resources before the end: %v", names)
	}
	poller, err := l.clusters().BeginDelete(t.Context(), "web", "web1", nil)
	done(t, poller, err)
	if _, err := api.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); err == nil {
		t.Error("the API server of a deleted cluster answers")
	}
	rest, err := l.groups().BeginDelete(t.Context(), "web", nil)
	done(t, rest, err)
	var machines []Machine
	ask(t, l.s, "/machines", &machines)
	ask(t, l.s, "/resources", &resources)
	var refused []string
	ask(t, l.s, "/refused", &refused)
	if len(machines) != 0 || len(resources) != 0 || len(refused) != 0 {
		t.Errorf("left: machines %v, resources %v; refused hosts: %v", machines, resources, refused)
	}
}

func TestAClusterOfTheSameNameIsAnother(t *testing.T) {
	l := newAzureLab(t)
	subnet, _ := l.network()
	l.put(l.cluster(subnet))
	old := l.api()
	poller, err := l.clusters().BeginDelete(t.Context(), "web", "web1", nil)
	done(t, poller, err)
	l.put(l.cluster(subnet))
	wantSummary(t, l.api(), "system 000000 v1.35.4", "system 000001 v1.35.4")
	if _, err := old.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); err == nil {
		t.Error("the credentials of the deleted cluster are good for the new one")
	}
}

func TestTheVirtualNodeNeedsItsRole(t *testing.T) {
	l := newAzureLab(t)
	subnet, virtual := l.network()
	k := l.cluster(subnet)
	addOn := &armcontainerservice.ManagedClusterAddonProfile{Enabled: to.Ptr(true), Config: map[string]*string{"SubnetName": to.Ptr("virtual")}}
	k.Properties.AddonProfiles = map[string]*armcontainerservice.ManagedClusterAddonProfile{"aciConnectorLinux": addOn}
	made := l.put(k)
	api := l.api()
	const selector = labelVirtual + "=" + virtualKubelet
	if got := nodesOf(t, api, selector); len(got) != 0 {
		t.Errorf("virtual node without the role: %v", got)
	}
	l.allow(*made.Properties.AddonProfiles["aciConnectorLinux"].Identity.ObjectID, virtual)
	var got []corev1.Node
	eventually(t, "virtual node", func() bool { got = nodesOf(t, api, selector); return len(got) == 1 })
	want := []corev1.Taint{{Key: "virtual-kubelet.io/provider", Value: "azure", Effect: corev1.TaintEffectNoSchedule}}
	if diff := cmp.Diff(want, got[0].Spec.Taints); diff != "" || got[0].Name != "virtual-node-aci-linux" || got[0].Labels[labelAgentPool] != "" {
		t.Errorf("virtual node %s with labels %v, taints (-want +got): %s", got[0].Name, got[0].Labels, diff)
	}
	wantExampleThere(t, nodesOf(t, api, ""), got[0].Name)
	var machines []Machine
	ask(t, l.s, "/machines", &machines)
	if len(machines) != 2 {
		t.Errorf("%d machines, want those of the pool only: %v", len(machines), machines)
	}
	addOn.Enabled = to.Ptr(false)
	l.put(k)
	if got := nodesOf(t, api, selector); len(got) != 0 {
		t.Errorf("virtual node of an add-on that is off: %v", got)
	}
}

const actionPutGroup = "Microsoft.Resources/subscriptions/resourceGroups/write"

func TestTroubleInAzure(t *testing.T) {
	l := newAzureLab(t, "--fault", actionPutGroup)
	group := func() error {
		_, err := l.groups().CreateOrUpdate(t.Context(), "web", armresources.ResourceGroup{Location: to.Ptr("eastus")}, nil)
		return err
	}
	if err := group(); err == nil || !strings.Contains(err.Error(), "ServerTimeout") {
		t.Errorf("first group: %v, want the fault of the command line", err)
	}
	tell(t, l.s, "/faults/"+url.PathEscape(actionPutGroup))
	if err := group(); err == nil || !strings.Contains(err.Error(), "ServerTimeout") {
		t.Errorf("second group: %v, want the fault of the control API", err)
	}
	tell(t, l.s, "/delays/"+url.PathEscape(actionPutGroup)+"?for="+forever)
	ended := make(chan error, 1)
	go func() { ended <- group() }()
	eventually(t, "call in the log", func() bool {
		var calls []Call
		ask(t, l.s, "/calls", &calls)
		return len(slices.DeleteFunc(calls, func(c Call) bool { return c.Method != actionPutGroup })) == 3
	})
	tell(t, l.s, "/delays/"+url.PathEscape(actionPutGroup)+"?for=0s")
	if err := <-ended; err != nil {
		t.Errorf("group whose delay was lifted: %v", err)
	}

	subnet, _ := l.network()
	const action = "Microsoft.ContainerService/managedClusters/write"
	tell(t, l.s, "/breaks/"+url.PathEscape(action)+"?code=AllocationFailed&message=no+room")
	poller, err := l.clusters().BeginCreateOrUpdate(t.Context(), "web", "web1", l.cluster(subnet), nil)
	if err == nil {
		_, err = poller.PollUntilDone(t.Context(), nil)
	}
	if err == nil || !strings.Contains(err.Error(), "AllocationFailed") || !strings.Contains(err.Error(), "no room") {
		t.Errorf("broken cluster: %v", err)
	}
	if status, body := post(t, l.s, "/breaks/x"); status != http.StatusBadRequest {
		t.Errorf("break without a code: %d %s", status, body)
	}
}
