package main

// provider is one upstream manager. Its version is not here: it is the one that its module's go.mod requires.
type provider struct {
	group      string // folder of the module that builds it, and its name on the command line
	label      string // clusterctl's provider label, which names the folder in the repository
	module     string // Go module that holds the manager
	pkg        string // main package in it, relative to the module
	config     string // kustomize folder in it, relative to the module
	components string // file name that clusterctl looks for
	image      string // repository of the image in upstream's releases
	versionPkg string // package whose gitVersion and so on are set when linking
	metadata   string // Go module whose metadata.yaml lists the release series
}

const (
	capiModule = "sigs.k8s.io/cluster-api"
	capvModule = "sigs.k8s.io/cluster-api-provider-vsphere"
	capaModule = "sigs.k8s.io/cluster-api-provider-aws/v2"
)

func all() []provider {
	return []provider{{
		group: "capi", label: "cluster-api", module: capiModule, pkg: "core", config: "core/config/default",
		components: "core-components.yaml", image: "registry.k8s.io/cluster-api/cluster-api-controller",
		versionPkg: capiModule + "/version", metadata: capiModule,
	}, {
		group: "capi", label: "bootstrap-kubeadm", module: capiModule, pkg: "bootstrap/kubeadm",
		config: "bootstrap/kubeadm/config/default", components: "bootstrap-components.yaml",
		image:      "registry.k8s.io/cluster-api/kubeadm-bootstrap-controller",
		versionPkg: capiModule + "/version", metadata: capiModule,
	}, {
		group: "capi", label: "control-plane-kubeadm", module: capiModule, pkg: "controlplane/kubeadm",
		config: "controlplane/kubeadm/config/default", components: "control-plane-components.yaml",
		image:      "registry.k8s.io/cluster-api/kubeadm-control-plane-controller",
		versionPkg: capiModule + "/version", metadata: capiModule,
	}, {
		group: "capv", label: "infrastructure-vsphere", module: capvModule, config: "config/default",
		components: "infrastructure-components.yaml", image: "registry.k8s.io/cluster-api-vsphere/cluster-api-vsphere-controller",
		versionPkg: capvModule + "/pkg/version", metadata: capvModule,
	}, {
		group: "capa", label: "infrastructure-aws", module: capaModule, config: "config/default",
		components: "infrastructure-components.yaml", image: "registry.k8s.io/cluster-api-aws/cluster-api-aws-controller",
		versionPkg: capaModule + "/version", metadata: capaModule,
	}, {
		group: "capd", label: "infrastructure-docker", module: capiModule + "/test", pkg: "infrastructure/docker",
		config: "infrastructure/docker/config/default", components: "infrastructure-components.yaml",
		image:      "gcr.io/k8s-staging-cluster-api/capd-manager",
		versionPkg: capiModule + "/version", metadata: capiModule,
	}}
}
