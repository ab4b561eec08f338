package azure

import (
	"maps"
	"testing"

	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/providertest"
	"github.com/slipway-sh/slipway/templates"
)

func TestProviderKeepsTheContract(t *testing.T) {
	l := newLab(t)
	request := providers.Request{Name: "prod", Namespace: "default", Plan: "dev", KubernetesVersion: "v1.36.3", ControlPlane: 1, Workers: 2}
	newest, wide := request, request
	newest.KubernetesVersion = ""
	wide.Plan, wide.ControlPlane, wide.Workers = "prod", 3, 4
	with := func(changes map[string]string) map[string]string {
		settings := maps.Clone(l.settings)
		maps.Copy(settings, changes)
		return settings
	}
	const key = "c3NoLWVkMjU1MTkgQUFBQSB5b3U="
	providertest.Run(t, providertest.Suite{
		Provider: l.provider, Templates: templates.FS(), Variables: Variables(),
		Good: providertest.Case{Settings: l.settings, Request: request},
		Others: map[string]providertest.Case{
			"virtual node": {Settings: with(virtualNode(nil)), Request: newest},
			"a network that is there": {Settings: with(virtualNode(map[string]string{
				keyVNetGroup: "shared", keyVNet: "hub", keyNodeSubnet: "nodes", keyVirtualName: "aci", keyTags: "team=platform",
			})), Request: wide},
			"overlay": {Settings: with(map[string]string{keyPluginMode: modeOverlay, keyZone: "1", keySSH: key, keyIdentity: subscriptionPath + "/resourceGroups/id/providers/Microsoft.ManagedIdentity/userAssignedIdentities/aks"}), Request: request},
			"machines": {Settings: with(map[string]string{
				keyClusterType: typeVM, keySSH: key, keyZone: "1", keyZone + "_1": "2", "TKG_HTTP_PROXY": "http://proxy.example.org:3128",
				"AZURE_IMAGE_GALLERY": "ours", "AZURE_IMAGE_NAME": "ubuntu", "AZURE_IMAGE_VERSION": "1.0.0", keyPrivate: "true", keyHasNodeDataDisk: "true",
			}), Request: wide},
		},
		Machines: []string{keyLocation},
		Mistakes: []providertest.Mistake{
			{Variable: keyNodeType, Value: "Standard_D2s_v33", Problem: "size Standard_D2s_v33 is not to be had"},
			{Variable: keyNodeCIDR, Value: "10.9.0.0/24", Problem: "is not in the virtual network's"},
			{Variable: keyTags, Value: "microsoft=1", Problem: "which Azure keeps for itself"},
			{Variable: keySSH, Value: "bm8ga2V5", Problem: "holds no public key"},
		},
		BadCredentials: func(*testing.T) map[string]string { return map[string]string{keySecret: "another/s3cret+lab"} },
		Kind:           "ResourceGroup",
		Ruin: func(t *testing.T, namespace, cluster string) []string {
			l.in(t).ruin(cluster, namespace+"/"+cluster)
			return []string{"ManagedCluster", "ResourceGroup", "RoleAssignment", "Subnet", "VirtualNetwork"}
		},
		Snapshot: func(*testing.T) string { return l.changes() },
	})
}

// ruin is what is left of two clusters of one name: one with a group of its own, and one in a group and a network that
// were there.
func (l *lab) ruin(name, owner string) {
	l.t.Helper()
	l.makeGroup(name, owned(owner))
	l.makeGroup("theirs", nil)
	l.makeNetwork("theirs", name, owned(owner))
	network := networkPath("theirs", name)
	l.makeSubnet(network, "node", "10.0.1.0/24", "")
	l.makeSubnet(network, "virtual-node", "10.0.2.0/24", delegation)
	l.makeCluster("theirs", name, network, "node", "virtual-node", owned(owner))
	subnet := networkPath("shared", "hub") + "/subnets/" + name
	l.makeSubnet(networkPath("shared", "hub"), name, map[bool]string{true: "172.20.20.0/24", false: "172.20.21.0/24"}[name == "prod"], "")
	role := subscriptionPath + "/providers/Microsoft.Authorization/roleDefinitions/" + roleNetworkContributor
	l.call("PUT", subnet+"/providers/Microsoft.Authorization/roleAssignments/"+assignmentName(subnet, "x"), object{"properties": object{
		"principalId": inventory().Principals[0], "roleDefinitionId": role, "description": noteOwner + owner + noteSubnet,
	}})
}
