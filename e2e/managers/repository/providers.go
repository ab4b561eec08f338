package main

import (
	"path"

	"sigs.k8s.io/kustomize/api/resource"
)

// program is one manager. Its version is not here: it is the one that its module's go.mod requires.
type program struct {
	group      string // folder of the module that builds it, and its name on the command line
	module     string // Go module that holds it
	pkg        string // main package in it, relative to the module
	image      string // repository of the image in upstream's releases
	versionPkg string // package whose gitVersion and so on are set when linking
	versionVar string // variable of the version, of a program that has no such package
	deployment string // which runs it; empty for a provider's own program, which all other Deployments run
}

// provider is one folder of the repository: the components, and the programs that they name. Its version is its own program's.
type provider struct {
	program
	label      string // clusterctl's provider label, which names the folder in the repository
	config     string // kustomize folder in the module, relative to it
	components string // file name that clusterctl looks for
	metadata   string // Go module whose metadata.yaml lists the release series
	further    []program
	overlay    overlay                       // changes a copy of the module's folder before it is rendered; nil for most
	drops      func(*resource.Resource) bool // what is rendered and not wanted; nil for nothing
}

const infrastructureFile = "infrastructure-components.yaml"

const (
	capiModule = "sigs.k8s.io/cluster-api"
	capvModule = "sigs.k8s.io/cluster-api-provider-vsphere"
	capaModule = "sigs.k8s.io/cluster-api-provider-aws/v2"
	capzModule = "sigs.k8s.io/cluster-api-provider-azure"
	asoModule  = "github.com/Azure/azure-service-operator/v2"
)

func all() []provider {
	return []provider{{
		program: capiProgram("core", "cluster-api-controller"),
		label:   "cluster-api", config: "core/config/default", components: "core-components.yaml", metadata: capiModule,
	}, {
		program: capiProgram("bootstrap/kubeadm", "kubeadm-bootstrap-controller"),
		label:   "bootstrap-kubeadm", config: "bootstrap/kubeadm/config/default", components: "bootstrap-components.yaml", metadata: capiModule,
	}, {
		program: capiProgram("controlplane/kubeadm", "kubeadm-control-plane-controller"),
		label:   "control-plane-kubeadm", config: "controlplane/kubeadm/config/default",
		components: "control-plane-components.yaml", metadata: capiModule,
	}, {
		program: program{group: "capv", module: capvModule, versionPkg: capvModule + "/pkg/version",
			image: "registry.k8s.io/cluster-api-vsphere/cluster-api-vsphere-controller"},
		label: "infrastructure-vsphere", config: "config/default", components: infrastructureFile, metadata: capvModule,
	}, {
		program: program{group: "capa", module: capaModule, versionPkg: capaModule + "/version",
			image: "registry.k8s.io/cluster-api-aws/cluster-api-aws-controller"},
		label: "infrastructure-aws", config: "config/default", components: infrastructureFile, metadata: capaModule,
	}, {
		program: program{group: "capz", module: capzModule, versionPkg: capzModule + "/version",
			image: "registry.k8s.io/cluster-api-azure/cluster-api-azure-controller"},
		label: "infrastructure-azure", config: "config/default", components: infrastructureFile, metadata: capzModule,
		further: []program{{group: "aso", module: asoModule, pkg: "cmd/controller", versionVar: asoModule + "/internal/version.BuildVersion",
			image: "mcr.microsoft.com/k8s/azureserviceoperator", deployment: "azureserviceoperator-controller-manager"}},
		overlay: azure, drops: unusedKind,
	}, {
		program: program{group: "capd", module: capiModule + "/test", pkg: "infrastructure/docker", versionPkg: capiModule + "/version",
			image: "gcr.io/k8s-staging-cluster-api/capd-manager"},
		label: "infrastructure-docker", config: "infrastructure/docker/config/default", components: infrastructureFile, metadata: capiModule,
	}}
}

func capiProgram(pkg, image string) program {
	return program{group: "capi", module: capiModule, pkg: pkg, image: "registry.k8s.io/cluster-api/" + image, versionPkg: capiModule + "/version"}
}

// programs are all that the provider's components run, its own first.
func (p provider) programs() []program { return append([]program{p.program}, p.further...) }

// file is the program's name in the provider's folder, which is where a plane looks: NAME_TAG of the image, or manager.
func (p program) file(version string) string {
	if p.deployment == "" {
		return managerFile
	}
	return path.Base(p.image) + "_" + version
}
