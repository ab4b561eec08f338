package phase

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-sh/slipway/internal/kube"
)

// namespace makes the namespace that a cluster's objects live in.
type namespace struct {
	client *kube.Client
	name   string
}

func (namespace) Name() string { return "namespace" }

func (p namespace) Check(ctx context.Context) ([]Change, error) {
	exists, err := p.client.Exists(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: p.name}})
	if err != nil || exists {
		return nil, err
	}
	return []Change{{Object: "Namespace " + p.name, To: "create"}}, nil
}

func (p namespace) Apply(ctx context.Context, _ func(string)) error {
	return p.client.EnsureNamespace(ctx, p.name)
}
