// Package azure holds the Azure names of config.yaml, so that files of TKG are accepted whole. The adapter comes later.
package azure

import (
	"slices"

	"github.com/slipway-sh/slipway/internal/config"
)

// Variables is Azure's table of config.yaml, with the names and defaults of TKG 1.x, whose clusters were of plain VMs.
func Variables() []config.Variable {
	return slices.Concat(account(), network(), machines(), images())
}

func named(name, example, text string) config.Variable {
	return config.Variable{Name: name, Example: example, Doc: text}
}

func account() []config.Variable {
	required := func(v config.Variable, use config.Use) config.Variable {
		v.Required = use
		return v
	}
	const id = "00000000-0000-0000-0000-000000000000"
	return inSection("Azure: the account", []config.Variable{
		{
			Name: "AZURE_ENVIRONMENT", Type: config.TypeEnum, Default: "AzurePublicCloud", Doc: "Which of Azure's clouds.",
			Values: []string{"AzurePublicCloud", "AzureChinaCloud", "AzureGermanCloud", "AzureUSGovernmentCloud"},
		},
		required(named("AZURE_TENANT_ID", id, "Tenant of the service principal."), config.UseCloud),
		required(named("AZURE_SUBSCRIPTION_ID", id, "Subscription that pays."), config.UseCloud),
		{Name: "AZURE_CLIENT_ID", Secret: true, Required: config.UseCloud, Doc: "Application id of the service principal."},
		{Name: "AZURE_CLIENT_SECRET", Secret: true, Required: config.UseCloud, Doc: "Its secret."},
		{Name: "AZURE_TENANT_ID_B64", Unused: true, Doc: "Written by TKG for its controllers."},
		{Name: "AZURE_SUBSCRIPTION_ID_B64", Unused: true, Doc: "Written by TKG for its controllers."},
		{Name: "AZURE_CLIENT_ID_B64", Secret: true, Unused: true, Doc: "Written by TKG for its controllers."},
		{Name: "AZURE_CLIENT_SECRET_B64", Secret: true, Unused: true, Doc: "Written by TKG for its controllers."},
		required(named("AZURE_LOCATION", "westeurope", "Region of the clusters."), config.UseCluster),
		{
			Name: "AZURE_SSH_PUBLIC_KEY_B64", Type: config.TypeBase64, Example: "c3NoLWVkMjU1MTkgQUFBQSB5b3U=",
			Doc: "Public key that may log in to the nodes, in base64.",
		},
		named("AZURE_RESOURCE_GROUP", "edge1", "Resource group of one cluster; empty takes the cluster's name."),
		named("AZURE_CUSTOM_TAGS", "owner=team-a,stage=test", "Tags of everything that is made, name=value joined by commas."),
	})
}

func network() []config.Variable {
	cidr := func(name, def, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeCIDR, Default: def, Doc: text}
	}
	vnet := cidr("AZURE_VNET_CIDR", "10.0.0.0/16", "Addresses of a new VNET.")
	vnet.Role = config.RoleNodeNetwork
	return inSection("Azure: the network", []config.Variable{
		named("AZURE_VNET_RESOURCE_GROUP", "network", "Resource group of the VNET; empty is the cluster's."),
		named("AZURE_VNET_NAME", "vnet", "VNET that is there already; empty makes a new one."),
		vnet,
		named("AZURE_CONTROL_PLANE_SUBNET_NAME", "control-plane", "Subnet of control plane machines."),
		cidr("AZURE_CONTROL_PLANE_SUBNET_CIDR", "10.0.0.0/24", "Its addresses."),
		named("AZURE_CONTROL_PLANE_SUBNET_SECURITY_GROUP", "control-plane-nsg", "Its security group."),
		named("AZURE_NODE_SUBNET_NAME", "node", "Subnet of workers."),
		cidr("AZURE_NODE_SUBNET_CIDR", "10.0.1.0/24", "Its addresses."),
		named("AZURE_NODE_SUBNET_SECURITY_GROUP", "node-nsg", "Its security group."),
		{Name: "AZURE_ENABLE_PRIVATE_CLUSTER", Type: config.TypeBool, Default: "false", Doc: "Keep the cluster's API inside the VNET."},
		{Name: "AZURE_FRONTEND_PRIVATE_IP", Type: config.TypeHost, Default: "10.0.0.100", Doc: "Address of the API inside the VNET."},
		{Name: "AZURE_ENABLE_ACCELERATED_NETWORKING", Type: config.TypeBool, Default: "false", Doc: "Accelerated networking of the machines."},
	})
}

func machines() []config.Variable {
	gib := func(name, def, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeInt, Default: def, Min: 1, Doc: text}
	}
	count := func(name, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeInt, Min: 0, Max: 5000, Example: "1", Doc: text}
	}
	return inSection("Azure: the machines", []config.Variable{
		{Name: "AZURE_CONTROL_PLANE_MACHINE_TYPE", Default: "Standard_D2s_v3", Doc: "VM size of control plane machines."},
		{Name: "AZURE_NODE_MACHINE_TYPE", Default: "Standard_D2s_v3", Doc: "VM size of workers."},
		{Name: "AZURE_NODE_AZ", Default: "1", Doc: "Zone of the first workers."},
		{Name: "AZURE_NODE_AZ_1", Default: "2", Doc: "Second zone."},
		{Name: "AZURE_NODE_AZ_2", Default: "3", Doc: "Third zone."},
		count("WORKER_MACHINE_COUNT_0", "Workers in the first zone."),
		count("WORKER_MACHINE_COUNT_1", "Workers in the second zone."),
		count("WORKER_MACHINE_COUNT_2", "Workers in the third zone."),
		gib("AZURE_CONTROL_PLANE_OS_DISK_SIZE_GIB", "128", "System disk of a control plane machine, in GiB."),
		{Name: "AZURE_CONTROL_PLANE_OS_DISK_STORAGE_ACCOUNT_TYPE", Default: "Premium_LRS", Doc: "Kind of that disk."},
		gib("AZURE_NODE_OS_DISK_SIZE_GIB", "128", "System disk of a worker, in GiB."),
		{Name: "AZURE_NODE_OS_DISK_STORAGE_ACCOUNT_TYPE", Default: "Premium_LRS", Doc: "Kind of that disk."},
		gib("AZURE_CONTROL_PLANE_DATA_DISK_SIZE_GIB", "256", "Disk of etcd, in GiB."),
		{Name: "AZURE_ENABLE_NODE_DATA_DISK", Type: config.TypeBool, Default: "false", Doc: "Give workers a second disk."},
		gib("AZURE_NODE_DATA_DISK_SIZE_GIB", "256", "Its size, in GiB."),
	})
}

func images() []config.Variable {
	return inSection("Azure: the image of the nodes", []config.Variable{
		named("AZURE_IMAGE_ID", "/subscriptions/00000000-0000-0000-0000-000000000000/…", "Image by its id."),
		named("AZURE_IMAGE_RESOURCE_GROUP", "images", "Image of a gallery: its resource group."),
		named("AZURE_IMAGE_NAME", "ubuntu-2404-kube", "Image of a gallery: its name."),
		named("AZURE_IMAGE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000", "Image of a gallery: its subscription."),
		named("AZURE_IMAGE_GALLERY", "gallery", "Image of a gallery: the gallery."),
		named("AZURE_IMAGE_PUBLISHER", "publisher", "Image of the marketplace: who publishes it."),
		named("AZURE_IMAGE_OFFER", "offer", "Image of the marketplace: the offer."),
		named("AZURE_IMAGE_SKU", "sku", "Image of the marketplace: the SKU."),
		{Name: "AZURE_IMAGE_THIRD_PARTY", Type: config.TypeBool, Example: "false", Doc: "Image of the marketplace: by a third party."},
		named("AZURE_IMAGE_VERSION", "1.0.0", "Version of the image."),
	})
}

func inSection(section string, variables []config.Variable) []config.Variable {
	for i := range variables {
		variables[i].Section = section
	}
	return variables
}
