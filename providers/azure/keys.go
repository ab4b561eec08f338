package azure

// The variables that say who is asking, and of which subscription.
const (
	keyEnvironment         = "AZURE_ENVIRONMENT"
	keyTenant              = "AZURE_TENANT_ID"
	keySubscription        = "AZURE_SUBSCRIPTION_ID"
	keyClient              = "AZURE_CLIENT_ID"
	keySecret              = "AZURE_CLIENT_SECRET" //nolint:gosec // the name of a variable, not its value
	keyCertificate         = "AZURE_CLIENT_CERTIFICATE"
	keyCertificatePassword = "AZURE_CLIENT_CERTIFICATE_PASSWORD" //nolint:gosec // the name of a variable, not its value
	keyFederated           = "AZURE_FEDERATED_TOKEN_FILE"
)

// The variables that say where a cluster stands.
const (
	keyLocation    = "AZURE_LOCATION"
	keyGroup       = "AZURE_RESOURCE_GROUP"
	keyTags        = "AZURE_CUSTOM_TAGS"
	keySSH         = "AZURE_SSH_PUBLIC_KEY_B64"
	keyVNetGroup   = "AZURE_VNET_RESOURCE_GROUP"
	keyVNet        = "AZURE_VNET_NAME"
	keyVNetCIDR    = "AZURE_VNET_CIDR"
	keyNodeSubnet  = "AZURE_NODE_SUBNET_NAME"
	keyNodeCIDR    = "AZURE_NODE_SUBNET_CIDR"
	keyPrivate     = "AZURE_ENABLE_PRIVATE_CLUSTER"
	keyServices    = "SERVICE_CIDR"
	keyPods        = "CLUSTER_CIDR"
	keyVirtualNode = "AZURE_VIRTUAL_NODE_ENABLED"
	keyVirtualName = "AZURE_VIRTUAL_NODE_SUBNET_NAME"
	keyVirtualCIDR = "AZURE_VIRTUAL_NODE_SUBNET_CIDR"
	keyPlugin      = "AZURE_AKS_NETWORK_PLUGIN"
	keyPluginMode  = "AZURE_AKS_NETWORK_PLUGIN_MODE"
	keyPolicy      = "AZURE_AKS_NETWORK_POLICY"
	keyDataplane   = "AZURE_AKS_DATAPLANE"
	keyDNS         = "AZURE_AKS_DNS_SERVICE_IP"
	keyZone        = "AZURE_NODE_AZ"
)

// The variables that say what a cluster is.
const (
	keyClusterType      = "CLUSTER_TYPE"
	keyVersion          = "KUBERNETES_VERSION"
	keyWorkers          = "WORKER_MACHINE_COUNT"
	keyNodeType         = "AZURE_NODE_MACHINE_TYPE"
	keyControlPlaneType = "AZURE_CONTROL_PLANE_MACHINE_TYPE"
	keyNodeDisk         = "AZURE_NODE_OS_DISK_SIZE_GIB"
	keySystemCount      = "AZURE_AKS_SYSTEM_MACHINE_COUNT"
	keySystemType       = "AZURE_AKS_SYSTEM_MACHINE_TYPE"
	keyTier             = "AZURE_AKS_TIER"
	keyMaxPods          = "AZURE_AKS_MAX_PODS"
	keyIssuer           = "AZURE_AKS_OIDC_ISSUER"
	keyWorkloadIdentity = "AZURE_AKS_WORKLOAD_IDENTITY"
	keyIdentity         = "AZURE_AKS_IDENTITY_ID"
)
