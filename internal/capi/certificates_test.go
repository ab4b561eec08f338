package capi

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func TestTestNamespaceSettled(t *testing.T) {
	now := metav1.Now()
	there := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: testNamespace}}
	going := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: testNamespace, DeletionTimestamp: &now, Finalizers: []string{"kubernetes"}}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := testNamespaceSettled(ctx, fake.NewClientBuilder().WithObjects(there).Build()); err != nil {
		t.Errorf("one that a killed run left: %v", err)
	}
	if err := testNamespaceSettled(ctx, fake.NewClientBuilder().Build()); err != nil {
		t.Errorf("none: %v", err)
	}
	if err := testNamespaceSettled(ctx, fake.NewClientBuilder().WithObjects(going).Build()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one that is being deleted: error is %v, want a wait until the deadline", err)
	}
}
