package phase

import (
	"context"
	"slices"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// DeletePool removes a pool of workers with its machines.
func DeletePool(in PoolInput) Operation {
	c, key := in.Client, in.Cluster
	removal := &lastRemoval{removePool: removePool{client: c, key: key, pool: in.Edit.Name}}
	op := in.operation([]Phase{
		checkRemoval{client: c, key: key, pool: in.Edit.Name},
		&lockCluster{client: c, key: key, holder: in.Holder},
		removal,
	})
	op.onward = func() string {
		if removal.done {
			return in.Follow
		}
		return ""
	}
	return op
}

// lastRemoval remembers that the pool is gone: there is no such pool to remove when the same command is typed again.
type lastRemoval struct {
	removePool
	done bool
}

func (p *lastRemoval) Apply(ctx context.Context, note func(string)) error {
	err := p.removePool.Apply(ctx, note)
	p.done = err == nil
	return err
}

// checkRemoval refuses to take away the pool that a cluster cannot do without.
type checkRemoval struct {
	client *kube.Client
	key    kube.Key
	pool   string
}

func (checkRemoval) Name() string { return "request checked" }

func (checkRemoval) asking() {}

func (p checkRemoval) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, kube.DeletingError(p.key)
	}
	pool, err := kube.FindPool(cluster, p.pool)
	if err != nil {
		return nil, err
	}
	all := kube.Pools(cluster)
	rest := slices.DeleteFunc(slices.Clone(all), func(other kube.Pool) bool { return other.Name == p.pool })
	if wrong := kube.CheckPools(all, rest); wrong != nil {
		return nil, &uerr.Error{
			Code: uerr.Usage, What: "pool " + p.pool + " has to stay", Object: kube.ClusterName(p.key), Cause: wrong,
			Next: "make another one first: slipway set nodepool " + p.key.Name + " NAME --class " + pool.Class + " -w 1",
		}
	}
	return nil, nil
}

func (checkRemoval) Apply(context.Context, func(string)) error { return nil }

// removePool takes the pool out of the cluster; its machines are drained and deleted by its controllers.
type removePool struct {
	client *kube.Client
	key    kube.Key
	pool   string
}

func (removePool) Name() string { return "pool removed" }

func (p removePool) Check(ctx context.Context) ([]Change, error) {
	return p.client.DiffPoolRemoval(ctx, p.key, p.pool)
}

func (p removePool) Apply(ctx context.Context, _ func(string)) error {
	if err := p.client.SetOperation(ctx, p.key, kube.OperationUpdate); err != nil {
		return err
	}
	return p.client.RemovePool(ctx, p.key, p.pool)
}
