package phase

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
)

// HealthCheckInput is what changing a cluster's machine health checks needs.
type HealthCheckInput struct {
	Client  *kube.Client
	Cluster kube.Key
	Edit    kube.HealthEdit
	Holder  kube.Holder
	Resume  string // the command line that goes on with it
}

// SetHealthCheck changes, or switches off, machine health checks of a cluster.
func SetHealthCheck(in HealthCheckInput) Operation {
	return Operation{
		Phases: []Phase{
			&lockCluster{client: in.Client, key: in.Cluster, holder: in.Holder},
			healthCheck{client: in.Client, key: in.Cluster, edit: in.Edit},
			await{
				client: in.Client, key: in.Cluster, name: "topology followed", what: "Cluster API to follow the topology",
				done: kube.TopologyFollowed,
			},
		},
		Meanwhile: fmt.Sprintf("nothing of %s's machines is touched", in.Cluster.Name),
		Resume:    in.Resume,
	}
}

type healthCheck struct {
	client *kube.Client
	key    kube.Key
	edit   kube.HealthEdit
}

func (healthCheck) Name() string { return "machine health checks" }

func (p healthCheck) Check(ctx context.Context) ([]Change, error) {
	return p.client.DiffHealth(ctx, p.key, p.edit)
}

func (p healthCheck) Apply(ctx context.Context, _ func(string)) error {
	if p.edit.Topology != nil {
		if err := p.client.SetOperation(ctx, p.key, kube.OperationUpdate); err != nil {
			return err
		}
	}
	return p.client.ApplyHealth(ctx, p.key, p.edit)
}
