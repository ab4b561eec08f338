package kube_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
)

func testNote(t *testing.T, c *kube.Client, namespace string) {
	cluster := kubetest.Cluster(namespace, "here")
	must(t, c.API().Create(t.Context(), cluster))
	must(t, c.Note(t.Context(), kube.Key{Namespace: namespace, Name: "here"}, kube.Event{Reason: "Long", Message: strings.Repeat("m", 5000), Warning: true}))
	must(t, c.Note(t.Context(), kube.Key{Namespace: namespace, Name: "never"}, kube.Event{Reason: "Never"}))
	must(t, c.Note(t.Context(), kube.Key{Namespace: namespace, Name: "gone"}, kube.Event{Reason: "Gone", Gone: true}))
	list := &corev1.EventList{}
	must(t, c.API().List(t.Context(), list, client.InNamespace(namespace)))
	got := map[string]corev1.Event{}
	for _, e := range list.Items {
		got[e.Reason] = e
	}
	long, gone := got["Long"], got["Gone"]
	if len(got) != 2 || long.Type != "Warning" || len(long.Message) != 1024 || long.InvolvedObject.UID != cluster.UID {
		t.Errorf("%d events, %s of %d bytes on %v", len(got), long.Type, len(long.Message), long.InvolvedObject)
	}
	if gone.Type != "Normal" || gone.InvolvedObject.Name != "gone" || gone.InvolvedObject.UID != "" {
		t.Errorf("event %s on %v", gone.Type, gone.InvolvedObject)
	}
}
