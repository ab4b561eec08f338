package azure

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/providers"
)

func (l *lab) values(r providers.Request) providers.Values {
	l.t.Helper()
	v, err := l.provider.Values(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

func TestValuesOfANewCluster(t *testing.T) {
	l := newLab(t)
	v := l.values(l.request(virtualNode(nil)))
	want := map[string]any{
		"location": "westeurope", "subscription": labSubscription, "tags": map[string]any{ownerTag: labOwner}, "hold": false,
		"resourceGroup": map[string]any{"name": "prod", "existing": false},
		"network": map[string]any{
			"resourceGroup": "prod", "name": "prod", "cidr": "10.0.0.0/16", "existing": false,
			"nodeSubnet": map[string]any{"name": "node", "cidr": "10.0.1.0/24", "existing": false},
		},
		"virtualNode": map[string]any{"enabled": true, "subnet": map[string]any{"name": "virtual-node", "cidr": "10.0.2.0/24", "existing": false}},
		"kubernetes":  map[string]any{"networkPlugin": "azure", "serviceCidr": "100.64.0.0/13", "dnsServiceIP": "100.64.0.10"},
		"pool":        map[string]any{"vmSize": "Standard_D2s_v3", "osDiskSizeGiB": 128.0, "maxPods": 30.0, "zones": []any{"1", "2", "3"}},
		"tier":        "Free", "privateCluster": false, "oidcIssuer": false, "workloadIdentity": false, "identity": map[string]any{"type": "SystemAssigned"},
	}
	if diff := cmp.Diff(want, v.Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	const api, kind = "network.azure.com/v1api20240301", "VirtualNetworksSubnet"
	gate := providers.Gate{Until: []providers.Object{{APIVersion: api, Kind: kind, Name: "prod-node"}, {APIVersion: api, Kind: kind, Name: "prod-virtual-node"}}, Closed: map[string]any{"hold": true}}
	if diff := cmp.Diff(gate, v.Gate); diff != "" {
		t.Errorf("gate (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]providers.Pool{{Name: "system", Class: "system", Replicas: 1}}, v.Pools); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	secret := map[string][]byte{keySubscription: []byte(labSubscription), keyTenant: []byte(labTenant), keyClient: []byte(labClient), keySecret: []byte(labSecret)}
	if diff := cmp.Diff(secret, v.Credentials); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}

func TestWhatIsThereIsToldFromWhatIsToBeMade(t *testing.T) {
	l := newLab(t)
	r := l.request(virtualNode(map[string]string{keyVNetGroup: "shared", keyVNet: "hub", keyNodeSubnet: "NODES", keyVirtualName: "fresh", keyVirtualCIDR: "172.20.30.0/24", keyGroup: "shared"}))
	v := l.values(r)
	network := map[string]any{
		"resourceGroup": "shared", "name": "hub", "cidr": "172.20.0.0/16", "existing": true,
		"nodeSubnet": map[string]any{"name": "NODES", "cidr": "172.20.0.0/22", "existing": true},
	}
	if diff := cmp.Diff(network, v.Variables["network"]); diff != "" {
		t.Errorf("network (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"name": "shared", "existing": true}, v.Variables["resourceGroup"]); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
	if len(v.Gate.Until) != 1 || v.Gate.Until[0].Name != "prod-virtual-node" {
		t.Errorf("gate: %+v", v.Gate)
	}
	l.makeSubnet(networkPath("shared", "hub"), "fresh", "172.20.30.0/24", delegation) // as the controllers do
	r.Current = v.Variables
	if diff := cmp.Diff(v.Variables, l.values(r).Variables); diff != "" {
		t.Errorf("of the cluster as it is (-before +after):\n%s", diff)
	}
}

func TestAVirtualNodeStaysUnlessItIsSaidOtherwise(t *testing.T) {
	l := newLab(t)
	first := l.values(l.request(virtualNode(nil)))
	enabled := func(settings map[string]string) any {
		r := l.request(settings)
		r.Current = first.Variables
		return l.values(r).Variables["virtualNode"].(map[string]any)["enabled"]
	}
	if enabled(nil) != true || enabled(map[string]string{keyVirtualNode: "false"}) != false {
		t.Errorf("without a word %v, switched off %v", enabled(nil), enabled(map[string]string{keyVirtualNode: "false"}))
	}
}

func TestASystemPoolOfItsOwn(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{keySystemCount: "3", keySystemType: "Standard_D8s_v3"})
	r.ControlPlane, r.Workers = 3, 5
	v := l.values(r)
	want := []providers.Pool{
		{Name: "system", Class: "system", Replicas: 3, Variables: map[string]any{"pool": map[string]any{
			"vmSize": "Standard_D8s_v3", "osDiskSizeGiB": 128.0, "maxPods": 30.0, "zones": []any{"1", "2"}, "taints": []any{onlyCritical},
		}}},
		{Name: "user", Class: "worker", Replicas: 5},
	}
	if diff := cmp.Diff(want, v.Pools); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	if v.Variables["tier"] != "Standard" {
		t.Errorf("tier of three control plane machines: %v", v.Variables["tier"])
	}
}

func TestMachinesGetTheCredentialsAsTheirControllerReadsThem(t *testing.T) {
	l := newLab(t)
	v := l.values(l.request(map[string]string{keyClusterType: typeVM, keySSH: "c3NoLWVkMjU1MTkgQUFBQSB5b3U=", keyZone: "1"}))
	want := []map[string]any{{
		"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "AzureClusterIdentity", "metadata": map[string]any{"name": "prod-azure"},
		"spec": map[string]any{
			"type": "ServicePrincipal", "tenantID": l.settings[keyTenant], "clientID": l.settings[keyClient],
			"clientSecret":      map[string]any{"name": "prod-azure", "namespace": "default"},
			"allowedNamespaces": map[string]any{"list": []any{"default"}},
		},
	}}
	if diff := cmp.Diff(want, v.Objects); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if string(v.Credentials[machinesSecretKey]) != l.settings[keySecret] {
		t.Error("the Secret lacks what proves the application")
	}
}

func TestAZoneOfMachinesHasItsOwnCount(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{
		keyClusterType: typeVM, keySSH: "c3NoLWVkMjU1MTkgQUFBQSB5b3U=", keyZone: "2", keyZone + "_1": "1", keyZone + "_2": "3", keyWorkers + "_0": "4",
	})
	r.Workers = 7
	want := []providers.Pool{{Name: "md-0", FailureDomain: "1", Replicas: 2}, {Name: "md-1", FailureDomain: "2", Replicas: 4}, {Name: "md-2", FailureDomain: "3", Replicas: 1}}
	if diff := cmp.Diff(want, l.values(r).Pools); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	refuses(t, l.preflight(r))
	r.Config = l.request(map[string]string{keyClusterType: typeVM, keySSH: "c3NoLWVkMjU1MTkgQUFBQSB5b3U=", keyZone: "2", keyWorkers + "_0": "40"}).Config
	refuses(t, l.preflight(r), [3]string{keyNodeType, "needs 82 cores of Total Regional vCPUs", "quota"}, [3]string{keyNodeType, "needs 82 cores of standardDSv3Family", "quota"})
}

// TestAClusterThatIsThereIsNotHeld: what ASO only reads it does not delete in Azure either.
func TestAClusterThatIsThereIsNotHeld(t *testing.T) {
	l := newLab(t)
	r := l.request(virtualNode(nil))
	first := l.values(r)
	r.Current = maps.Clone(first.Variables)
	r.Current["hold"] = true // its creation was broken off
	if diff := cmp.Diff(first.Gate, l.values(r).Gate); diff != "" {
		t.Errorf("gate of a cluster that is held (-want +got):\n%s", diff)
	}
	r.Current["hold"] = false
	want := map[string]any{"virtualNode": map[string]any{"enabled": false, "subnet": subnet{Name: "virtual-node", CIDR: "10.0.2.0/24"}}}
	if diff := cmp.Diff(want, l.values(r).Gate.Closed); diff != "" {
		t.Errorf("closed gate of a cluster that is there (-want +got):\n%s", diff)
	}
	r = l.request(nil)
	r.Current = l.values(l.request(nil)).Variables
	if gate := l.values(r).Gate; len(gate.Until) != 0 {
		t.Errorf("gate of a cluster that is there and has no virtual node: %+v", gate)
	}
}
