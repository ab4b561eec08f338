package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/uerr"
)

var refused = kubetest.Ready{Status: "False", Severity: "Error", Reason: "SkuNotAvailable", Message: "Standard_X is not available in westeurope"}

// withResource is a cluster whose infrastructure lists one resource, dev1-net.
func withResource(t *testing.T, c *kube.Client, ns string) kube.Key {
	t.Helper()
	cluster := kubetest.Cluster(ns, "dev1")
	cluster.Spec.InfrastructureRef = clusterv1.ContractVersionedObjectReference{APIGroup: kubetest.InfraGroup, Kind: "TestCluster", Name: "dev1-infra"}
	must(t, c.Apply(t.Context(), cluster))
	resource := kubetest.Resource(ns, "dev1-net", "small")
	must(t, c.API().Create(t.Context(), resource.DeepCopy()))
	must(t, c.API().Create(t.Context(), kubetest.Listing("TestCluster", "dev1-infra", "dev1", resource)))
	return kube.Key{Namespace: ns, Name: "dev1"}
}

func testResources(t *testing.T, c *kube.Client, ns string) {
	withResource(t, c, ns)
	find := func() *kube.Node {
		tree, err := c.Tree(t.Context(), ns, "dev1")
		must(t, err)
		if len(tree.Children) != 1 || len(tree.Children[0].Children) != 1 {
			t.Fatalf("the tree is %+v, want the infrastructure with its resource", tree)
		}
		return tree.Children[0].Children[0]
	}
	if n := find(); n.Role != kube.RoleResource || n.Ready != "Unknown" || n.Stopped {
		t.Errorf("new: %+v", n)
	}
	kubetest.SetReady(t, c, ns, "dev1-net", kubetest.Ready{Status: "False", Severity: "Info", Reason: "Reconciling", Message: "being made"})
	if n := find(); n.Ready != "False" || n.Stopped || n.Blocking.String() != "Ready: being made" {
		t.Errorf("in the making: %+v", n)
	}
	kubetest.SetReady(t, c, ns, "dev1-net", refused)
	n := find()
	if !n.Stopped || !strings.Contains(n.Remedy, "slipway retry cluster dev1 -n "+ns) {
		t.Errorf("refused: %+v, want stopped with its remedy", n)
	}
	tree, err := c.Tree(t.Context(), ns, "dev1")
	must(t, err)
	if got := tree.CauseText(); !strings.Contains(got, "dev1-net: Ready: Standard_X is not available") {
		t.Errorf("cause %q, want what the cloud said", got)
	}
	annotate(t, c, ns, "serviceoperator.azure.com/poller-resume-token", "x")
	if n := find(); n.Stopped {
		t.Error("a resource that the cloud is working on counts as stopped, for what it said the time before")
	}
	annotate(t, c, ns, "serviceoperator.azure.com/poller-resume-token", "")
	resize(t, c, ns, "medium")
	if n := find(); n.Stopped || n.Ready != "False" {
		t.Errorf("changed since: %+v, want not stopped and not ready", n)
	}
	kubetest.SetReady(t, c, ns, "dev1-net", kubetest.Ready{Status: "True", Reason: "Succeeded"})
	if n := find(); n.Ready != "True" || n.Blocking != nil {
		t.Errorf("ready: %+v", n)
	}
}

// testStoppedResource: what stops while somebody waits ends the wait with what the cloud said.
func testStoppedResource(t *testing.T, c *kube.Client, ns string) {
	key := withResource(t, c, ns)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	told := false
	err := c.Await(ctx, key, "the infrastructure", kube.InfrastructureReady, func(string) {
		if !told {
			told = true
			kubetest.SetReady(t, c, ns, "dev1-net", refused)
		}
	})
	var known *uerr.Error
	if !errors.As(err, &known) || known.Code != uerr.Failure || known.Object != "TestResource "+ns+"/dev1-net" ||
		!strings.Contains(known.Error(), "Standard_X is not available") || !strings.Contains(known.Next, "retry cluster dev1") {
		t.Errorf("%v (%+v), want the resource, what the cloud said of it, and the remedy", err, known)
	}
}

func testRetry(t *testing.T, c *kube.Client, ns string) {
	key := withResource(t, c, ns)
	expectStopped := func(want, wantHeld int) []kube.Unready {
		t.Helper()
		stopped, held, err := c.StoppedResources(t.Context(), key)
		must(t, err)
		if len(stopped) != want || len(held) != wantHeld {
			t.Fatalf("stopped %v, held %v, want %d and %d", stopped, held, want, wantHeld)
		}
		return stopped
	}
	expectStopped(0, 0)
	kubetest.SetReady(t, c, ns, "dev1-net", refused)
	stopped := expectStopped(1, 0)
	policies := watchPolicies(t, c, ns)
	must(t, c.Retry(t.Context(), stopped[0].Object))
	if first, second := <-policies, <-policies; first != "skip" || second != "" {
		t.Errorf("the reconcile policy became %q and then %q, want skip and none", first, second)
	}
	annotate(t, c, ns, "serviceoperator.azure.com/reconcile-policy", "skip")
	expectStopped(0, 1) // on hold by somebody else
	annotate(t, c, ns, "serviceoperator.azure.com/reconcile-policy", "")
	half := kubetest.Infra(kubetest.ResourceKind, ns, "dev1-net", "")
	half.SetAnnotations(map[string]string{"serviceoperator.azure.com/reconcile-policy": "skip"})
	must(t, c.API().Apply(t.Context(), client.ApplyConfigurationFromUnstructured(half), client.FieldOwner("slipway-retry")))
	kubetest.SetReady(t, c, ns, "dev1-net", kubetest.Ready{Status: "True", Reason: "Succeeded"})
	stopped = expectStopped(1, 0) // killed between its two halves
	must(t, c.Retry(t.Context(), stopped[0].Object))
	expectStopped(0, 0)
	must(t, c.API().Delete(t.Context(), kubetest.Resource(ns, "dev1-net", "")))
	must(t, c.Retry(t.Context(), stopped[0].Object))
	if exists, err := c.Exists(t.Context(), kubetest.Resource(ns, "dev1-net", "")); err != nil || exists {
		t.Errorf("a resource that was deleted is back: %v, %v", exists, err)
	}
}

// watchPolicies gives the reconcile policy of dev1-net after each change of it.
func watchPolicies(t *testing.T, c *kube.Client, ns string) <-chan string {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kubetest.Resource(ns, "", "").GroupVersionKind().GroupVersion().WithKind(kubetest.ResourceKind + "List"))
	w, err := c.API().Watch(t.Context(), list, client.InNamespace(ns))
	must(t, err)
	t.Cleanup(w.Stop)
	out := make(chan string, 10)
	go func() {
		last := ""
		for event := range w.ResultChan() {
			object, ok := event.Object.(client.Object)
			if !ok {
				continue
			}
			if policy := object.GetAnnotations()["serviceoperator.azure.com/reconcile-policy"]; policy != last {
				last = policy
				out <- policy
			}
		}
	}()
	return out
}

func testResourcesFollow(t *testing.T, c *kube.Client, ns string) {
	key := withResource(t, c, ns)
	expect := func(want string) {
		t.Helper()
		behind, err := c.ResourceBehind(t.Context(), key)
		must(t, err)
		switch {
		case want == "" && behind != nil:
			t.Errorf("%s lags behind, want nothing to", behind)
		case want != "" && (behind == nil || !strings.Contains(behind.String(), want)):
			t.Errorf("behind is %v, want %q", behind, want)
		}
	}
	expect("has no Ready condition yet")
	kubetest.SetReady(t, c, ns, "dev1-net", kubetest.Ready{Status: "True", Reason: "Succeeded"})
	expect("")
	infra := kubetest.Listing("TestCluster", "dev1-infra", "dev1", kubetest.Resource(ns, "dev1-net", "large"))
	have := infra.DeepCopy()
	must(t, c.API().Get(t.Context(), client.ObjectKeyFromObject(have), have))
	infra.SetResourceVersion(have.GetResourceVersion())
	must(t, c.API().Update(t.Context(), infra))
	expect("has not been given the change yet")
	resize(t, c, ns, "large")
	expect("its last change is not looked at yet")
	kubetest.SetReady(t, c, ns, "dev1-net", kubetest.Ready{Status: "True", Reason: "Succeeded"})
	annotate(t, c, ns, "serviceoperator.azure.com/latest-reconciled-generation", "1")
	expect("the change is not sent to the cloud yet")
	annotate(t, c, ns, "serviceoperator.azure.com/latest-reconciled-generation", "2")
	annotate(t, c, ns, "serviceoperator.azure.com/poller-resume-token", "x")
	expect("the cloud is working on it")
	annotate(t, c, ns, "serviceoperator.azure.com/poller-resume-token", "")
	expect("")
	annotate(t, c, ns, "serviceoperator.azure.com/reconcile-policy", "skip")
	expect("has not been given the change yet") // it is to be released
}

func testAwaitReady(t *testing.T, c *kube.Client, ns string) {
	object := kube.Object{Kind: kubetest.Resource(ns, "", "").GroupVersionKind(), Key: kube.Key{Namespace: ns, Name: "dev1-net"}}
	over, end := context.WithCancelCause(t.Context())
	var notes []string
	err := c.AwaitReady(over, []kube.Object{object}, "the network", func(text string) {
		notes = append(notes, text)
		if len(notes) == 1 {
			must(t, c.API().Create(t.Context(), kubetest.Resource(ns, "dev1-net", "small")))
			kubetest.SetReady(t, c, ns, "dev1-net", kubetest.Ready{Status: "False", Severity: "Warning", Reason: "Conflict", Message: "somebody else is at it"})
			return
		}
		end(context.DeadlineExceeded)
	})
	if uerr.ExitCode(err) != uerr.TimedOut || !strings.Contains(err.Error(), "TestResource "+ns+"/dev1-net") || !strings.Contains(err.Error(), "somebody else is at it") {
		t.Errorf("%v, want a time-out that names the object and what it says", err)
	}
	if !strings.Contains(notes[0], "is not there yet") || !strings.Contains(notes[len(notes)-1], "somebody else is at it") {
		t.Errorf("notes %q", notes)
	}
	kubetest.SetReady(t, c, ns, "dev1-net", kubetest.Ready{Status: "True", Reason: "Succeeded"})
	must(t, c.AwaitReady(t.Context(), []kube.Object{object}, "the network", func(string) {}))
	resize(t, c, ns, "large")
	if unready, err := c.NotReady(t.Context(), []kube.Object{object}); err != nil || len(unready) != 1 {
		t.Errorf("%v, %v: the Ready of the generation before counts", unready, err)
	}
}

func resize(t *testing.T, c *kube.Client, ns, size string) {
	t.Helper()
	patchResource(t, c, ns, map[string]any{"spec": map[string]any{"size": size}})
}

func annotate(t *testing.T, c *kube.Client, ns, name, value string) {
	t.Helper()
	note := any(value)
	if value == "" {
		note = nil
	}
	patchResource(t, c, ns, map[string]any{"metadata": map[string]any{"annotations": map[string]any{name: note}}})
}

func patchResource(t *testing.T, c *kube.Client, ns string, patch map[string]any) {
	t.Helper()
	raw, err := json.Marshal(patch)
	must(t, err)
	object := kubetest.Resource(ns, "dev1-net", "")
	must(t, c.API().Patch(t.Context(), object, client.RawPatch(types.MergePatchType, raw)))
}
