package phase

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
)

// class makes the ClusterClass with its templates, and ends when Cluster API has accepted it.
type class struct {
	client  *kube.Client
	objects []*unstructured.Unstructured
}

func (class) Name() string { return "cluster class" }

func (p class) Check(ctx context.Context) ([]Change, error) {
	missing, err := p.client.MissingClass(ctx, p.objects)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, object := range missing {
		out = append(out, Change{Object: kube.ObjectName(object), To: "create"})
	}
	if len(out) > 0 {
		return out, nil
	}
	for _, object := range p.objects {
		if object.GetKind() != "ClusterClass" {
			continue
		}
		ready, err := p.client.ClassReady(ctx, client.ObjectKeyFromObject(object))
		if err != nil {
			return nil, err
		}
		if !ready {
			out = append(out, Change{Object: kube.ObjectName(object), From: "not accepted yet", To: "accepted"})
		}
	}
	return out, nil
}

func (p class) Apply(ctx context.Context, _ func(string)) error {
	return p.client.ApplyClass(ctx, p.objects)
}
