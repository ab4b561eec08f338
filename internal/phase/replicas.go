package phase

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// checkSize refuses numbers of machines that cannot work, all at once and before anything is touched.
type checkSize struct {
	client *kube.Client
	key    kube.Key
	size   kube.Size
}

func (checkSize) Name() string { return "request checked" }

func (checkSize) asking() {}

func (p checkSize) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, kube.DeletingError(p.key)
	}
	if wrong := p.findings(kube.ControlPlaneCount(cluster).Managed).Err(); wrong != nil {
		return nil, wrong
	}
	return nil, kube.CheckSize(cluster, p.size)
}

func (p checkSize) findings(managed bool) uerr.Findings {
	var out uerr.Findings
	refuse := func(flag, problem, next string) {
		out = append(out, uerr.Finding{Code: uerr.Usage, Where: flag, Problem: problem, Next: next})
	}
	const control, workers = "--controlplane-machine-count", "--worker-machine-count"
	if p.size.ControlPlane == nil && p.size.Workers == nil && p.size.Pool == "" {
		refuse(control, "nothing to change: neither it nor "+workers+" is given", "add -w N or -c N")
	}
	if n := p.size.ControlPlane; n != nil {
		switch {
		case managed:
			refuse(control, "the infrastructure runs this cluster's control plane, it has no machines to count", "leave out -c")
		case *n < 1:
			refuse(control, fmt.Sprintf("%d is no number of control plane machines", *n), "use 1, 3 or 5")
		case *n%2 == 0:
			refuse(control, fmt.Sprintf("%d is even, and etcd needs an odd number of members to survive the loss of one", *n),
				fmt.Sprintf("use %d or %d", *n-1, *n+1))
		}
	}
	if p.size.Pool != "" && p.size.Workers == nil {
		refuse("--node-pool", "it is not said how many workers pool "+p.size.Pool+" is to have", "add -w N")
	}
	if n := p.size.Workers; n != nil && *n < 0 {
		refuse(workers, fmt.Sprintf("%d is no number of workers", *n), "use 0 or more")
	}
	return out
}

func (checkSize) Apply(context.Context, func(string)) error { return nil }

// replicas asks for another number of machines.
type replicas struct {
	client *kube.Client
	key    kube.Key
	size   kube.Size
}

func (replicas) Name() string { return "size changed" }

func (p replicas) Check(ctx context.Context) ([]Change, error) {
	return p.client.DiffSize(ctx, p.key, p.size)
}

func (p replicas) Apply(ctx context.Context, _ func(string)) error {
	if err := p.client.SetOperation(ctx, p.key, kube.OperationUpdate); err != nil {
		return err
	}
	return p.client.ApplySize(ctx, p.key, p.size)
}
