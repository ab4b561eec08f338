package phase_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

var ready = kubetest.Ready{Status: "True", Reason: "Succeeded"}

// gated is what a cluster is made of that is held back until the resource dev1-net is ready.
func (b bench) gated() *render.Objects {
	objects := b.objects()
	objects.Cluster.Spec.Topology.Variables = []clusterv1.ClusterVariable{{Name: "hold", Value: apiextensionsv1.JSON{Raw: []byte("false")}}}
	objects.Gate = providers.Gate{
		Until:  []providers.Object{{APIVersion: kubetest.InfraGroup + "/v1beta1", Kind: kubetest.ResourceKind, Name: "dev1-net"}},
		Closed: map[string]any{"hold": true},
	}
	return objects
}

func (b bench) createGated(cloud phase.Cloud, noWait bool) phase.Operation {
	return phase.Create(phase.CreateInput{
		Client: b.client, Objects: b.gated(), Cloud: cloud, Holder: b.holder("create"), NoWait: noWait, Resume: "slipway create cluster dev1",
	})
}

// held is the live Cluster's variable: "true", "false", or empty without a Cluster.
func (b bench) held(t *testing.T) string {
	t.Helper()
	cluster, err := b.client.Cluster(t.Context(), b.key)
	if uerr.ExitCode(err) == uerr.NotFound {
		return ""
	}
	must(t, err)
	for _, v := range cluster.Spec.Topology.Variables {
		if v.Name == "hold" {
			return string(v.Value.Raw)
		}
	}
	return "unset"
}

// network makes the resource that the gate waits for, and makes it ready.
func (b bench) network(t *testing.T) {
	t.Helper()
	must(t, b.client.EnsureNamespace(t.Context(), b.key.Namespace))
	must(t, b.client.API().Create(t.Context(), kubetest.Resource(b.key.Namespace, "dev1-net", "small")))
	kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", ready)
}

// testGate: the Cluster is applied held back, released when the network is there, and never held back again.
func testGate(t *testing.T, b bench) {
	changes, err := phase.Plan(t.Context(), b.createGated(phase.Cloud{}, false))
	must(t, err)
	if last := changes[len(changes)-1].String(); !strings.Contains(last, "held back -> released when TestResource "+b.key.Namespace+"/dev1-net is ready") {
		t.Errorf("the preview ends with %q, want what it is held back for", last)
	}
	q := &quiet{before: func(name string) {
		if name == "prerequisites ready" {
			if got := b.held(t); got != "true" {
				t.Errorf("the Cluster was applied with hold %q, want true", got)
			}
			b.network(t)
		}
	}}
	run(t, q, b.createGated(phase.Cloud{}, false))
	if got := b.held(t); got != "false" {
		t.Errorf("after the release hold is %q, want false", got)
	}
	if !slices.Contains(q.applied, "cluster released") {
		t.Errorf("applied %v, want a release", q.applied)
	}
	kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", kubetest.Ready{Status: "False", Severity: "Warning", Reason: "Conflict", Message: "x"})
	q = &quiet{}
	run(t, q, b.createGated(phase.Cloud{}, false))
	if got := b.held(t); got != "false" || !cmp.Equal([]string{"cluster locked"}, q.applied) {
		t.Errorf("typed again with an unready network it applied %v and hold is %q, want only its lock and false", q.applied, got)
	}
	changes, err = phase.Plan(t.Context(), b.createGated(phase.Cloud{}, false))
	if err != nil || len(changes) > 0 {
		t.Errorf("the preview of a cluster that is up lists %v (%v)", changes, err)
	}
	run(t, &quiet{}, b.delete(""))
}

// testGateInterrupted stops a creation at the start of each of its phases and types it again.
func testGateInterrupted(t *testing.T, b bench) {
	b.network(t)
	for i := range b.createGated(phase.Cloud{}, false).Phases {
		kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", kubetest.Ready{Status: "False", Severity: "Info", Reason: "Reconciling", Message: "x"})
		ctx, stop := context.WithCancel(t.Context())
		started := 0
		_ = phase.Run(ctx, &quiet{before: func(name string) {
			if name == "prerequisites ready" && b.held(t) == "true" {
				kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", ready)
			}
			if started++; started > i {
				stop()
			}
		}}, b.createGated(phase.Cloud{}, false))
		stop()
		kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", ready)
		run(t, &quiet{}, b.createGated(phase.Cloud{}, false))
		if got := b.held(t); got != "false" {
			t.Errorf("stopped at phase %d and typed again: hold is %q", i, got)
		}
		run(t, &quiet{}, b.delete(""))
	}
}

// testGateNoWait: without waiting the Cluster is released all the same, or nobody would.
func testGateNoWait(t *testing.T, b bench) {
	q := &quiet{before: func(name string) {
		if name == "prerequisites ready" {
			b.network(t)
		}
	}}
	run(t, q, b.createGated(phase.Cloud{Remaining: func(context.Context) ([]providers.Task, error) {
		t.Error("what remains is asked although nobody waited for the control plane")
		return nil, nil
	}}, true))
	if got := b.held(t); got != "false" {
		t.Errorf("hold is %q, want false", got)
	}
	run(t, &quiet{}, b.delete(""))
}

// testGateStops: a network that the cloud refuses ends the wait with what the cloud said.
func testGateStops(t *testing.T, b bench) {
	q := &quiet{before: func(name string) {
		if name == "prerequisites ready" {
			must(t, b.client.API().Create(t.Context(), kubetest.Resource(b.key.Namespace, "dev1-net", "small")))
		}
	}}
	q.note = func(string) {
		kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net",
			kubetest.Ready{Status: "False", Severity: "Error", Reason: "InvalidCidr", Message: "10.0.0.0/33 is no range"})
	}
	err := phase.Run(t.Context(), q, b.createGated(phase.Cloud{}, false))
	var told *uerr.Error
	if !errors.As(err, &told) || told.Code != uerr.Failure || !strings.Contains(err.Error(), "10.0.0.0/33 is no range") || !strings.Contains(told.Next, "retry cluster") {
		t.Errorf("%v, want the cloud's words and the remedy", err)
	}
	run(t, &quiet{}, b.delete(""))
}

// testCloudWork: what the cloud needs before the Cluster is done before it, and what remains after its control plane is up.
func testCloudWork(t *testing.T, b bench) {
	var done []string
	task := func(name string) providers.Task {
		return providers.Task{What: name, Do: func(context.Context) error {
			if b.held(t) == "" {
				name += " without a cluster"
			}
			done = append(done, name)
			return nil
		}}
	}
	rounds := [][]providers.Task{{task("role a")}, {task("role b")}}
	remaining := func(context.Context) ([]providers.Task, error) {
		if n := len(done) - 1; n < len(rounds) {
			return rounds[n], nil
		}
		return nil, nil
	}
	cloud := phase.Cloud{Name: "azure", Before: []providers.Task{task("group")}, Remaining: remaining}
	op := func() phase.Operation {
		return phase.Create(phase.CreateInput{Client: b.client, Objects: b.objects(), Cloud: cloud, Holder: b.holder("create")})
	}
	changes, err := phase.Plan(t.Context(), op())
	must(t, err)
	if !slices.Contains(changes, phase.Change{Object: "azure", To: "group"}) || len(done) > 0 {
		t.Errorf("preview %v (done %v), want the group among it and nothing done", changes, done)
	}
	run(t, &quiet{}, op())
	if diff := cmp.Diff([]string{"group without a cluster", "role a", "role b"}, done); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	cloud.Before = nil
	cloud.Remaining = func(context.Context) ([]providers.Task, error) {
		return []providers.Task{{What: "role c", Do: func(context.Context) error { return nil }}}, nil
	}
	if err := phase.Run(t.Context(), &quiet{}, op()); err == nil || !strings.Contains(err.Error(), "role c") {
		t.Errorf("%v, want an error for what is never done", err)
	}
	run(t, &quiet{}, b.delete(""))
}

// testEdit: a change of variables holds the cluster back only while what it needs is missing.
func testEdit(t *testing.T, b bench) {
	q := &quiet{before: func(name string) {
		if name == "prerequisites ready" {
			b.network(t)
		}
	}}
	run(t, q, b.createGated(phase.Cloud{}, false))
	edit := func(size string, asked *int) phase.Operation {
		return phase.Edit(phase.EditInput{
			Client: b.client, Cluster: b.key, Gate: b.gated().Gate, Holder: b.holder("set"), Wait: true,
			Edit: kube.TopologyEdit{Variables: map[string]any{"size": size, "hold": false}},
			Cloud: phase.Cloud{Name: "azure", Remaining: func(context.Context) ([]providers.Task, error) {
				*asked++
				return nil, nil
			}},
		})
	}
	asked := 0
	q = &quiet{}
	run(t, q, edit("a", &asked))
	if want := []string{"cluster locked", "cluster changed"}; !cmp.Equal(want, q.applied[:2]) || slices.Contains(q.applied, "cluster released") || asked == 0 {
		t.Errorf("with a ready network it applied %v and asked %d times what remains", q.applied, asked)
	}
	kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", kubetest.Ready{Status: "False", Severity: "Info", Reason: "Reconciling"})
	q = &quiet{before: func(name string) {
		if name == "prerequisites ready" {
			if got := b.held(t); got != "true" {
				t.Errorf("changed while the network is not ready: hold is %q, want true", got)
			}
			kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", ready)
		}
	}}
	run(t, q, edit("b", &asked))
	if got := b.held(t); got != "false" || !slices.Contains(q.applied, "cluster released") {
		t.Errorf("hold is %q after %v, want it released", got, q.applied)
	}
	changes, err := phase.Plan(t.Context(), edit("b", &asked))
	if err != nil || len(changes) > 0 {
		t.Errorf("the same change again would change %v (%v)", changes, err)
	}
	run(t, &quiet{}, b.delete(""))
}

func testUpgrade(t *testing.T, b bench) {
	upgrade := func(version string) phase.Operation {
		return phase.Upgrade(phase.UpgradeInput{
			Client: b.client, Cluster: b.key, Holder: b.holder("upgrade"), Wait: true, Resume: "slipway upgrade cluster dev1",
			Edit: kube.TopologyEdit{Version: version, Variables: map[string]any{"image": version}},
		})
	}
	if err := phase.Run(t.Context(), &quiet{}, upgrade("v1.37.0")); uerr.ExitCode(err) != uerr.NotFound {
		t.Errorf("%v, want not found", err)
	}
	run(t, &quiet{}, b.create())
	for version, want := range map[string]string{
		"v1.35.9": "cannot go back", "v1.38.0": "leave out a minor version", "v2.0.0": "leave out a minor version", "newest": "could not parse",
	} {
		if err := phase.Run(t.Context(), &quiet{}, upgrade(version)); uerr.ExitCode(err) != uerr.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("to %s: %v, want %q", version, err, want)
		}
	}
	run(t, &quiet{}, upgrade("v1.37.0"))
	cluster, err := b.client.Cluster(t.Context(), b.key)
	must(t, err)
	if got := cluster.Spec.Topology; got.Version != "v1.37.0" || len(got.Variables) != 1 || cluster.Annotations[kube.OperationAnnotation] != kube.OperationUpdate {
		t.Errorf("after the upgrade: %+v", got)
	}
	q := &quiet{}
	run(t, q, upgrade("v1.37.0"))
	if want := []string{"request checked", "cluster locked"}; !cmp.Equal(want, q.applied) {
		t.Errorf("typed again it applied %v, want %v", q.applied, want)
	}
	run(t, &quiet{}, b.delete(""))
}

func testRetryPhase(t *testing.T, b bench) {
	run(t, &quiet{}, b.create())
	resource := kubetest.Resource(b.key.Namespace, "dev1-net", "small")
	must(t, b.client.API().Create(t.Context(), resource.DeepCopy()))
	must(t, b.client.API().Create(t.Context(), kubetest.Listing("TestCluster", "dev1-infra", "dev1", resource)))
	cluster, err := b.client.Cluster(t.Context(), b.key)
	must(t, err)
	cluster.Spec.InfrastructureRef = clusterv1.ContractVersionedObjectReference{APIGroup: kubetest.InfraGroup, Kind: "TestCluster", Name: "dev1-infra"}
	must(t, b.client.API().Update(t.Context(), cluster))
	retry := func() phase.Operation {
		return phase.Retry(phase.RetryInput{Client: b.client, Cluster: b.key, Holder: b.holder("retry")})
	}
	q := &quiet{}
	run(t, q, retry())
	if want := []string{"cluster locked"}; !cmp.Equal(want, q.applied) {
		t.Errorf("with nothing stopped it applied %v", q.applied)
	}
	kubetest.SetReady(t, b.client, b.key.Namespace, "dev1-net", kubetest.Ready{Status: "False", Severity: "Error", Reason: "QuotaExceeded", Message: "no cores left"})
	changes, err := phase.Plan(t.Context(), retry())
	must(t, err)
	want := []phase.Change{{Object: "TestResource " + b.key.Namespace + "/dev1-net", From: "Ready: no cores left", To: "try again"}}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	q = &quiet{}
	run(t, q, retry())
	if want := []string{"cluster locked", "stopped resources tried again"}; !cmp.Equal(want, q.applied) {
		t.Errorf("applied %v, want %v", q.applied, want)
	}
	run(t, &quiet{}, b.delete(""))
}
