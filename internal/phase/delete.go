package phase

import (
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
)

// DeleteInput is what deleting a cluster needs.
type DeleteInput struct {
	Client     *kube.Client
	Cluster    kube.Key
	Holder     kube.Holder
	Wait       bool   // until the cluster is gone, instead of returning once accepted
	Kubeconfig string // the user's kubeconfig file, from which the cluster's context is taken; empty leaves it alone
	Resume     string // the command line that goes on with it
}

// Delete removes a cluster with all its machines. Typed again while the cluster is going it joins in; of a cluster that
// is not there the error has the exit code of "not found".
//
// When nobody waits, the identity Secret goes by its owner references; an unused class is removed by the next create or
// delete in the namespace.
func Delete(in DeleteInput) Operation {
	d := &deletion{client: in.Client, key: in.Cluster}
	phases := []Phase{
		findCluster{d},
		&lockCluster{client: in.Client, key: in.Cluster, holder: in.Holder, unless: func() bool { return d.missing != nil }},
		deleteCluster{d},
	}
	if in.Wait {
		phases = append(phases, awaitGone{d})
	}
	phases = append(phases, orphans{d}, tidyClasses{client: in.Client, cluster: in.Cluster})
	if in.Kubeconfig != "" {
		phases = append(phases, forgetContext{path: in.Kubeconfig, context: kube.ContextName(in.Cluster.Name)})
	}
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("the management cluster goes on deleting %s", in.Cluster.Name),
		Resume:    in.Resume,
		verdict:   func() error { return d.missing },
	}
}
