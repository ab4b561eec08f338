package phase

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
)

// adopt gives what belongs to the cluster alone an owner reference to it, so that the garbage collector clears up when
// the Cluster goes and no command has to be there to see it. It also makes again what a clean-up of somebody else took
// away in the moment between the class and the Cluster that names it.
type adopt struct {
	client     *kube.Client
	cluster    kube.Key
	class      class
	belongings belongings
}

func (adopt) Name() string { return "ownership" }

func (adopt) passing() {}

func (p adopt) Check(ctx context.Context) ([]Change, error) {
	out, err := p.class.Check(ctx)
	if err != nil {
		return nil, err
	}
	for _, object := range p.belongings.objects {
		owned, err := p.client.OwnedByCluster(ctx, object, p.cluster)
		if err != nil {
			return nil, err
		}
		if !owned {
			out = append(out, Change{Object: kube.ObjectName(object), Field: "metadata.ownerReferences", To: kube.ClusterName(p.cluster)})
		}
	}
	return out, nil
}

func (p adopt) Apply(ctx context.Context, note func(string)) error {
	if err := p.class.Apply(ctx, note); err != nil {
		return err
	}
	for _, object := range p.belongings.objects {
		if err := p.own(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

func (p adopt) own(ctx context.Context, object client.Object) error {
	exists, err := p.client.Exists(ctx, object)
	if err != nil {
		return err
	}
	if !exists {
		if err := p.client.ApplyFor(ctx, p.cluster, object); err != nil {
			return err
		}
	}
	return p.client.OwnByCluster(ctx, object, p.cluster)
}
