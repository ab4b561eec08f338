package azure

import (
	"net/http"
	"slices"
)

// The virtual-node add-on, and the service that the subnet of its containers must be given to.
const (
	virtualNodeAddOn   = "aciConnectorLinux"
	virtualNodeService = containerInstances + "/containerGroups"
	virtualNodeName    = "virtual-node-aci-linux"
	actionJoin         = kindSubnet + "/join/action"
)

// addOn finds the virtual-node add-on of a cluster, whose name has no case; the name is empty if there is none.
func addOn(cluster object) (string, object) {
	profiles := cluster.object("properties", "addonProfiles")
	for name := range profiles {
		if same(name, virtualNodeAddOn) {
			return name, profiles.object(name)
		}
	}
	return "", nil
}

// virtualNode tells whether a cluster has a virtual node, and the subnet of its containers.
func (c *Cloud) virtualNode(k *resource) (bool, string) {
	_, profile := addOn(k.body)
	if !profile.flag("enabled") {
		return false, ""
	}
	return true, virtualNodeSubnet(profile, c.list(kindPool, k.id))
}

// virtualNodeSubnet is in the network of the pools, by its name; empty if the pools are in no network of the person's.
func virtualNodeSubnet(profile object, pools []*resource) string {
	for _, p := range pools {
		if subnet := p.body.text("properties", "vnetSubnetID"); subnet != "" {
			return parent(subnet) + "/subnets/" + profile.text("config", "SubnetName")
		}
	}
	return ""
}

// mayJoin says whether the add-on's identity may place containers in the subnet. Azure lets a cluster be made without;
// its virtual node does not come up then.
func (c *Cloud) mayJoin(k *resource, subnet string) bool {
	name, _ := addOn(k.body)
	return c.may(k.body.text("properties", "addonProfiles", name, "identity", "objectId"), actionJoin, subnet)
}

// checkVirtualNode checks the add-on, if it is to be on, against the pools that the PUT names or that there are.
func (c *Cloud) checkVirtualNode(k *resource, pools []*resource) *refusal {
	_, profile := addOn(k.body)
	if !profile.flag("enabled") {
		return nil
	}
	if refused := c.registered(virtualNodeService + "/write"); refused != nil {
		refused.status = http.StatusBadRequest // with 409, SDKs register the cluster's provider, which is not the one that is meant
		return refused
	}
	id := virtualNodeSubnet(profile, append(pools, c.list(kindPool, k.id)...))
	subnet, name := c.find(id), profile.text("config", "SubnetName")
	switch {
	case !c.inventory.virtualNodes(k.body.text("location")):
		return invalid("AddonNotSupportedInRegion", "Addon %s is not supported in region %s.", virtualNodeAddOn, k.body.text("location"))
	case !flat(k):
		return invalid("AddonNotSupportedWithNetworkPlugin", "Addon %s requires network plugin azure without overlay.", virtualNodeAddOn)
	case name == "" || id == "":
		return invalid("InvalidParameter", "Addon %s requires SubnetName in its config, and agent pools with a vnetSubnetID.", virtualNodeAddOn)
	case subnet == nil:
		return invalid("GetSubnetError", "Could not find subnet %s in vnet %s from resource group %s of subscription %s.", name, nameOf(parent(id)), groupOf(id), c.inventory.Subscription)
	case !slices.ContainsFunc(delegations(subnet.body), func(s string) bool { return same(s, virtualNodeService) }):
		return invalid("SubnetMissingRequiredDelegation", "Subnet %s requires any of the following delegation(s) [%s] to reference service association link.", subnet.id, virtualNodeService)
	}
	return nil
}
