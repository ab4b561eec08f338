package azure

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPools(t *testing.T) {
	l := newLab(t)
	l.network()
	at := func(name string) string { return testCluster + "/agentPools/" + name }
	body := func(changes ...any) object { return object{"properties": pool("", changes...)} }
	l.run(
		step{"PUT", at("user"), body(), 404, "ParentResourceNotFound", 0},
		step{"PUT", testCluster, cluster(), 201, "", longTime},
		step{"PUT", at("user"), body("count", 1), 201, "", 0},
		step{"PUT", at("user"), body("count", 2), 409, "OperationNotAllowed", 0},
		step{"PUT", testCluster, cluster(), 409, "OperationNotAllowed", 0},
		step{"PUT", at("other"), body("count", 0, "availabilityZones", []string{"1", "2"}, "nodeLabels", object{"a": "b"},
			"nodeTaints", []string{"gpu=yes:NoSchedule"}), 201, "", longTime},
		step{"PUT", at("user"), body("count", 4), 200, "", 0},
	)
	nodes := func(want ...Pool) {
		t.Helper()
		if diff := cmp.Diff(want, l.Clusters()[0].Pools); diff != "" {
			t.Errorf("nodes (-want +got): %s", diff)
		}
	}
	user := Pool{Name: "user", Count: 1, Version: "1.35.4", Mode: "User", Size: "Standard_D2s_v3", Labels: map[string]string{}}
	system, other := user, user
	system.Name, system.Mode, system.Count = "system", "System", 2
	other.Name, other.Count = "other", 0
	other.Zones, other.Labels, other.Taints = []string{"1", "2"}, map[string]string{"a": "b"}, []string{"gpu=yes:NoSchedule"}
	nodes(other, system, user)
	if got := l.read(at("user")); got.number("properties", "count") != 4 || got.text("properties", "provisioningState") != "Scaling" {
		t.Errorf("pool while it scales: %v", got)
	}
	l.clock.pass(longTime)
	user.Count = 4
	nodes(other, system, user)
	l.run(
		step{"PUT", at("user"), body("count", 9), 400, "ErrCode_InsufficientVCPUQuota", 0},
		step{"DELETE", at("system"), nil, 400, "OperationNotAllowed", 0},
		step{"PUT", at("user"), body("mode", "System", "count", 1), 200, "", longTime},
		step{"DELETE", at("system"), nil, 202, "", longTime},
		step{"DELETE", at("system"), nil, 204, "", 0},
		step{"GET", at("system"), nil, 404, "NotFound", 0},
	)
	if got := l.names(testCluster + "/agentPools"); got != "other user" {
		t.Errorf("pools: %s", got)
	}
	if got := len(l.read(testCluster).objects("properties", "agentPoolProfiles")); got != 2 {
		t.Errorf("pools of the cluster: %d", got)
	}
}

func TestVirtualNode(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(step{"PUT", testCluster, cluster("properties.addonProfiles", withVirtualNode(true, "virtual")), 201, "", longTime})
	virtual := func() bool {
		for _, p := range l.Clusters()[0].Pools {
			if p.VirtualNode {
				return true
			}
		}
		return false
	}
	identity := l.read(testCluster).object("properties", "addonProfiles", virtualNodeAddOn, "identity")
	if identity.text("objectId") == "" || identity.text("clientId") == "" || nameOf(identity.text("resourceId")) != "aciconnectorlinux-web1" {
		t.Fatalf("identity: %v", identity)
	}
	if virtual() {
		t.Error("there is a virtual node, but its identity may not use its subnet")
	}
	assignment := testNetwork + "/subnets/virtual/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-4000-8000-00000000000a"
	contributor := object{"properties": object{"principalId": identity.text("objectId"), "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"}}
	l.run(step{"PUT", assignment, contributor, 201, "", 0})
	if !virtual() {
		t.Error("there is no virtual node")
	}
	l.run(step{"PUT", testCluster, cluster("properties.addonProfiles", withVirtualNode(false, "virtual"), "properties.agentPoolProfiles", nil), 200, "", longTime})
	if virtual() {
		t.Error("there is a virtual node after it was switched off")
	}
	l.run(step{"PUT", testCluster, cluster("properties.addonProfiles", withVirtualNode(true, "virtual"), "properties.agentPoolProfiles", nil), 200, "", longTime})
	if !virtual() {
		t.Error("there is no virtual node after it was switched on again")
	}
}

func TestVirtualNodeElsewhere(t *testing.T) {
	in := func(where string, change func(*Inventory)) *lab {
		l := newLab(t, func(o *Options) {
			o.Inventory.Networks = []Network{{Group: "web", Name: "net", Location: where, Prefix: "10.1.0.0/16", Subnets: []Subnet{
				{Name: "nodes", Prefix: "10.1.0.0/22"}, {Name: "virtual", Prefix: "10.1.4.0/24", Delegation: virtualNodeService},
			}}}
			change(&o.Inventory)
		})
		return l
	}
	body := func(where string) object {
		return cluster("location", where, "properties.addonProfiles", withVirtualNode(true, "virtual"))
	}
	in("westeurope", func(*Inventory) {}).run(step{"PUT", testCluster, body("westeurope"), 400, "AddonNotSupportedInRegion", 0})
	in("westeurope", func(*Inventory) {}).run(step{"PUT", testCluster, body("eastus"), 400, "VnetLocationMismatch", 0})
	in("eastus", func(i *Inventory) { i.Registered = i.Registered[:3] }).run(step{"PUT", testCluster, body("eastus"), 400, "MissingSubscriptionRegistration", 0})
}
