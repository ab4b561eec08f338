// Package providers is the contract between Slipway and an infrastructure provider's adapter, and the types they share.
// An adapter resolves and checks; it never applies objects to the management cluster, and it knows no command line.
package providers

import (
	"context"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Provider is one infrastructure provider's adapter. All calls are read-only but DeleteLeftover.
type Provider interface {
	// Name is the infrastructure's name on the command line ("vsphere"), and Slipway's folder of it in templates.
	Name() string
	// Preflight checks everything that the request needs of the cloud and reports all findings at once.
	// The error is for what stopped the checks themselves, such as a cancelled context.
	Preflight(ctx context.Context, r Request) (uerr.Findings, error)
	// Values resolves what only the cloud knows (which VM template carries this Kubernetes version) into the
	// variables of the ClusterClass, and names the credentials the controller needs. A cluster that is there keeps its
	// image as long as that carries the version asked for: a newer build of it is no reason to replace machines.
	Values(ctx context.Context, r Request) (Values, error)
	// Remaining lists what a cluster whose control plane is up still needs of its cloud and no controller does, such as a
	// role for an identity that came with it. It is asked again after each change, and an empty list means all is done.
	Remaining(ctx context.Context, r Request) ([]Task, error)
	// Leftovers lists what the cloud still holds in the name of a cluster that is gone.
	Leftovers(ctx context.Context, r Request) ([]Leftover, error)
	// DeleteLeftover removes one of them.
	DeleteLeftover(ctx context.Context, r Request, l Leftover) error
}

// Request is one cluster as asked for, with the configuration it was asked with.
type Request struct {
	Config            *config.Config
	Name, Namespace   string
	Plan              string
	KubernetesVersion string         // "v1.36.3"; empty means the newest that the cloud carries
	ControlPlane      int            // machines; 0 means the request is for a management plane only, without machines
	Workers           int            // machines
	Current           map[string]any // ClusterClass variables of the cluster as it is, as JSON values; nil for a new one
}

// Values is what an adapter resolved for one cluster.
type Values struct {
	KubernetesVersion string            // the version the chosen image carries
	Variables         map[string]any    // ClusterClass variable name -> JSON value
	Class             string            // which ClusterClass of the infrastructure; empty is the usual one, "clusterclass"
	Pools             []Pool            // worker pools; none means one, with all the workers of the request
	Gate              Gate              // what must be there first; the zero value holds nothing back
	Before            []Task            // what the cloud needs before the Cluster is applied; asked again, it is empty
	Credentials       map[string][]byte // data of the identity Secret; never rendered into a template, never printed
	Objects           []map[string]any  // of the management cluster, that the controller wants beside that Secret; no secrets
	NoAddons          bool              // no pod runs in the cluster: it gets no add-ons, and needs no pod network and no cloud provider
	CloudProvider     CloudProvider     // what the cloud's controller inside the cluster needs beside its manifests
	Controller        Controller
}

// Gate holds back part of a cluster until objects that its controllers make are ready, for a cloud in which one thing
// names another without waiting for it.
type Gate struct {
	Until  []Object       // in the namespace of the cluster
	Closed map[string]any // ClusterClass variables until then, in place of those of Values
}

// Object names an object of the management cluster that has a Ready condition.
type Object struct{ APIVersion, Kind, Name string }

// Task is one thing to do in a cloud.
type Task struct {
	What string // as a change: "role Network Contributor for the virtual node's identity"
	Do   func(ctx context.Context) error
}

// CloudProvider is what the cloud's controller inside a cluster needs beside its manifests in templates. Both are
// manifests themselves, to be applied in the cluster.
type CloudProvider struct {
	Config      []byte // may be read by everybody
	Credentials []byte // holds secrets; never rendered into a template, never printed
}

// Controller is upstream's controller of the infrastructure.
type Controller struct {
	Version   string            // of its release, such as "v1.14.0"
	Variables map[string]string // what its components need at install, by clusterctl's names; may hold secrets
}

// Pool is one set of equal workers.
type Pool struct {
	Name          string         // topology name, such as "md-0"
	Class         string         // of workers in the ClusterClass; empty is the usual one, "worker"
	FailureDomain string         // the cloud's name of a zone; empty leaves the choice to the controller
	Replicas      int            // machines
	Variables     map[string]any // ClusterClass variables that differ from the cluster's, as JSON values
}

// Leftover is one object of a cloud that belongs to a cluster that is gone.
type Leftover struct {
	Kind string `json:"kind"` // "VirtualMachine", "Folder", "Disk"
	ID   string `json:"id"`   // the cloud's own id
	Name string `json:"name"` // inventory path or name
}
