package kube_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func testClass(t *testing.T, c *kube.Client, ns string) {
	class := kubetest.Class(ns)
	key := client.ObjectKeyFromObject(class[1])
	for _, object := range class {
		must(t, c.ApplyOwn(t.Context(), object))
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := c.AwaitClass(short, key)
	if uerr.ExitCode(err) != uerr.TimedOut || !strings.Contains(err.Error(), "ClusterClass "+ns+"/"+key.Name) {
		t.Errorf("a class nobody accepts: %v, want a time-out that names it", err)
	}
	accept(t, c, key)
	must(t, c.ApplyClass(t.Context(), class))
	missing, err := c.MissingClass(t.Context(), class)
	if err != nil || len(missing) != 0 {
		t.Errorf("missing after apply: %v, %v", missing, err)
	}
	expectUnused(t, c, ns, []string{kubetest.ClassName})
	held, err := c.Lock(t.Context(), ns, "other", holder(os.Getpid()))
	must(t, err)
	expectUnused(t, c, ns, nil)
	held.Release()
	must(t, c.Apply(t.Context(), kubetest.Cluster(ns, "dev1")))
	expectUnused(t, c, ns, nil)
	must(t, c.DeleteCluster(t.Context(), kube.Key{Namespace: ns, Name: "dev1"}))
	must(t, c.DeleteClass(t.Context(), key))
	must(t, c.DeleteClass(t.Context(), key))
	expectUnused(t, c, ns, nil)
}

// A class may define the kind of one of its templates, which the API server does not serve at once.
func testClassWithDefinition(t *testing.T, c *kube.Client, ns string) {
	definition := gadgets("gadgettemplates")
	template := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "slipway.test/v1", "kind": "GadgetTemplate", "metadata": map[string]any{"name": "slipway-gadget", "namespace": ns},
	}}
	class := []*unstructured.Unstructured{definition, template}
	for _, missing := range []int{2, 0} {
		got, err := c.MissingClass(t.Context(), class)
		if err != nil || len(got) != missing {
			t.Errorf("%d objects missing, not %d (%v)", len(got), missing, err)
		}
		must(t, c.ApplyClass(t.Context(), class))
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := c.ApplyClass(short, []*unstructured.Unstructured{gadgets("othergadgets"), template}) // whose kind is taken
	if uerr.ExitCode(err) != uerr.TimedOut || !strings.Contains(err.Error(), "othergadgets.slipway.test") {
		t.Errorf("a definition that is never served: %v, want a time-out that names it", err)
	}
}

func gadgets(plural string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": plural + ".slipway.test"},
		"spec": map[string]any{
			"group": "slipway.test", "scope": "Namespaced",
			"names": map[string]any{"kind": "GadgetTemplate", "plural": plural},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true, "schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}},
			}},
		},
	}}
}

func expectUnused(t *testing.T, c *kube.Client, ns string, want []string) {
	t.Helper()
	got, err := c.UnusedClasses(t.Context(), ns, "dev1")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unused classes (-want +got):\n%s", diff)
	}
}

func accept(t *testing.T, c *kube.Client, key kube.Key) {
	t.Helper()
	class := &clusterv1.ClusterClass{}
	must(t, c.API().Get(t.Context(), key, class))
	class.Status.Conditions = []metav1.Condition{
		kubetest.Condition("RefVersionsUpToDate", "True", "RefVersionsUpToDate", ""),
		kubetest.Condition("VariablesReady", "True", "VariablesReady", ""),
	}
	must(t, c.API().Status().Update(t.Context(), class))
}

func testBelongings(t *testing.T, c *kube.Client, ns string) {
	key, secret := kube.Key{Namespace: ns, Name: "dev1"}, kubetest.Identity(ns, "dev1")
	must(t, c.ApplyFor(t.Context(), key, secret))
	orphans, err := c.Orphans(t.Context(), key)
	must(t, err)
	if len(orphans) != 1 || orphans[0].Key.Name != "dev1-test" {
		t.Errorf("orphans before there is a Cluster: %v", orphans)
	}
	must(t, c.Apply(t.Context(), kubetest.Cluster(ns, "dev1")))
	must(t, c.OwnByCluster(t.Context(), secret, key))
	must(t, c.ApplyFor(t.Context(), key, secret)) // must not take the owner off
	owned, err := c.OwnedByCluster(t.Context(), secret, key)
	if err != nil || !owned {
		t.Errorf("owned %v, %v", owned, err)
	}
	if orphans, err := c.Orphans(t.Context(), key); err != nil || len(orphans) != 0 {
		t.Errorf("orphans of a cluster that is there: %v, %v", orphans, err)
	}
	must(t, c.DeleteCluster(t.Context(), key))
	kubetest.Eventually(t, "the Secret goes with its Cluster", func(ctx context.Context) (bool, error) {
		exists, err := c.Exists(ctx, secret)
		return !exists, err
	})
	secret.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Namespace", Name: ns, UID: namespaceUID(t, c, ns)}}
	must(t, c.API().Create(t.Context(), secret.DeepCopy()))
	leftover, err := c.IsLeftover(t.Context(), secret, key)
	if err != nil || !leftover {
		t.Errorf("an owned Secret without a Cluster: leftover %v, %v", leftover, err)
	}
	secret.OwnerReferences = nil
	must(t, c.ApplyFor(t.Context(), key, secret))
	if leftover, err := c.IsLeftover(t.Context(), secret, key); err != nil || leftover {
		t.Errorf("after it was replaced: leftover %v, %v", leftover, err)
	}
	must(t, c.DeleteOrphan(t.Context(), orphans[0]))
	must(t, c.DeleteOrphan(t.Context(), orphans[0]))
}

func testCredentials(t *testing.T, c *kube.Client, ns string) {
	_, err := c.WorkloadKubeconfig(t.Context(), ns, "dev1")
	if uerr.ExitCode(err) != uerr.NotFound || !strings.Contains(err.Error(), "no such cluster") {
		t.Errorf("credentials of a cluster that is not there: %v", err)
	}
	must(t, c.Apply(t.Context(), kubetest.Cluster(ns, "dev1")))
	_, err = c.WorkloadKubeconfig(t.Context(), ns, "dev1")
	if uerr.ExitCode(err) != uerr.NotFound || !strings.Contains(err.Error(), "no credentials yet") {
		t.Errorf("credentials of a cluster that has none yet: %v", err)
	}
	raw := "current-context: a@b\nclusters: [{name: b, cluster: {server: 'https://x'}}]\n" +
		"contexts: [{name: a@b, context: {cluster: b, user: a}}]\nusers: [{name: a, user: {token: s}}]\n"
	must(t, c.API().Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "dev1-kubeconfig"}, Data: map[string][]byte{"value": []byte(raw)},
	}))
	got, err := c.WorkloadKubeconfig(t.Context(), ns, "dev1")
	if err != nil || !strings.Contains(string(got), "current-context: dev1-admin@dev1") {
		t.Errorf("got %s, %v", got, err)
	}
}

func testSummaries(t *testing.T, c *kube.Client, ns string) {
	must(t, c.Apply(t.Context(), kubetest.Cluster(ns, "b"), kubetest.Cluster(ns, "a")))
	settled := getCluster(t, c, ns, "a")
	kubetest.Settle(settled)
	must(t, c.API().Status().Update(t.Context(), settled))
	list, err := c.Summaries(t.Context(), ns)
	must(t, err)
	var got []string
	for _, s := range list {
		got = append(got, strings.Join([]string{s.Name, string(s.Status), s.ControlPlane, s.Workers, s.Kubernetes}, " "))
	}
	if diff := cmp.Diff([]string{"a running 1/1 1/1 v1.36.3", "b creating 0/1 0/1 v1.36.3"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
