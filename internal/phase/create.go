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

	// Update has a cluster that came up before take the new settings, instead of being refused.
	Update      bool
	RemovePools []string        // pools of a cluster that is there, which go with their machines
	Mark        *kube.FleetMark // is noted on the Cluster of a fleet; nil elsewhere
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
	for _, pool := range in.RemovePools { // first, or another owner of one of their fields would keep a part of it
		phases = append(phases, removePool{client: c, key: key, pool: pool})
	}
	phases = append(phases, apply)
	phases = append(phases, in.marked(key, false)...)
	phases = append(phases,
		adopt{client: c, cluster: key, class: theClass, belongings: own},
		tidyClasses{client: c, cluster: key},
	)
	phases = append(phases, released...)
	if !in.NoWait {
		phases = append(phases, in.waits(key)...)
	}
	phases = append(phases, in.marked(key, true)...)
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("what was begun of %s goes on in the management cluster", key.Name),
		Resume:    in.Resume,
	}
}

// waits end when the cluster is what was asked for, and its cloud has what only then can be done.
func (in CreateInput) waits(key kube.Key) []Phase {
	c := in.Client
	phases := []Phase{awaitInfrastructure(c, key)}
	if in.Update {
		phases = append(phases, awaitTopology(c, key), awaitResources{client: c, key: key})
	}
	phases = append(phases, awaitControlPlane(c, key))
	phases = append(phases, in.Cloud.after(c, key)...)
	if in.Update {
		return append(phases, awaitVersion(c, key, in.Objects.Cluster.Spec.Topology.Version)...)
	}
	return append(phases, awaitWorkers(c, key))
}

// marked is the phase that notes the fleet on the Cluster, none outside of fleets. What was asked for is noted only once
// it is done, so that an operation that was stopped is gone on with.
func (in CreateInput) marked(key kube.Key, done bool) []Phase {
	if in.Mark == nil {
		return nil
	}
	m := *in.Mark
	if m.Awaited = done && !in.NoWait; !done {
		m.Asked = ""
	}
	return []Phase{mark{client: in.Client, key: key, mark: m, done: done}}
}

// gatedCluster gives the phase that applies the Cluster, and those that release what its gate holds back of it.
func gatedCluster(in CreateInput, key kube.Key) (applyCluster, []Phase, error) {
	c, open := in.Client, in.Objects.Cluster
	apply := applyCluster{client: c, key: key, desired: open, update: in.Update}
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
