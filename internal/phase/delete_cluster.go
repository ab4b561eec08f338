package phase

import (
	"context"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// deletion is what the phases of one delete share: whether there was a cluster when it began.
type deletion struct {
	client  *kube.Client
	key     kube.Key
	missing error // the error of a cluster that is not there; nil when it is
}

// findCluster looks whether there is anything to delete. A cluster that is gone is no error yet: what a killed delete
// has left behind is cleared up first, and the operation's verdict tells at the end.
type findCluster struct{ *deletion }

func (findCluster) Name() string { return "cluster looked up" }

func (findCluster) asking() {}

func (p findCluster) Check(ctx context.Context) ([]Change, error) {
	_, err := p.client.Cluster(ctx, p.key)
	if uerr.ExitCode(err) == uerr.NotFound {
		p.missing = err
		return nil, nil
	}
	return nil, err
}

func (findCluster) Apply(context.Context, func(string)) error { return nil }

// deleteCluster asks for the deletion; of a cluster that is being deleted already there is nothing to ask.
type deleteCluster struct{ *deletion }

func (deleteCluster) Name() string { return "deletion accepted" }

func (p deleteCluster) Check(ctx context.Context) ([]Change, error) {
	if p.missing != nil {
		return nil, nil
	}
	cluster, err := p.client.Cluster(ctx, p.key)
	if uerr.ExitCode(err) == uerr.NotFound || err == nil && cluster.DeletionTimestamp != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []Change{{Object: kube.ClusterName(p.key), From: "cluster with all its machines"}}, nil
}

func (p deleteCluster) Apply(ctx context.Context, _ func(string)) error {
	return p.client.DeleteCluster(ctx, p.key)
}

// awaitGone ends when the Cluster, and with it every machine, is no more.
type awaitGone struct{ *deletion }

func (awaitGone) Name() string { return "cluster gone" }

func (awaitGone) passing() {}

func (p awaitGone) Check(ctx context.Context) ([]Change, error) {
	_, err := p.client.Cluster(ctx, p.key)
	if uerr.ExitCode(err) == uerr.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []Change{{Object: kube.ClusterName(p.key), From: "deleting"}}, nil
}

func (p awaitGone) Apply(ctx context.Context, note func(string)) error {
	return p.client.AwaitGone(ctx, p.key, note)
}

// orphans removes what is the cluster's but has no owner to take it along, once there is no Cluster.
type orphans struct{ *deletion }

func (orphans) Name() string { return "leftovers removed" }

func (p orphans) Check(ctx context.Context) ([]Change, error) {
	found, err := p.client.Orphans(ctx, p.key)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, o := range found {
		out = append(out, Change{Object: o.String(), From: "left over"})
	}
	return out, nil
}

func (p orphans) Apply(ctx context.Context, _ func(string)) error {
	found, err := p.client.Orphans(ctx, p.key)
	if err != nil {
		return err
	}
	for _, o := range found {
		if err := p.client.DeleteOrphan(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// forgetContext takes the cluster's context out of the user's kubeconfig.
type forgetContext struct {
	path    string
	context string
}

func (forgetContext) Name() string { return "kubeconfig context removed" }

func (p forgetContext) Check(context.Context) ([]Change, error) {
	has, err := kube.HasContext(p.path, p.context)
	if err != nil || !has {
		return nil, err
	}
	return []Change{{Object: p.path, Field: "context", From: p.context}}, nil
}

func (p forgetContext) Apply(context.Context, func(string)) error {
	return kube.RemoveContext(p.path, p.context)
}
