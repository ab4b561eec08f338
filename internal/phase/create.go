package phase

import (
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CreateInput is what creating a cluster needs.
type CreateInput struct {
	Client  *kube.Client
	Objects *render.Objects
	Holder  kube.Holder
	NoWait  bool   // return once the management cluster has taken the Cluster
	Resume  string // the command line that goes on with it
}

// Create makes a cluster and waits until it is what was asked for.
func Create(in CreateInput) Operation {
	c, key := in.Client, client.ObjectKeyFromObject(in.Objects.Cluster)
	theClass := class{client: c, objects: in.Objects.Class}
	own := belongings{client: c, cluster: key, objects: belongingsOf(in.Objects)}
	phases := []Phase{
		namespace{client: c, name: key.Namespace},
		&lockCluster{client: c, key: key, holder: in.Holder},
		theClass,
		own,
		applyCluster{client: c, key: key, desired: in.Objects.Cluster},
		adopt{client: c, cluster: key, class: theClass, belongings: own},
		tidyClasses{client: c, cluster: key},
	}
	if !in.NoWait {
		phases = append(phases, awaitInfrastructure(c, key), awaitControlPlane(c, key), awaitWorkers(c, key))
	}
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("what was begun of %s goes on in the management cluster", key.Name),
		Resume:    in.Resume,
	}
}
