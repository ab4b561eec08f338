package phase

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
)

// belongings applies what a Cluster refers to by name and what is its alone: the Secret with the infrastructure's
// credentials, other Secrets and the add-ons. They must be there before the Cluster is, or its controllers back off.
type belongings struct {
	client  *kube.Client
	cluster kube.Key
	objects []client.Object
}

func belongingsOf(o *render.Objects) []client.Object {
	var out []client.Object
	if o.Identity != nil {
		out = append(out, o.Identity)
	}
	for _, secret := range o.Secrets {
		out = append(out, secret)
	}
	for _, addon := range o.Addons {
		out = append(out, addon)
	}
	return out
}

func (belongings) Name() string { return "credentials and add-ons" }

func (p belongings) Check(ctx context.Context) ([]Change, error) {
	var out []Change
	for _, object := range p.objects {
		leftover, err := p.client.IsLeftover(ctx, object, p.cluster)
		if err != nil {
			return nil, err
		}
		if leftover {
			out = append(out, Change{Object: kube.ObjectName(object), From: "an earlier cluster's", To: "replace"})
			continue
		}
		changes, err := p.client.Diff(ctx, object)
		if err != nil {
			return nil, err
		}
		out = append(out, changes...)
	}
	return out, nil
}

func (p belongings) Apply(ctx context.Context, _ func(string)) error {
	for _, object := range p.objects {
		if err := p.client.ApplyFor(ctx, p.cluster, object); err != nil {
			return err
		}
	}
	return nil
}
