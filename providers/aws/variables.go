package aws

import (
	"slices"

	"github.com/slipway-sh/slipway/internal/config"
)

// Variables is AWS's table of config.yaml, with the names and defaults of TKG 1.x.
func Variables() []config.Variable {
	return slices.Concat(accountVariables(), networkVariables(), machineVariables())
}

func accountVariables() []config.Variable {
	return inSection("AWS: the account", []config.Variable{
		{Name: "AWS_REGION", Required: config.UseCloud, Example: "eu-central-1", Doc: "Region of the clusters."},
		{Name: "AWS_ACCESS_KEY_ID", Secret: true, Doc: "Id of the access key; without it AWS_PROFILE or the SDK's own sources are asked."},
		{Name: "AWS_SECRET_ACCESS_KEY", Secret: true, Doc: "Its secret."},
		{Name: "AWS_SESSION_TOKEN", Secret: true, Doc: "Session token of temporary credentials."},
		{Name: "AWS_PROFILE", Example: "default", Doc: "Profile of ~/.aws/credentials."},
		{Name: "AWS_B64ENCODED_CREDENTIALS", Secret: true, Doc: "Credentials as clusterawsadm prints them; runbooks export it."},
		{Name: "AWS_SSH_KEY_NAME", Required: config.UseCluster, Example: "default", Doc: "Key pair of the region that may log in to the nodes."},
	})
}

func networkVariables() []config.Variable {
	cidr := func(name, def, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeCIDR, Default: def, Doc: text}
	}
	named := func(name, example, text string) config.Variable {
		return config.Variable{Name: name, Example: example, Doc: text}
	}
	zone := named("AWS_NODE_AZ", "eu-central-1a", "Availability zone of the nodes.")
	zone.Required = config.UseCluster
	vpc := cidr("AWS_VPC_CIDR", "10.0.0.0/16", "Addresses of a new VPC.")
	vpc.Role = config.RoleNodeNetwork
	return inSection("AWS: the network", []config.Variable{
		zone,
		named("AWS_NODE_AZ_1", "eu-central-1b", "Second zone, for plans with three."),
		named("AWS_NODE_AZ_2", "eu-central-1c", "Third zone."),
		named("AWS_VPC_ID", "vpc-0123456789abcdef0", "VPC that is there already; then the subnets' ids are needed. Empty makes a new one."),
		vpc,
		cidr("AWS_PRIVATE_NODE_CIDR", "10.0.0.0/24", "New private subnet in the first zone."),
		cidr("AWS_PRIVATE_NODE_CIDR_1", "10.0.2.0/24", "New private subnet in the second zone."),
		cidr("AWS_PRIVATE_NODE_CIDR_2", "10.0.4.0/24", "New private subnet in the third zone."),
		cidr("AWS_PUBLIC_NODE_CIDR", "10.0.1.0/24", "New public subnet in the first zone."),
		cidr("AWS_PUBLIC_NODE_CIDR_1", "10.0.3.0/24", "New public subnet in the second zone."),
		cidr("AWS_PUBLIC_NODE_CIDR_2", "10.0.5.0/24", "New public subnet in the third zone."),
		named("AWS_PRIVATE_SUBNET_ID", "subnet-0123456789abcdef0", "Private subnet that is there already, first zone."),
		named("AWS_PRIVATE_SUBNET_ID_1", "subnet-0123456789abcdef1", "Private subnet that is there already, second zone."),
		named("AWS_PRIVATE_SUBNET_ID_2", "subnet-0123456789abcdef2", "Private subnet that is there already, third zone."),
		named("AWS_PUBLIC_SUBNET_ID", "subnet-0123456789abcdef3", "Public subnet that is there already, first zone."),
		named("AWS_PUBLIC_SUBNET_ID_1", "subnet-0123456789abcdef4", "Public subnet that is there already, second zone."),
		named("AWS_PUBLIC_SUBNET_ID_2", "subnet-0123456789abcdef5", "Public subnet that is there already, third zone."),
		{Name: keyBastion, Type: config.TypeBool, Default: "true", Doc: "Make a bastion host."},
		{Name: keyInternal, Type: config.TypeBool, Default: "false",
			Doc: "Give the Kubernetes API an address inside the VPC only, in place of one that the internet reaches."},
	})
}

func machineVariables() []config.Variable {
	count := func(name, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeInt, Min: 0, Max: 5000, Example: "1", Doc: text}
	}
	return inSection("AWS: the machines", []config.Variable{
		{Name: keyImage, Example: "ami-0123456789abcdef0", Doc: "Image of the nodes; empty finds the one of the Kubernetes version."},
		{Name: keyImageOwner, Default: "819546954734", Pattern: "^([0-9]{12}|self)$", PatternHint: "an account's 12 digits, or self",
			Doc: "Account whose images are looked at when AWS_AMI_ID is empty; the default is that of the upstream project."},
		{Name: "CONTROL_PLANE_MACHINE_TYPE", Default: "t3.large", Doc: "Instance type of control plane machines."},
		{Name: "NODE_MACHINE_TYPE", Default: "m5.large", Doc: "Instance type of workers."},
		{Name: "NODE_MACHINE_TYPE_1", Example: "m5.large", Doc: "Instance type of workers in the second zone."},
		{Name: "NODE_MACHINE_TYPE_2", Example: "m5.large", Doc: "Instance type of workers in the third zone."},
		{Name: keyControlPlaneDisk, Type: config.TypeInt, Min: 8, Max: 16384, Default: "80", Doc: "GiB of the root volume of control plane machines."},
		{Name: keyWorkerDisk, Type: config.TypeInt, Min: 8, Max: 16384, Default: "80", Doc: "GiB of the root volume of workers."},
		{Name: keyDiskType, Type: config.TypeEnum, Values: []string{"gp3", "gp2", "standard"}, Default: "gp3", Doc: "Type of root volumes."},
		{Name: keyTags, Example: "team=platform,stage=test", Doc: "Tags of everything that is made for a cluster, KEY=VALUE joined by commas."},
		count("WORKER_MACHINE_COUNT_0", "Workers in the first zone."),
		count("WORKER_MACHINE_COUNT_1", "Workers in the second zone."),
		count("WORKER_MACHINE_COUNT_2", "Workers in the third zone."),
	})
}

func inSection(section string, variables []config.Variable) []config.Variable {
	for i := range variables {
		variables[i].Section = section
	}
	return variables
}
