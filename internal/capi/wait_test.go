package capi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// deployment is what the API server would hold; only its status is read, so no real server is needed.
func deployment(conditions ...appsv1.DeploymentCondition) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "capv-system", Name: "capv-controller-manager"},
		Status:     appsv1.DeploymentStatus{Conditions: conditions},
	}
}

func applied() []unstructured.Unstructured {
	obj := unstructured.Unstructured{}
	obj.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("Deployment"))
	obj.SetNamespace("capv-system")
	obj.SetName("capv-controller-manager")
	return []unstructured.Unstructured{obj}
}

func TestWaitNamesWhatWasNotReady(t *testing.T) {
	crashed := appsv1.DeploymentCondition{
		Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Message: "manager exited with code 1: no credentials file",
	}
	tests := map[string]struct {
		live []client.Object
		want string
	}{
		"a condition":    {live: []client.Object{deployment(crashed)}, want: "Available is False: manager exited with code 1: no credentials file"},
		"no status":      {live: []client.Object{deployment()}, want: "no status yet"},
		"no such object": {want: "not found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			err := waitProvider(ctx, fake.NewClientBuilder().WithObjects(tt.live...).Build(), applied())
			var e *uerr.Error
			if !errors.As(err, &e) {
				t.Fatalf("error is %v", err)
			}
			if e.Object != "Deployment capv-system/capv-controller-manager" || !strings.Contains(e.Error(), tt.want) {
				t.Errorf("error is %v, want it to name the Deployment and %q", e, tt.want)
			}
			if e.Code != uerr.TimedOut || !errors.Is(err, context.DeadlineExceeded) || e.Next == "" {
				t.Errorf("code %d, next %q; want a time-out with something to type", e.Code, e.Next)
			}
		})
	}
}

func TestWaitTellsCtrlCFromATimeOut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := waitProvider(ctx, fake.NewClientBuilder().WithObjects(deployment()).Build(), applied())
	if got := uerr.ExitCode(err); got != uerr.Cancelled {
		t.Errorf("exit code is %d, want %d", got, uerr.Cancelled)
	}
}

func TestWaitReturnsWhenAvailable(t *testing.T) {
	available := appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue}
	if err := waitProvider(t.Context(), fake.NewClientBuilder().WithObjects(deployment(available)).Build(), applied()); err != nil {
		t.Error(err)
	}
}

func TestUnanswered(t *testing.T) {
	kind := schema.GroupKind{Group: "cluster.x-k8s.io", Kind: "Cluster"}
	tests := map[string]struct {
		err  error
		want bool
	}{
		"created":              {err: nil, want: false},
		"refused by schema":    {err: apierrors.NewInvalid(kind, "x", nil), want: false},
		"refused by a webhook": {err: apierrors.NewForbidden(schema.GroupResource{}, "x", errors.New("admission webhook denied the request")), want: false},
		"webhook not there":    {err: apierrors.NewInternalError(errors.New(`failed calling webhook "w": connection refused`)), want: true},
		"kind not served yet":  {err: apierrors.NewNotFound(schema.GroupResource{Resource: "clusters"}, ""), want: true},
		"server not there":     {err: fmt.Errorf("dial: connection refused"), want: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := unanswered(tt.err); got != tt.want {
				t.Errorf("unanswered is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestClientConfigs(t *testing.T) {
	service := map[string]any{"service": map[string]any{"name": "webhook-service"}}
	tests := map[string]struct {
		obj  map[string]any
		want int
	}{
		"webhooks":           {want: 2, obj: map[string]any{"kind": "MutatingWebhookConfiguration", "webhooks": []any{map[string]any{"clientConfig": service}, map[string]any{"clientConfig": service}}}},
		"by URL":             {want: 0, obj: map[string]any{"kind": "ValidatingWebhookConfiguration", "webhooks": []any{map[string]any{"clientConfig": map[string]any{"url": "https://x"}}}}},
		"CRD that converts":  {want: 1, obj: map[string]any{"kind": "CustomResourceDefinition", "spec": map[string]any{"conversion": map[string]any{"webhook": map[string]any{"clientConfig": service}}}}},
		"CRD of one version": {want: 0, obj: map[string]any{"kind": "CustomResourceDefinition", "spec": map[string]any{}}},
		"anything else":      {want: 0, obj: map[string]any{"kind": "Service"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := len(clientConfigs(unstructured.Unstructured{Object: tt.obj})); got != tt.want {
				t.Errorf("%d calls to a service, want %d", got, tt.want)
			}
		})
	}
}
