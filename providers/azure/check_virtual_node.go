package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// checkVirtualNode wants the location to have virtual nodes, the pods' network to go with them, and a subnet that is
// there to be given to them. See https://learn.microsoft.com/azure/aks/virtual-nodes
func (i *inspection) checkVirtualNode(context.Context) uerr.Findings {
	var findings uerr.Findings
	if offered, where := i.offers(containerInstances, "containerGroups"); !offered && len(where) > 0 {
		findings = append(findings, i.refuse(keyVirtualNode, "there are no virtual nodes in "+i.location(), preflight.OneOf(keyLocation, where)+", or leave the virtual node out")...)
	}
	k := kubernetesOf(i.config())
	switch {
	case k.NetworkPlugin != pluginAzure:
		findings = append(findings, i.refuse(keyPlugin, "virtual nodes do not go with network plugin "+k.NetworkPlugin, "set "+keyPlugin+" to "+pluginAzure)...)
	case !k.flat():
		findings = append(findings, i.refuse(keyPluginMode, "virtual nodes do not go with pods that have a network of their own ("+k.NetworkPluginMode+")", "take "+keyPluginMode+" out")...)
	}
	if k.Dataplane == "cilium" {
		findings = append(findings, i.refuse(keyDataplane, "virtual nodes do not go with dataplane cilium", "take "+keyDataplane+" out")...)
	}
	if strings.EqualFold(i.virtual.Name, i.network.NodeSubnet.Name) {
		findings = append(findings, i.refuse(keyVirtualName, "subnet "+i.virtual.Name+" is the nodes', and the virtual node needs one of its own", "set "+keyVirtualName+" to another name")...)
	}
	if live := i.network.subnet(i.virtual.Name); live != nil && i.virtual.Existing {
		given := delegationsOf(live)
		if !slices.ContainsFunc(given, func(s string) bool { return strings.EqualFold(s, delegation) }) {
			findings = append(findings, i.refuse(keyVirtualName, fmt.Sprintf("subnet %s is not delegated to %s", i.virtual.Name, delegation),
				fmt.Sprintf("type: az network vnet subnet update --resource-group %s --vnet-name %s --name %s --delegations %s; or set %s to the name of a new one",
					i.network.ResourceGroup, i.network.Name, i.virtual.Name, delegation, keyVirtualName))...)
		}
	}
	return findings
}
