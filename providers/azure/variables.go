package azure

import (
	"slices"

	"github.com/slipway-sh/slipway/internal/config"
)

// Variables is Azure's table of config.yaml: the names of TKG 1.x, whose clusters were of plain VMs, and in the same manner
// those of AKS and its virtual nodes.
func Variables() []config.Variable {
	return slices.Concat(accountVariables(), networkVariables(), machineVariables(), aksVariables(), virtualNodeVariables(), imageVariables())
}

func named(name, example, text string) config.Variable {
	return config.Variable{Name: name, Example: example, Doc: text}
}

func accountVariables() []config.Variable {
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
		required(named(keyTenant, id, "Tenant of the service principal, or of the person."), config.UseCloud),
		required(named(keySubscription, id, "Subscription that pays."), config.UseCloud),
		{Name: keyClient, Secret: true, Doc: "Application id of the service principal, with one of the next three. Without them the login of the az program is used, which can look and not make clusters."},
		{Name: keySecret, Secret: true, Doc: "Its secret."},
		{Name: keyCertificate, Example: "/home/me/slipway.pem", Doc: "File with its certificate and key instead of a secret, as PEM or PKCS#12."},
		{Name: keyCertificatePassword, Secret: true, Doc: "Password of that file, if it has one."},
		{Name: keyFederated, Example: "/var/run/secrets/azure/tokens/azure-identity-token", Doc: "File with a token that the application trusts instead of a secret (workload identity)."},
		{Name: "AZURE_TENANT_ID_B64", Unused: true, Doc: "Written by TKG for its controllers."},
		{Name: "AZURE_SUBSCRIPTION_ID_B64", Unused: true, Doc: "Written by TKG for its controllers."},
		{Name: "AZURE_CLIENT_ID_B64", Secret: true, Unused: true, Doc: "Written by TKG for its controllers."},
		{Name: "AZURE_CLIENT_SECRET_B64", Secret: true, Unused: true, Doc: "Written by TKG for its controllers."},
		required(named("AZURE_LOCATION", "westeurope", "Region of the clusters."), config.UseCluster),
		{
			Name: "AZURE_SSH_PUBLIC_KEY_B64", Type: config.TypeBase64, Example: "c3NoLWVkMjU1MTkgQUFBQSB5b3U=",
			Doc: "Public key that may log in to the nodes, in base64.",
		},
		named("AZURE_RESOURCE_GROUP", "edge1", "Resource group of one cluster. One that is there is used and stays when the cluster goes; empty makes one of the cluster's name."),
		named("AZURE_CUSTOM_TAGS", "owner=team-a,stage=test", "Tags of everything that is made, name=value joined by commas."),
	})
}

// addresses is the range of the subnet that another variable names.
func addresses(subnet, name, def string) config.Variable {
	return config.Variable{Name: name, Type: config.TypeCIDR, Subnet: subnet, Default: def, Doc: "Its addresses."}
}

func networkVariables() []config.Variable {
	network := func(v config.Variable) config.Variable {
		v.Role = config.RoleNetwork
		return v
	}
	vnet := config.Variable{Name: "AZURE_VNET_CIDR", Type: config.TypeCIDR, Role: config.RoleNodeNetwork, Default: "10.0.0.0/16", Doc: "Addresses of a new VNET."}
	return inSection("Azure: the network", []config.Variable{
		network(named(keyVNetGroup, "network", "Resource group of the VNET; empty is the cluster's.")),
		network(named(keyVNet, "vnet", "VNET of the nodes. One that is there is used and left as it is, another is made; empty takes the cluster's name.")),
		vnet,
		named("AZURE_CONTROL_PLANE_SUBNET_NAME", "control-plane", "Subnet of control plane machines."),
		addresses("AZURE_CONTROL_PLANE_SUBNET_NAME", "AZURE_CONTROL_PLANE_SUBNET_CIDR", "10.0.0.0/24"),
		named("AZURE_CONTROL_PLANE_SUBNET_SECURITY_GROUP", "control-plane-nsg", "Its security group."),
		{Name: keyNodeSubnet, Default: "node", Doc: "Subnet of workers; one that is there is used and left as it is."},
		addresses(keyNodeSubnet, "AZURE_NODE_SUBNET_CIDR", "10.0.1.0/24"),
		named("AZURE_NODE_SUBNET_SECURITY_GROUP", "node-nsg", "Its security group."),
		{Name: "AZURE_ENABLE_PRIVATE_CLUSTER", Type: config.TypeBool, Default: "false", Doc: "Keep the cluster's API inside the VNET."},
		{Name: "AZURE_FRONTEND_PRIVATE_IP", Type: config.TypeHost, Default: "10.0.0.100", Doc: "Address of the API inside the VNET."},
		{Name: "AZURE_ENABLE_ACCELERATED_NETWORKING", Type: config.TypeBool, Default: "false", Doc: "Accelerated networking of the machines."},
	})
}

func machineVariables() []config.Variable {
	gib := func(name, def, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeInt, Default: def, Min: 1, Doc: text}
	}
	count := func(name, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeInt, Min: 0, Max: 5000, Example: "1", Doc: text}
	}
	return inSection("Azure: the machines", []config.Variable{
		{Name: "AZURE_CONTROL_PLANE_MACHINE_TYPE", Default: "Standard_D2s_v3", Doc: "VM size of control plane machines."},
		{Name: "AZURE_NODE_MACHINE_TYPE", Default: "Standard_D2s_v3", Doc: "VM size of workers."},
		named(keyZone, "1", "Zone of the workers. When neither it nor the next two are set, it is every zone that has their size."),
		named(keyZone+"_1", "2", "Second zone."),
		named(keyZone+"_2", "3", "Third zone."),
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

func imageVariables() []config.Variable {
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
