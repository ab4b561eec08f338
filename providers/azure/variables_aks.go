package azure

import "github.com/slipway-sh/slipway/internal/config"

// aksVariables are Slipway's own, in the manner of TKG's.
func aksVariables() []config.Variable {
	toggle := func(name, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeBool, Default: "false", Doc: text}
	}
	return inSection("Azure: AKS, clusters whose control plane Azure runs", []config.Variable{
		{Name: keySystemCount, Type: config.TypeInt, Max: 1000, Default: "0",
			Doc: "Nodes of a pool of their own for Azure's pods, beside the workers; 0 has one pool for both."},
		named(keySystemType, "Standard_D4s_v3", "VM size of those nodes; empty is that of the workers."),
		{Name: keyPlugin, Type: config.TypeEnum, Values: []string{pluginAzure, pluginKubenet, "none"}, Default: pluginAzure,
			Doc: "Pod network: azure gives pods addresses of the node subnet, unless the next variable says overlay."},
		{Name: keyPluginMode, Type: config.TypeEnum, Values: []string{modeOverlay}, Example: modeOverlay,
			Doc: "With azure: overlay gives pods addresses of CLUSTER_CIDR. Virtual nodes need it empty."},
		{Name: keyPolicy, Type: config.TypeEnum, Values: []string{"azure", "calico", "cilium"}, Example: "calico", Doc: "What enforces network policies; empty is nothing."},
		{Name: keyDataplane, Type: config.TypeEnum, Values: []string{"azure", "cilium"}, Example: "cilium", Doc: "What carries the traffic of pods; empty is Azure's choice."},
		{Name: keyDNS, Type: config.TypeHost, Example: "100.64.0.10", Doc: "Address of the cluster's DNS; empty is the tenth of SERVICE_CIDR."},
		{Name: keyTier, Type: config.TypeEnum, Values: []string{"Free", "Standard", "Premium"}, Example: "Standard",
			Doc: "Tier of the control plane; empty is Free, and Standard when several control plane machines are asked for."},
		{Name: keyMaxPods, Type: config.TypeInt, Min: 10, Max: 250, Default: "30", Doc: "Pods of a node. Each takes an address of the node subnet, unless pods have addresses of their own."},
		toggle(keyIssuer, "Let the cluster issue tokens that others can check (OIDC)."),
		toggle(keyWorkloadIdentity, "Let pods act as identities of Azure by such tokens; switches the issuer on."),
		named(keyIdentity, "/subscriptions/00000000-0000-0000-0000-000000000000/…", "Managed identity of the control plane, by its id; empty has Azure make one."),
	})
}

func virtualNodeVariables() []config.Variable {
	return inSection("Azure: virtual nodes, pods as container instances without a machine", []config.Variable{
		{Name: keyVirtualNode, Type: config.TypeBool, Default: "false", Doc: "Give clusters of AKS a virtual node. It can be switched on and off at any time."},
		{Name: keyVirtualName, Default: "virtual-node", Doc: "Subnet of its pods, in the VNET of the nodes; one that is there must be delegated to container instances."},
		addresses(keyVirtualName, keyVirtualCIDR, "10.0.2.0/24"),
	})
}
