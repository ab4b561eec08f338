// Package fleet brings many clusters to what their files say: it compares, orders and limits the work, and has one result
// for each cluster. What is done to a cluster is internal/phase's, what is asked for internal/config's. It knows no
// command line, no terminal and no cloud.
package fleet

import (
	"context"
	"slices"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// Management is a management cluster that entries name.
type Management struct {
	Name   string
	Client *kube.Client
}

// Desired is one cluster as its file asks for it.
type Desired struct {
	Management     string // name of one of Input.Managements
	Key            kube.Key
	Where          string // place in the file
	Infrastructure string
	Family         string
	Labels         map[string]string
	Protect        bool
	Asked          string // fingerprint of everything that is asked for, but secrets
	Secrets        kube.Source
	Version        string // of Kubernetes; empty means the one that the cluster has, or the newest
	Size           string // for people: "3 + 5 machines"

	Limits providers.Limits // of the cloud, which the work has to keep
	// Preflight asks the cloud whether it can provide this; live is nil for a new cluster.
	Preflight func(ctx context.Context, live *clusterv1.Cluster) (uerr.Findings, error)
	// Resolve makes the objects, as create cluster does.
	Resolve func(ctx context.Context, live *clusterv1.Cluster) (*Resolved, error)
}

// Resolved is what a cluster is made of.
type Resolved struct {
	Objects *render.Objects
	Cloud   phase.Cloud
	Fixed   []string // variables that cannot change while the cluster is there; see providers.Fixer
}

// Action is what is to be done about a cluster.
type Action string

// The actions, in the order in which a plan lists them.
const (
	Refuse Action = "refuse" // cannot be made what is asked for; Finding says why, and what to do
	Delete Action = "delete"
	Create Action = "create"
	Change Action = "change"
	Finish Action = "finish" // nothing changes, but an earlier run was stopped, or did not wait
	Leave  Action = "leave"
)

// Item is one line of a plan.
type Item struct {
	Management string        `json:"managementCluster,omitempty"`
	Namespace  string        `json:"namespace"`
	Name       string        `json:"name"`
	Where      string        `json:"where,omitempty"`
	Action     Action        `json:"action"`
	Why        string        `json:"why,omitempty"`
	Replaces   bool          `json:"replacesMachines,omitempty"`
	Changes    []kube.Change `json:"changes,omitempty"`
	Drift      []kube.Change `json:"drift,omitempty"` // what somebody else changed since it was applied last

	findings uerr.Findings // of a refusal
	client   *kube.Client
	beside   *kube.Inventory // what is there of the cluster beside its Cluster
	desired  *Desired        // nil of a deletion
	live     *clusterv1.Cluster
	resolved *Resolved  // nil until it was needed
	remove   []string   // pools
	late     chan *Item // gives the item as it is decided, of one that is unknown yet
}

// Key names the cluster in its management cluster.
func (i *Item) Key() kube.Key { return kube.Key{Namespace: i.Namespace, Name: i.Name} }

// Family is the fleet that the cluster is in, or is to be in.
func (i *Item) Family() string {
	if i.desired != nil {
		return i.desired.Family
	}
	return kube.Mark(i.live).Family
}

// Infrastructure is where the cluster runs.
func (i *Item) Infrastructure() string {
	if i.desired != nil {
		return i.desired.Infrastructure
	}
	return i.live.Labels[render.LabelInfrastructure]
}

// Title is the cluster's name, with its namespace where that is not the usual one.
func (i *Item) Title() string {
	if i.Namespace == "default" {
		return i.Name
	}
	return i.Namespace + "/" + i.Name
}

// Plan is what the files and the management clusters differ in.
type Plan struct {
	Items []*Item

	unread uerr.Findings
}

// Unread says which management clusters that no item names could not be read, so that nobody knows what is gone there.
func (p *Plan) Unread() uerr.Findings { return p.unread }

// Work are the items that something is done about; deletions only when they are to be pruned.
func (p *Plan) Work(prune bool) []*Item {
	var out []*Item
	for _, i := range p.Items {
		if i.Action != Leave && (i.Action != Delete || prune) {
			out = append(out, i)
		}
	}
	return out
}

// Count is how many items have that action.
func (p *Plan) Count(action Action) int {
	n := 0
	for _, i := range p.Items {
		if i.Action == action {
			n++
		}
	}
	return n
}

// Dangerous says whether machines go that carry somebody's work: of deleted clusters, or replaced ones.
func (p *Plan) Dangerous() bool {
	for _, i := range p.Items {
		if i.Action == Delete || i.Replaces {
			return true
		}
	}
	return false
}

// Findings are why items cannot be done.
func (p *Plan) Findings() uerr.Findings {
	out := slices.Clone(p.unread)
	for _, i := range p.Items {
		out = append(out, i.findings...)
	}
	return out
}
