package vsphere

import (
	"slices"

	"github.com/slipway-sh/slipway/internal/config"
)

// Variables is vSphere's table of config.yaml, with the names and defaults of TKG 1.x.
func Variables() []config.Variable {
	return slices.Concat(connection(), placement(), machineSizes(), endpoint(), loadBalancers(), formerLoadBalancer())
}

func connection() []config.Variable {
	return inSection("vSphere: the vCenter", []config.Variable{
		{Name: "VSPHERE_SERVER", Type: config.TypeHost, Role: config.RoleNetwork, Required: config.UseCloud, Example: "vcenter.example.org", Doc: "Host name or address of the vCenter."},
		{Name: "VSPHERE_USERNAME", Required: config.UseCloud, Example: "administrator@vsphere.local", Doc: "User that creates the machines."},
		{Name: "VSPHERE_PASSWORD", Secret: true, Required: config.UseCloud, Doc: "Its password."},
		{
			Name: "VSPHERE_TLS_THUMBPRINT", Example: "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD",
			Pattern:     `^([0-9A-Fa-f]{2}:){19}[0-9A-Fa-f]{2}$|^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$`,
			PatternHint: "20 or 32 pairs of hexadecimal digits joined by colons",
			Doc:         "Fingerprint of the vCenter's certificate, for one that no authority of this machine has signed.",
		},
		{Name: "VSPHERE_INSECURE", Type: config.TypeBool, Default: "false", Doc: "Trust whatever certificate the vCenter shows."},
		{Name: "VSPHERE_VERSION", Unused: true, Example: "7.0.0", Doc: "Version of the vCenter; it is asked."},
		{Name: "DEPLOY_TKG_ON_VSPHERE7", Type: config.TypeBool, Unused: true, Example: "true", Doc: "Answers a question of TKG on vSphere 7."},
		{Name: "ENABLE_TKGS_ON_VSPHERE7", Type: config.TypeBool, Unused: true, Example: "false", Doc: "Answers a question of TKG on vSphere 7."},
	})
}

func placement() []config.Variable {
	return inSection("vSphere: where machines go", []config.Variable{
		{Name: "VSPHERE_DATACENTER", Type: config.TypePath, Role: config.RoleNetwork, Required: config.UseCluster, Example: "/dc0", Doc: "Datacenter, by name or inventory path."},
		{
			Name: "VSPHERE_DATASTORE", Type: config.TypePath, Required: config.UseCluster, Unless: "VSPHERE_STORAGE_POLICY_ID",
			Example: "/dc0/datastore/ds0", Doc: "Datastore of the machines' disks.",
		},
		{Name: "VSPHERE_STORAGE_POLICY_ID", Example: "Gold", Doc: "Storage policy, by name or id, that picks the datastore."},
		{Name: "VSPHERE_FOLDER", Type: config.TypePath, Example: "/dc0/vm/clusters", Doc: "Folder of the machines; empty is the datacenter's VM folder."},
		{
			Name: "VSPHERE_RESOURCE_POOL", Type: config.TypePath, Example: "/dc0/host/cluster0/Resources/clusters",
			Doc: "Resource pool; empty is the default pool of the only cluster.",
		},
		{Name: "VSPHERE_NETWORK", Type: config.TypePath, Role: config.RoleNetwork, Default: "VM Network", Doc: "Port group of the machines; it needs DHCP."},
		{
			Name: "VSPHERE_TEMPLATE", Type: config.TypePath, Example: "/dc0/vm/templates/ubuntu-2404-kube-v1.36.3",
			Doc: "VM template of the nodes; empty finds the one of the Kubernetes version and operating system.",
		},
		{Name: "VSPHERE_TEMPLATE_MOID", Unused: true, Example: "vm-42", Doc: "Managed object id of the template; it is looked up."},
		{Name: "VSPHERE_WINDOWS_TEMPLATE", Type: config.TypePath, Unused: true, Example: "/dc0/vm/windows-2019", Doc: "VM template of Windows nodes."},
		{
			Name: "VSPHERE_CLONE_MODE", Type: config.TypeEnum, Values: []string{"fullClone", "linkedClone"}, Default: "fullClone",
			Doc: "How the template is copied; a linked clone is quicker and needs a snapshot on the template.",
		},
		{Name: "VSPHERE_REGION", Example: "region-a", Doc: "Tag of the region for storage and cloud controllers."},
		{Name: "VSPHERE_ZONE", Example: "zone-a", Doc: "Tag of the zone for storage and cloud controllers."},
		{
			Name: "VSPHERE_SSH_AUTHORIZED_KEY", Type: config.TypePublicKey,
			Example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f you@example.org",
			Doc:     "Public key that may log in to the nodes as user capv.",
		},
	})
}

func machineSizes() []config.Variable {
	sizes := []string{"small", "medium", "large", "extra-large"}
	const (
		leastMemory  = 1024 // MiB; kubeadm needs 1700 on a control plane
		leastControl = 2048
		leastCPUs    = 2 // kubeadm refuses a control plane with one
		leastDisk    = 20
	)
	number := func(name, def string, least int, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeInt, Default: def, Min: least, Doc: text}
	}
	sized := func(name, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeEnum, Values: sizes, Example: "medium", Doc: text}
	}
	return inSection("vSphere: how large machines are", []config.Variable{
		sized("SIZE", "Size of all machines: small, medium, large or extra-large."),
		sized("CONTROLPLANE_SIZE", "Size of control plane machines."),
		sized("WORKER_SIZE", "Size of workers."),
		number("VSPHERE_NUM_CPUS", "2", 1, "Processors of all machines; the names below are more specific."),
		number("VSPHERE_MEM_MIB", "4096", leastMemory, "Memory of all machines, in MiB."),
		number("VSPHERE_DISK_GIB", "40", leastDisk, "Disk of all machines, in GiB; not smaller than the template's."),
		number("VSPHERE_CONTROL_PLANE_NUM_CPUS", "2", leastCPUs, "Processors of a control plane machine."),
		number("VSPHERE_CONTROL_PLANE_MEM_MIB", "8192", leastControl, "Memory of a control plane machine, in MiB."),
		number("VSPHERE_CONTROL_PLANE_DISK_GIB", "40", leastDisk, "Disk of a control plane machine, in GiB."),
		number("VSPHERE_WORKER_NUM_CPUS", "2", 1, "Processors of a worker."),
		number("VSPHERE_WORKER_MEM_MIB", "4096", leastMemory, "Memory of a worker, in MiB."),
		number("VSPHERE_WORKER_DISK_GIB", "40", leastDisk, "Disk of a worker, in GiB."),
	})
}

func endpoint() []config.Variable {
	return inSection("vSphere: the endpoint of a cluster", []config.Variable{
		{
			Name: "VSPHERE_CONTROL_PLANE_ENDPOINT", Type: config.TypeHost, Role: config.RoleEndpoint, Required: config.UseCluster,
			Example: "192.0.2.10", Doc: "Address of the cluster's API, free and in the machines' network; kube-vip announces it. One per cluster.",
		},
		{Name: "VSPHERE_CONTROL_PLANE_ENDPOINT_PORT", Type: config.TypeInt, Default: "6443", Min: 1, Max: 65535, Doc: "Its port."},
		{Name: "VIP_NETWORK_INTERFACE", Default: "eth0", Doc: "Network interface of the nodes that kube-vip uses."},
	})
}

// loadBalancers are the names of NSX; TKG took them from 1.3 on.
func loadBalancers() []config.Variable {
	unused := func(name, def, text string) config.Variable {
		return config.Variable{Name: name, Default: def, Unused: true, Doc: text}
	}
	hidden := func(name, text string) config.Variable {
		return config.Variable{Name: name, Secret: true, Unused: true, Doc: text}
	}
	return inSection("vSphere: NSX", []config.Variable{
		unused("AVI_ENABLE", "false", "Use NSX Advanced Load Balancer."),
		unused("AVI_CONTROLLER", "", "Its controller."),
		unused("AVI_USERNAME", "", "User at the controller."),
		hidden("AVI_PASSWORD", "Password at the controller."),
		unused("AVI_CLOUD_NAME", "", "Cloud of the controller."),
		unused("AVI_SERVICE_ENGINE_GROUP", "", "Group of its engines."),
		unused("AVI_DATA_NETWORK", "", "Network of the addresses it gives out."),
		unused("AVI_DATA_NETWORK_CIDR", "", "The range of that network."),
		unused("AVI_CA_DATA_B64", "", "Certificate authority of the controller."),
		unused("AVI_LABELS", "", "Labels of the clusters it serves."),
		unused("AVI_CONTROL_PLANE_HA_PROVIDER", "", "Let it announce the cluster's endpoint."),
		unused("NSXT_POD_ROUTING_ENABLED", "false", "Routable pods."),
		hidden("NSXT_PASSWORD", "Password of NSX-T."),
		unused("AVI_*", "", "The other names of NSX Advanced Load Balancer."),
		unused("NSXT_*", "", "The other names of NSX-T."),
	})
}

func formerLoadBalancer() []config.Variable {
	former := func(name, example string) config.Variable {
		return config.Variable{
			Name: name, Example: example, Doc: "TKG 1.0 and 1.1: the load balancer VM of a cluster.",
			Deprecated: "is ignored: kube-vip announces the endpoint, and no load balancer VM is made",
			Remedy:     "remove it; VSPHERE_CONTROL_PLANE_ENDPOINT is the address of the cluster",
		}
	}
	return inSection("vSphere: names of TKG 1.0 and 1.1", []config.Variable{
		former("VSPHERE_HAPROXY_TEMPLATE", "/dc0/vm/photon-3-haproxy-v1.2.4"),
		former("VSPHERE_HA_PROXY_NUM_CPUS", "1"),
		former("VSPHERE_HA_PROXY_MEM_MIB", "2048"),
		former("VSPHERE_HA_PROXY_DISK_GIB", "30"),
	})
}

func inSection(section string, variables []config.Variable) []config.Variable {
	for i := range variables {
		variables[i].Section = section
	}
	return variables
}
