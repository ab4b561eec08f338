package config

import (
	"fmt"
	"slices"
	"strings"
)

// Headings of the example file.
const (
	sectionBasic      = "Cluster"
	sectionNetwork    = "Pod and service networks"
	sectionHealth     = "Machine health checks"
	sectionProxy      = "Proxy"
	sectionRegistry   = "Image registry"
	sectionImage      = "Node image"
	sectionAutoscaler = "Autoscaler"
	sectionIdentity   = "Identity"
	sectionAntrea     = "Antrea"
	sectionOther      = "Other names of TKG"
)

// commonVariables is the table that holds for every infrastructure. The infrastructures that may be named are those
// whose tables were given.
func commonVariables(tables []Table) []Variable {
	var names []string
	for _, t := range tables {
		if t.Provider != "" && !slices.Contains(names, t.Provider) {
			names = append(names, t.Provider)
		}
	}
	slices.Sort(names)
	return slices.Concat(
		basicVariables(names), networkVariables(), healthVariables(), proxyVariables(), registryVariables(),
		imageVariables(), autoscalerVariables(), identityVariables(), antreaVariables(), otherVariables(),
	)
}

func basicVariables(infrastructures []string) []Variable {
	const size = "Size of the %s, by the infrastructure's name for it."
	return inSection(sectionBasic, []Variable{
		{Name: "CLUSTER_NAME", Role: RoleName, Example: "edge1", Doc: "Name of the cluster when the command names none."},
		{Name: "CLUSTER_PLAN", Example: "dev", Doc: "Plan when the command names none: dev, prod, or one of your own."},
		{Name: "CLUSTER_TYPE", Doc: "Kind of cluster, where the infrastructure has several; empty is the usual one."},
		{Name: "NAMESPACE", Default: "default", Role: RoleName, Doc: "Namespace of workload clusters in the management cluster."},
		{Name: "INFRASTRUCTURE_PROVIDER", Type: TypeEnum, Values: infrastructures, Doc: "Infrastructure when the command names none.",
			Example: strings.Join(infrastructures[max(0, len(infrastructures)-1):], "")}, // the last, or none of none
		{Name: "CONTROL_PLANE_MACHINE_COUNT", Type: TypeInt, Min: 1, Max: 9, Role: RoleOdd, Example: "3",
			Doc: "Control plane machines, an odd number; the plan says how many when this does not."},
		{Name: "WORKER_MACHINE_COUNT", Type: TypeInt, Max: 5000, Example: "3",
			Doc: "Worker machines; the plan says how many when this does not."},
		{Name: "SIZE", Example: "medium", Doc: fmt.Sprintf(size, "machines")},
		{Name: "CONTROLPLANE_SIZE", Example: "large", Doc: fmt.Sprintf(size, "control plane machines") + " Overrides SIZE."},
		{Name: "WORKER_SIZE", Example: "large", Doc: fmt.Sprintf(size, "workers") + " Overrides SIZE."},
		{Name: "KUBERNETES_VERSION", Type: TypeVersion, Example: "v1.36.3",
			Doc: "Kubernetes of new clusters; empty takes the newest that the infrastructure has an image of."},
		{Name: "CNI", Type: TypeEnum, Values: []string{"antrea", "calico", "none"}, Default: "antrea",
			Doc: "Pod network of new clusters; its manifest is read from addons/ of Slipway's home. none leaves it to you."},
	})
}

func networkVariables() []Variable {
	return inSection(sectionNetwork, []Variable{
		{Name: podsVariable, Type: TypeCIDR, Default: "100.96.0.0/11",
			Doc: "Addresses of pods. Each node takes a /24 of them. Must not overlap the services' or the nodes' network."},
		{Name: servicesVariable, Type: TypeCIDR, Default: "100.64.0.0/13",
			Doc: "Addresses of services, at most 20 bits of them."},
		{Name: "TKG_IP_FAMILY", Type: TypeEnum, Values: []string{"ipv4", "ipv6"}, Unused: true, Example: "ipv4",
			Doc: "IP family; the form of the two ranges above says it."},
	})
}

func healthVariables() []Variable {
	return inSection(sectionHealth, []Variable{
		{Name: "ENABLE_MHC", Type: TypeBool, Default: "true", Doc: "Replace machines whose node does not come up or stops answering."},
		{Name: "MACHINE_HEALTH_CHECK_ENABLED", Type: TypeBool, AliasOf: "ENABLE_MHC", Example: "true",
			Doc: "The name of ENABLE_MHC in TKG 1.1 and 1.2."},
		{Name: "NODE_STARTUP_TIMEOUT", Type: TypeDuration, Default: "20m", Doc: "How long a machine may take to become a node."},
		{Name: "MHC_UNKNOWN_STATUS_TIMEOUT", Type: TypeDuration, Default: "5m", Doc: "How long a node may be silent."},
		{Name: "MHC_FALSE_STATUS_TIMEOUT", Type: TypeDuration, Default: "12m", Doc: "How long a node may say that it is not ready."},
		{Name: "ENABLE_MHC_CONTROL_PLANE", Type: TypeBool, Unused: true, Example: "true", Doc: "TKG 1.4's switch for the control plane alone; see ENABLE_MHC."},
		{Name: "ENABLE_MHC_WORKER_NODE", Type: TypeBool, Unused: true, Example: "true", Doc: "TKG 1.4's switch for the workers alone; see ENABLE_MHC."},
	})
}

func proxyVariables() []Variable {
	return inSection(sectionProxy, []Variable{
		{Name: "TKG_HTTP_PROXY", Type: TypeURL, Secret: true, Example: "http://proxy.example.org:3128",
			Doc: "Proxy of the nodes for http. It may hold a password and is never printed."},
		{Name: "TKG_HTTPS_PROXY", Type: TypeURL, Secret: true, Example: "http://proxy.example.org:3128",
			Doc: "Proxy of the nodes for https. It may hold a password and is never printed."},
		{Name: "TKG_NO_PROXY", Example: ".example.org,10.0.0.0/8",
			Doc: "Hosts and networks that nodes reach directly, joined by commas; the cluster's own are added."},
		{Name: "TKG_PROXY_CA_CERT", Type: TypeBase64, Example: "LS0tLS1CRUdJTg==",
			Doc: "Certificate authority of a proxy that opens TLS, PEM in base64."},
	})
}

func registryVariables() []Variable {
	return inSection(sectionRegistry, []Variable{
		{Name: "TKG_CUSTOM_IMAGE_REPOSITORY", Example: "registry.example.org/kubernetes",
			Doc: "Your own registry, with a path when it has one, in place of the public ones."},
		{Name: "TKG_CUSTOM_IMAGE_REPOSITORY_SKIP_TLS_VERIFY", Type: TypeBool, Default: "false", Doc: "Trust whatever certificate it shows."},
		{Name: "TKG_CUSTOM_IMAGE_REPOSITORY_CA_CERTIFICATE", Type: TypeBase64, Example: "LS0tLS1CRUdJTg==",
			Doc: "Its certificate authority, PEM in base64."},
	})
}

func imageVariables() []Variable {
	return inSection(sectionImage, []Variable{
		{Name: "OS_NAME", Example: "ubuntu", Doc: "Operating system of the node image, when there are several: ubuntu, photon."},
		{Name: "OS_VERSION", Example: "24.04", Doc: "Its version."},
		{Name: "OS_ARCH", Example: "amd64", Doc: "Its processor architecture."},
	})
}

func autoscalerVariables() []Variable {
	unused := func(name string, t Type, def, text string) Variable {
		return Variable{Name: name, Type: t, Default: def, Unused: true, Example: "3", Doc: text}
	}
	return inSection(sectionAutoscaler, []Variable{
		unused("ENABLE_AUTOSCALER", TypeBool, "false", "Install the cluster autoscaler."),
		unused("AUTOSCALER_MAX_NODES_TOTAL", TypeInt, "0", "Nodes of all pools together; 0 is no limit."),
		unused("AUTOSCALER_SCALE_DOWN_DELAY_AFTER_ADD", TypeDuration, "10m", "Wait before removing nodes after one was added."),
		unused("AUTOSCALER_SCALE_DOWN_DELAY_AFTER_DELETE", TypeDuration, "10s", "Wait before removing nodes after one was removed."),
		unused("AUTOSCALER_SCALE_DOWN_DELAY_AFTER_FAILURE", TypeDuration, "3m", "Wait before removing nodes after that did not work."),
		unused("AUTOSCALER_SCALE_DOWN_UNNEEDED_TIME", TypeDuration, "10m", "How long a node must be idle to be removed."),
		unused("AUTOSCALER_MAX_NODE_PROVISION_TIME", TypeDuration, "15m", "How long a new node may take."),
		unused("AUTOSCALER_MIN_SIZE_0", TypeInt, "", "Smallest size of the first pool."),
		unused("AUTOSCALER_MIN_SIZE_1", TypeInt, "", "Smallest size of the second pool."),
		unused("AUTOSCALER_MIN_SIZE_2", TypeInt, "", "Smallest size of the third pool."),
		unused("AUTOSCALER_MAX_SIZE_0", TypeInt, "", "Largest size of the first pool."),
		unused("AUTOSCALER_MAX_SIZE_1", TypeInt, "", "Largest size of the second pool."),
		unused("AUTOSCALER_MAX_SIZE_2", TypeInt, "", "Largest size of the third pool."),
	})
}

func identityVariables() []Variable {
	return inSection(sectionIdentity, []Variable{
		{Name: "ENABLE_OIDC", Type: TypeBool, Default: "false", Unused: true, Doc: "Let users log in by OpenID Connect (TKG 1.0 to 1.2)."},
		{Name: "OIDC_ISSUER_URL", Type: TypeURL, Unused: true, Example: "https://login.example.org", Doc: "Who issues the tokens."},
		{Name: "OIDC_USERNAME_CLAIM", Unused: true, Example: "email", Doc: "Claim that names the user."},
		{Name: "OIDC_GROUPS_CLAIM", Unused: true, Example: "groups", Doc: "Claim that names the groups."},
		{Name: "OIDC_DEX_CA", Type: TypeBase64, Unused: true, Example: "LS0tLS1CRUdJTg==", Doc: "Certificate authority of the issuer, gzip in base64."},
		{Name: "IDENTITY_MANAGEMENT_TYPE", Type: TypeEnum, Values: []string{"oidc", "ldap", "none"}, Unused: true, Example: "oidc",
			Doc: "Kind of identity provider (TKG 1.3 and later)."},
		{Name: "OIDC_IDENTITY_PROVIDER_CLIENT_SECRET", Secret: true, Unused: true, Doc: "Secret of the client at the identity provider."},
		{Name: "LDAP_HOST", Unused: true, Example: "ldap.example.org:636", Doc: "Directory server and port."},
		{Name: "LDAP_BIND_DN", Unused: true, Example: "cn=bind,dc=example,dc=org", Doc: "Account that searches the directory."},
		{Name: "LDAP_BIND_PASSWORD", Secret: true, Unused: true, Doc: "Its password."},
		{Name: "OIDC_*", Unused: true, Doc: "The other OIDC names of TKG."},
		{Name: "LDAP_*", Unused: true, Doc: "The other LDAP names of TKG."},
		{Name: "PINNIPED_*", Unused: true, Doc: "TKG's settings of Pinniped."},
		{Name: "DEX_*", Unused: true, Doc: "TKG's settings of Dex."},
	})
}

func antreaVariables() []Variable {
	unused := func(name string, t Type, def, text string) Variable {
		return Variable{Name: name, Type: t, Default: def, Unused: true, Doc: text}
	}
	return inSection(sectionAntrea, []Variable{
		unused("ANTREA_NO_SNAT", TypeBool, "false", "Leave the source address of traffic that leaves the cluster."),
		unused("ANTREA_TRAFFIC_ENCAP_MODE", TypeString, "encap", "How traffic between nodes is wrapped."),
		unused("ANTREA_PROXY", TypeBool, "true", "Serve ClusterIPs by Antrea."),
		unused("ANTREA_POLICY", TypeBool, "true", "Antrea's own network policies."),
		unused("ANTREA_ENDPOINTSLICE", TypeBool, "false", "Read EndpointSlices."),
		unused("ANTREA_NODEPORTLOCAL", TypeBool, "false", "A port of the node for each pod."),
		unused("ANTREA_TRACEFLOW", TypeBool, "true", "Trace packets."),
		unused("ANTREA_*", TypeString, "", "The other settings of Antrea."),
	})
}

func otherVariables() []Variable {
	unused := func(name, example, text string) Variable {
		return Variable{Name: name, Unused: true, Example: example, Doc: text}
	}
	release := unused("KUBERNETES_RELEASE", "v1.20.5---vmware.1-tkg.1", "Tanzu Kubernetes release.")
	release.Unused = false
	release.Deprecated = "is ignored: Slipway knows no Tanzu Kubernetes releases"
	release.Remedy = "write KUBERNETES_VERSION: v1.36.3"
	return inSection(sectionOther, []Variable{
		release,
		unused("ENABLE_CEIP_PARTICIPATION", "false", "Telemetry; Slipway sends none."),
		unused("TMC_REGISTRATION_URL", "https://tmc.example.org", "Tanzu Mission Control."),
		unused("ENABLE_CLUSTER_OPTIONS", "oidc", "Options of TKG's templates."),
		unused("ENABLE_DEFAULT_STORAGE_CLASS", "true", "Make a default storage class in new clusters."),
		unused("ENABLE_AUDIT_LOGGING", "false", "Keep an audit log in the API server."),
		unused("CLUSTER_API_SERVER_PORT", "6443", "Port of the API in TKG 1.4."),
		unused("TKG_DEFAULT_IMAGE_REPOSITORY", "registry.example.org", "TKG's own registry."),
		unused("BUILD_EDITION", "tkg", "Written by the Tanzu CLI."),
		unused("PROVIDER_TYPE", "vsphere", "Written by the Tanzu CLI."),
		unused("TKG_VERSION", "v1.3.0", "Written by the Tanzu CLI."),
		unused("IS_WINDOWS_WORKLOAD_CLUSTER", "false", "Windows workers."),
	})
}

func inSection(section string, variables []Variable) []Variable {
	for i := range variables {
		variables[i].Section = section
	}
	return variables
}
