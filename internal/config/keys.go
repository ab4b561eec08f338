package config

// Keys of a file with a list of clusters. An entry of clusters and defaults take the same ones, but that name is an
// entry's only.
const (
	keyClusters = "clusters"
	keyDefaults = "defaults"
	keyFleet    = "fleet" // at the top only: whose the clusters are
	keyHooks    = "hooks" // at the top only: who is told of them

	keyLabels     = "labels"
	keyManagement = "managementCluster"
	keyPools      = "pools"
	keyProtect    = "protect"
	keyVariables  = "variables"
	keyWorkers    = "workers"
)

const (
	nameVariable           = "CLUSTER_NAME"
	namespaceVariable      = "NAMESPACE"
	infrastructureVariable = "INFRASTRUCTURE_PROVIDER"
	planVariable           = "CLUSTER_PLAN"
	workersVariable        = "WORKER_MACHINE_COUNT"
)

// shortcut is a key of an entry that stands for a variable.
type shortcut struct{ key, variable, doc string }

func shortcuts() []shortcut {
	return []shortcut{
		{keyName, nameVariable, "Name of the cluster."},
		{"namespace", namespaceVariable, "Namespace of the cluster in its management cluster."},
		{"infrastructure", infrastructureVariable, "Infrastructure of the cluster."},
		{"type", "CLUSTER_TYPE", "Kind of cluster, where the infrastructure has several."},
		{"plan", planVariable, "Plan of the cluster: dev, prod, or one of your own."},
		{"controlPlane", "CONTROL_PLANE_MACHINE_COUNT", "Control plane machines, an odd number."},
		{keyWorkers, workersVariable, "Worker machines; with pools they are counted there."},
		{"kubernetesVersion", "KUBERNETES_VERSION", "Version of Kubernetes."},
	}
}

// shortcutOf is the shortcut with that key.
func shortcutOf(key string) (shortcut, bool) {
	for _, s := range shortcuts() {
		if s.key == key {
			return s, true
		}
	}
	return shortcut{}, false
}

// entryKeys are the keys of an entry, in the order of the documentation.
func entryKeys() []string {
	var keys []string
	for _, s := range shortcuts() {
		keys = append(keys, s.key)
	}
	return append(keys, keyManagement, keyLabels, keyProtect, keyPools, keyVariables)
}
