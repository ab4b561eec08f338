package phase

import (
	"context"

	"github.com/slipway-sh/slipway/internal/kube"
)

// tidyClasses removes classes of Slipway's in the cluster's namespace that no cluster uses any more, such as that of a
// cluster which was deleted while nobody waited for it.
type tidyClasses struct {
	client  *kube.Client
	cluster kube.Key
}

func (tidyClasses) Name() string { return "unused classes removed" }

func (tidyClasses) passing() {}

func (p tidyClasses) Check(ctx context.Context) ([]Change, error) {
	names, err := p.client.UnusedClasses(ctx, p.cluster.Namespace, p.cluster.Name)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, name := range names {
		out = append(out, Change{Object: "ClusterClass " + p.cluster.Namespace + "/" + name, From: "unused"})
	}
	return out, nil
}

func (p tidyClasses) Apply(ctx context.Context, _ func(string)) error {
	names, err := p.client.UnusedClasses(ctx, p.cluster.Namespace, p.cluster.Name)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := p.client.DeleteClass(ctx, kube.Key{Namespace: p.cluster.Namespace, Name: name}); err != nil {
			return err
		}
	}
	return nil
}
