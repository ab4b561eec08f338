// Package capi installs Cluster API and its providers into a management cluster: it finds or fetches the provider
// artifacts (components, metadata, manager program), applies them by clusterctl's library, and tells what is installed.
// It knows no cloud and no Slipway configuration; it sees a management cluster only as a kubeconfig.
//
// Components are applied as upstream ships them: the image names and arguments stay. In particular nothing shortens the
// time that Cluster API takes to see a new workload cluster's API server. Each manager (core, kubeadm control plane,
// vSphere) tries to connect as soon as the infrastructure is provisioned, which is before any machine runs, and then again
// every 30 s. That interval is a constant of Cluster API's cluster cache (ConnectionCreationRetryInterval, v1.14.2) without
// a flag; the wait that people see is what remains of it when the API server comes up, up to 30 s and 15 s on average.
package capi

import (
	"path/filepath"
	"strings"

	clusterctlv1 "sigs.k8s.io/cluster-api/cmd/clusterctl/api/v1alpha3"
)

// ClusterAPIVersion is the release of Cluster API's own providers that this release of Slipway installs; e2e/managers
// builds the same. The version of an infrastructure's provider is its adapter's choice.
const ClusterAPIVersion = "v1.14.2"

// Names of files in a provider's folder of the repository.
const (
	MetadataFile = "metadata.yaml"
	ManagerFile  = "manager"
)

// Provider is one Cluster API provider at one version.
type Provider struct {
	Name    string // clusterctl's name: "cluster-api", "kubeadm", "vsphere"
	Type    clusterctlv1.ProviderType
	Version string // "v1.14.2"
}

// Providers lists what a management cluster for one infrastructure needs, in the order of installation.
func Providers(infrastructure, version string) []Provider {
	return []Provider{
		{Name: "cluster-api", Type: clusterctlv1.CoreProviderType, Version: ClusterAPIVersion},
		{Name: "kubeadm", Type: clusterctlv1.BootstrapProviderType, Version: ClusterAPIVersion},
		{Name: "kubeadm", Type: clusterctlv1.ControlPlaneProviderType, Version: ClusterAPIVersion},
		{Name: infrastructure, Type: clusterctlv1.InfrastructureProviderType, Version: version},
	}
}

// Label is clusterctl's name for the provider and its type together, such as "infrastructure-vsphere".
func (p Provider) Label() string { return clusterctlv1.ManifestLabel(p.Name, p.Type) }

// String is the label and the version, as shown to people.
func (p Provider) String() string { return p.Label() + " " + p.Version }

// ComponentsFile is the name that clusterctl gives the components of this type: "infrastructure-components.yaml".
func (p Provider) ComponentsFile() string {
	prefix, _, found := strings.Cut(p.Label(), "-"+p.Name)
	if p.Type == clusterctlv1.CoreProviderType || !found {
		prefix = "core"
	}
	return prefix + "-components.yaml"
}

// folder is where a repository keeps the provider.
func (p Provider) folder(repository string) string {
	return filepath.Join(repository, p.Label(), p.Version)
}
