package phase

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
)

// CreateInput is what creating a cluster needs.
type CreateInput struct {
	Client  *kube.Client
	Objects *render.Objects
	Cloud   Cloud
	Holder  kube.Holder
	// NoWait returns once the management cluster has taken the Cluster and can build it by itself: a Cluster that is held
	// back by a gate is still released, and what remains in the cloud after its control plane is up is left.
	NoWait bool
	Resume string // the command line that goes on with it
}

// Create makes a cluster and waits until it is what was asked for.
func Create(in CreateInput) Operation {
	c, key := in.Client, client.ObjectKeyFromObject(in.Objects.Cluster)
	theClass := class{client: c, objects: in.Objects.Class}
	own := belongings{client: c, cluster: key, objects: belongingsOf(in.Objects)}
	apply, released, err := gatedCluster(in, key)
	if err != nil {
		return Operation{Phases: []Phase{refused{err}}}
	}
	phases := []Phase{
		namespace{client: c, name: key.Namespace},
		&lockCluster{client: c, key: key, holder: in.Holder},
		theClass,
		own,
	}
	phases = append(phases, in.Cloud.before()...)
	phases = append(phases,
		apply,
		adopt{client: c, cluster: key, class: theClass, belongings: own},
		tidyClasses{client: c, cluster: key},
	)
	phases = append(phases, released...)
	if !in.NoWait {
		phases = append(phases, awaitInfrastructure(c, key), awaitControlPlane(c, key))
		phases = append(phases, in.Cloud.after(c, key)...)
		phases = append(phases, awaitWorkers(c, key))
	}
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("what was begun of %s goes on in the management cluster", key.Name),
		Resume:    in.Resume,
	}
}

// gatedCluster gives the phase that applies the Cluster, and those that release what its gate holds back of it.
func gatedCluster(in CreateInput, key kube.Key) (applyCluster, []Phase, error) {
	c, open := in.Client, in.Objects.Cluster
	apply := applyCluster{client: c, key: key, desired: open}
	closed, err := in.Objects.Closed()
	if err != nil || closed == nil {
		return apply, nil, err
	}
	apply.closed = closed
	if apply.gate, err = newGate(c, key, in.Objects.Gate); err != nil {
		return apply, nil, err
	}
	return apply, []Phase{awaitGate{apply.gate}, release{
		gate: apply.gate,
		diff: func(ctx context.Context) ([]Change, error) { return c.Diff(ctx, open) },
		open: func(ctx context.Context) error { return c.Apply(ctx, open) },
	}}, nil
}
