package azure

import (
	"fmt"
	"strings"
)

// network makes the group and a network with a subnet for nodes and one for virtual nodes.
func (l *lab) network() {
	l.t.Helper()
	l.run(
		step{"PUT", testGroup, object{"location": "eastus"}, 201, "", 0},
		step{"PUT", testNetwork, network1("10.1.0.0/16"), 201, "", shortTime},
		step{"PUT", testNetwork + "/subnets/nodes", subnet("10.1.0.0/22", ""), 201, "", shortTime},
		step{"PUT", testNetwork + "/subnets/virtual", subnet("10.1.4.0/24", virtualNodeService), 201, "", shortTime},
	)
}

func network1(prefix string) object {
	return object{"location": "eastus", "properties": object{"addressSpace": object{"addressPrefixes": []string{prefix}}}}
}

func subnet(prefix, delegation string) object {
	out := object{"properties": object{"addressPrefix": prefix}}
	if delegation != "" {
		out.set([]object{{"name": "d", "properties": object{"serviceName": delegation}}}, "properties", "delegations")
	}
	return out
}

// cluster is the body of a PUT with one system pool, with changes by path.
func cluster(changes ...any) object {
	out := object{"location": "eastus", "identity": object{"type": "SystemAssigned"}, "properties": object{
		"dnsPrefix": "web1", "kubernetesVersion": "1.35.4", "networkProfile": object{"networkPlugin": "azure"},
		"agentPoolProfiles": []object{pool("system", "mode", "System")},
	}}
	return changed(out, changes)
}

func pool(name string, changes ...any) object {
	return changed(object{"name": name, "count": 2, "vmSize": "Standard_D2s_v3", "vnetSubnetID": testNetwork + "/subnets/nodes"}, changes)
}

// changed sets values at paths: "properties.dnsPrefix", "x", ...
func changed(out object, changes []any) object {
	for i := 0; i < len(changes); i += 2 {
		out.set(changes[i+1], strings.Split(fmt.Sprint(changes[i]), ".")...)
	}
	return out
}

func withVirtualNode(on bool, subnet string) object {
	return object{virtualNodeAddOn: object{"enabled": on, "config": object{"SubnetName": subnet}}}
}
