package phase

import (
	"context"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
)

// await ends when the Cluster satisfies its test. On time-out it returns the condition that was still unmet, with its
// message, not the time-out alone.
type await struct {
	client *kube.Client
	key    kube.Key
	name   string                              // as a state: "control plane ready"
	what   string                              // after "timed out waiting for": "the control plane"
	count  func(*clusterv1.Cluster) kube.Count // of the machines waited for; nil when it is about something else
	done   func(*clusterv1.Cluster) bool
}

func (p await) Name() string { return p.name }

func (await) passing() {}

func (p await) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil {
		return nil, err
	}
	if p.done(cluster) {
		return p.unreplaced(ctx, cluster)
	}
	change := Change{Object: kube.ClusterName(p.key), To: p.name}
	if p.count != nil {
		change.From = p.count(cluster).String()
	}
	return []Change{change}, nil
}

// unreplaced is what is still to be replaced in a cluster whose numbers say that all is done.
func (p await) unreplaced(ctx context.Context, cluster *clusterv1.Cluster) ([]Change, error) {
	if p.count == nil {
		return nil, nil
	}
	behind, err := p.client.RolloutBehind(ctx, cluster)
	if err != nil || behind == nil {
		return nil, err
	}
	return []Change{{Object: behind.Object.String(), From: behind.Why, To: "replaced"}}, nil
}

func (p await) Apply(ctx context.Context, note func(string)) error {
	if p.count != nil {
		return p.client.AwaitReplaced(ctx, p.key, p.what, p.done, note)
	}
	return p.client.Await(ctx, p.key, p.what, p.done, note)
}

func awaitInfrastructure(c *kube.Client, key kube.Key) Phase {
	return await{client: c, key: key, name: "infrastructure ready", what: "the infrastructure", done: kube.InfrastructureReady}
}

func awaitControlPlane(c *kube.Client, key kube.Key) Phase {
	return await{
		client: c, key: key, name: "control plane ready", what: "the control plane",
		count: kube.ControlPlaneCount, done: kube.ControlPlaneReady,
	}
}

// awaitWorkers is always the last wait, so it ends when the cluster as a whole is what was asked for.
func awaitWorkers(c *kube.Client, key kube.Key) Phase {
	return await{
		client: c, key: key, name: "workers ready", what: "the workers",
		count: kube.WorkerCount, done: kube.Settled,
	}
}
