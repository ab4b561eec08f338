package phase

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// PoolInput is what changing one pool of a cluster's workers needs.
type PoolInput struct {
	Client  *kube.Client
	Cluster kube.Key
	Edit    kube.PoolEdit // of a deletion only the name counts
	Holder  kube.Holder
	Wait    bool   // until every machine asked for is up, instead of returning once accepted
	Resume  string // the command line that goes on with it
	Follow  string // the one that shows a cluster whose pool is gone already
}

// SetPool changes a pool of workers, or adds one.
func SetPool(in PoolInput) Operation {
	c, key := in.Client, in.Cluster
	return in.operation([]Phase{
		checkPool{client: c, key: key, edit: in.Edit},
		&lockCluster{client: c, key: key, holder: in.Holder},
		setPool{client: c, key: key, edit: in.Edit},
	})
}

func (in PoolInput) operation(phases []Phase) Operation {
	if in.Wait {
		phases = append(phases, awaitControlPlane(in.Client, in.Cluster), awaitWorkers(in.Client, in.Cluster))
	}
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("the management cluster goes on with the pools of %s", in.Cluster.Name),
		Resume:    in.Resume,
	}
}

// checkPool refuses what cannot work before anything is touched: what is wrong with the request itself, and then what
// the management cluster's admission does not take.
type checkPool struct {
	client *kube.Client
	key    kube.Key
	edit   kube.PoolEdit
}

func (checkPool) Name() string { return "request checked" }

func (checkPool) asking() {}

func (p checkPool) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil {
		return nil, err
	}
	pools := kube.Pools(cluster)
	pool, missing := kube.FindPool(cluster, p.edit.Name)
	if wrong := p.findings(pools, pool, missing == nil).Err(); wrong != nil {
		return nil, wrong
	}
	if p.edit.Replicas != nil && missing == nil {
		if err := kube.CheckSize(cluster, kube.Size{Workers: p.edit.Replicas, Pool: p.edit.Name}); err != nil {
			return nil, err
		}
	}
	_, err = p.client.DiffPool(ctx, p.key, p.edit)
	return nil, err
}

func (p checkPool) findings(pools []kube.Pool, pool kube.Pool, exists bool) uerr.Findings {
	var out uerr.Findings
	refuse := func(where, problem, next string) {
		out = append(out, uerr.Finding{Code: uerr.Usage, Where: where, Problem: problem, Next: next})
	}
	const workers, class = "--worker-machine-count", "--class"
	edit := p.edit
	switch nothing := edit.Replicas == nil && edit.Zone == "" && len(edit.Variables) == 0; {
	case !exists && edit.Replicas == nil:
		refuse(workers, fmt.Sprintf("there is no pool %s (there are: %s), and a new one needs a number of workers", edit.Name, kube.PoolNames(pools)),
			"add -w N to make it")
	case exists && edit.Class != "" && edit.Class != pool.Class:
		refuse(class, fmt.Sprintf("pool %s is of class %s, and cannot become one of class %s", pool.Name, pool.Class, edit.Class),
			"leave out --class, or choose another name")
	case exists && nothing:
		refuse(workers, "nothing to change", "add -w N, --zone, --machine-type or --variable")
	}
	if n := edit.Replicas; n != nil && *n < 0 {
		refuse(workers, fmt.Sprintf("%d is no number of workers", *n), "use 0 or more")
	}
	return out
}

func (checkPool) Apply(context.Context, func(string)) error { return nil }

// setPool asks for the pool.
type setPool struct {
	client *kube.Client
	key    kube.Key
	edit   kube.PoolEdit
}

func (setPool) Name() string { return "pool changed" }

func (p setPool) Check(ctx context.Context) ([]Change, error) {
	return p.client.DiffPool(ctx, p.key, p.edit)
}

func (p setPool) Apply(ctx context.Context, _ func(string)) error {
	if err := p.client.SetOperation(ctx, p.key, kube.OperationUpdate); err != nil {
		return err
	}
	return p.client.ApplyPool(ctx, p.key, p.edit)
}
