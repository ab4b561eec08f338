package azure

import (
	"strings"
	"testing"
)

func TestSubnets(t *testing.T) {
	l := newLab(t)
	l.network()
	at := func(name string) string { return testNetwork + "/subnets/" + name }
	refused := func(name, prefix, code string) step { return step{"PUT", at(name), subnet(prefix, ""), 400, code, 0} }
	l.run(
		refused("out", "10.2.0.0/24", "NetcfgInvalidSubnet"),
		step{"PUT", testNetwork, network1("10.1.0.0/16"), 200, "", 0},
		step{"PUT", testNetwork, network1("10.1.0.0/16"), 409, "AnotherOperationInProgress", shortTime},
		step{"PUT", testNetwork + "2", network1("10.0.0.0/16"), 201, "", shortTime},
		step{"PUT", testNetwork + "2/subnets/wide", subnet("10.0.0.0/15", ""), 400, "NetcfgInvalidSubnet", 0},
		refused("twice", "10.1.4.128/25", "NetcfgInvalidSubnet"),
		refused("small", "10.1.9.0/30", "NetcfgInvalidSubnet"),
		refused("crooked", "10.1.9.1/24", "InvalidCIDRNotation"),
		refused("none", "", "InvalidCIDRNotation"),
		step{"PUT", at("more"), subnet("10.1.5.0/24", ""), 201, "", 0},
		step{"PUT", at("other"), subnet("10.1.6.0/24", ""), 409, "AnotherOperationInProgress", shortTime},
		step{"PUT", at("more"), subnet("10.1.7.0/24", ""), 200, "", shortTime},
		step{"DELETE", at("more"), nil, 202, "", shortTime},
		step{"DELETE", at("more"), nil, 204, "", 0},
		step{"GET", at("more"), nil, 404, "NotFound", 0},
		step{"GET", strings.Replace(at("more"), "/net/", "/no/", 1), nil, 404, "ResourceNotFound", 0},
	)
	if got := l.names(testNetwork + "/subnets"); got != "nodes virtual" {
		t.Errorf("subnets: %s", got)
	}
	virtual := l.read(at("virtual"))
	if got := delegations(virtual); len(got) != 1 || got[0] != virtualNodeService || virtual.text("properties", "provisioningState") != "Succeeded" {
		t.Errorf("virtual: %v", virtual)
	}
}

func TestNetworkKeepsItsSubnets(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(step{"PUT", testNetwork, network1("10.1.0.0/16"), 200, "", shortTime})
	if got := l.read(testNetwork).objects("properties", "subnets"); len(got) != 2 {
		t.Errorf("after a PUT without subnets: %v", got)
	}
	named := network1("10.1.0.0/16")
	named.set([]object{subnet("10.1.0.0/22", "").over(object{"name": "nodes"})}, "properties", "subnets")
	l.run(
		step{"PUT", testNetwork, network1("10.1.0.0/24"), 400, "NetcfgInvalidSubnet", 0},
		step{"PUT", testNetwork, network1("10.1.0.1/16"), 400, "InvalidAddressPrefixFormat", 0},
		step{"PUT", testNetwork, named, 200, "", shortTime},
	)
	if got := l.names(testNetwork + "/subnets"); got != "nodes" {
		t.Errorf("after a PUT with one: %s", got)
	}
}

func TestSubnetInUse(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(step{"PUT", testCluster, cluster("properties.addonProfiles", withVirtualNode(true, "virtual")), 201, "", longTime})
	none := network1("10.1.0.0/16")
	none.set([]object{}, "properties", "subnets")
	for _, name := range []string{"nodes", "virtual"} {
		l.run(step{"DELETE", testNetwork + "/subnets/" + name, nil, 400, "InUseSubnetCannotBeDeleted", 0})
	}
	l.run(
		step{"DELETE", testNetwork, nil, 400, "InUseSubnetCannotBeDeleted", 0},
		step{"PUT", testNetwork, none, 400, "InUseSubnetCannotBeDeleted", 0},
		step{"PUT", testNetwork + "/subnets/nodes", subnet("10.1.8.0/22", ""), 400, "InUseSubnetCannotBeUpdated", 0},
		step{"PUT", testNetwork + "/subnets/virtual", subnet("10.1.4.0/24", ""), 400, "SubnetDelegationsCannotChangeWhenSubnetUsedByResource", 0},
		step{"PUT", testCluster, cluster("properties.addonProfiles", withVirtualNode(false, "virtual")), 200, "", longTime},
		step{"DELETE", testNetwork + "/subnets/virtual", nil, 202, "", shortTime},
		step{"DELETE", testCluster, nil, 202, "", longTime},
		step{"DELETE", testNetwork, nil, 202, "", shortTime},
		step{"GET", testNetwork + "/subnets/nodes", nil, 404, "ResourceNotFound", 0},
	)
}

func TestExistingNetwork(t *testing.T) {
	l := newLab(t, func(o *Options) {
		o.Inventory.Networks = []Network{{Group: "web", Name: "net", Location: "eastus", Prefix: "10.1.0.0/16", Subnets: []Subnet{
			{Name: "nodes", Prefix: "10.1.0.0/22"}, {Name: "virtual", Prefix: "10.1.4.0/24", Delegation: virtualNodeService},
		}}}
	})
	if got := l.names("/subscriptions/" + testSubscription + "/providers/Microsoft.Network/virtualNetworks"); got != "net" {
		t.Errorf("networks: %s", got)
	}
	l.run(step{"PUT", testCluster, cluster("properties.addonProfiles", withVirtualNode(true, "virtual")), 201, "", 0})
}
