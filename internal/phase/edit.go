package phase

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// EditInput is what changing a setting of a cluster needs.
type EditInput struct {
	Client  *kube.Client
	Cluster kube.Key
	Edit    kube.TopologyEdit // with the values of the open gate
	Gate    providers.Gate
	Cloud   Cloud
	Holder  kube.Holder
	Wait    bool   // until the cloud has followed, instead of returning once the management cluster can do it by itself
	Resume  string // the command line that goes on with it
}

// Edit changes settings that a cluster was created with.
func Edit(in EditInput) Operation {
	c, key := in.Client, in.Cluster
	change := editTopology{client: c, key: key, edit: in.Edit}
	phases := []Phase{&lockCluster{client: c, key: key, holder: in.Holder}}
	phases = append(phases, in.Cloud.before()...)
	held, err := newGate(c, key, in.Gate)
	if err != nil {
		return Operation{Phases: []Phase{refused{err}}}
	}
	change.gate = held
	phases = append(phases, change)
	if held != nil {
		phases = append(phases, awaitGate{held}, release{
			gate: held,
			diff: func(ctx context.Context) ([]Change, error) { return c.DiffTopology(ctx, key, in.Edit) },
			open: func(ctx context.Context) error { return c.ApplyTopology(ctx, key, in.Edit) },
		})
	}
	if in.Wait {
		phases = append(phases, awaitTopology(c, key), awaitResources{client: c, key: key}, awaitControlPlane(c, key))
		phases = append(phases, in.Cloud.after(c, key)...)
		phases = append(phases, awaitWorkers(c, key))
	}
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("what was begun of %s goes on in the management cluster", key.Name),
		Resume:    in.Resume,
	}
}

// editTopology changes what the Cluster was created with.
type editTopology struct {
	client *kube.Client
	key    kube.Key
	edit   kube.TopologyEdit
	gate   *gate // nil when nothing is held back
}

func (editTopology) Name() string { return "cluster changed" }

func (p editTopology) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil {
		return nil, err
	}
	edit := p.edit
	if p.gate != nil && p.gate.closedIn(cluster) {
		edit = edit.With(p.gate.closed)
	}
	return p.client.DiffTopology(ctx, p.key, edit)
}

func (p editTopology) Apply(ctx context.Context, _ func(string)) error {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil {
		return err
	}
	shut, err := p.gate.shut(ctx, cluster)
	if err != nil {
		return err
	}
	if err := p.client.SetOperation(ctx, p.key, kube.OperationUpdate); err != nil {
		return err
	}
	edit := p.edit
	if shut {
		edit = edit.With(p.gate.closed)
	}
	return p.client.ApplyTopology(ctx, p.key, edit)
}

func awaitTopology(c *kube.Client, key kube.Key) Phase {
	return await{
		client: c, key: key, name: "topology followed", what: "Cluster API to follow the topology", done: kube.TopologyFollowed,
	}
}

// awaitResources ends when the resources of the cloud that have objects of their own are as they were asked for. Clouds
// whose controllers keep no such objects have nothing to wait for here.
type awaitResources struct {
	client *kube.Client
	key    kube.Key
}

func (awaitResources) Name() string { return "cloud followed" }

func (awaitResources) passing() {}

func (p awaitResources) Check(ctx context.Context) ([]Change, error) {
	behind, err := p.client.ResourceBehind(ctx, p.key)
	if uerr.ExitCode(err) == uerr.NotFound || behind == nil {
		return nil, err
	}
	return []Change{{Object: behind.Object.String(), From: behind.Why, To: "as asked for"}}, err
}

func (p awaitResources) Apply(ctx context.Context, note func(string)) error {
	return p.client.AwaitResources(ctx, p.key, note)
}
