package phase_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// quiet is a reporter that counts what was applied.
type quiet struct {
	applied []string
	before  func(name string) // called when a phase starts
	note    func(text string) // called when one tells what it waits for
}

func (q *quiet) Start(name string) {
	if q.before != nil {
		q.before(name)
	}
}
func (q *quiet) Note(_, text string) {
	if q.note != nil {
		q.note(text)
	}
}
func (q *quiet) Done(name string)    { q.applied = append(q.applied, name) }
func (q *quiet) Skip(string, string) {}
func (q *quiet) Fail(string)         {}

// bench is what one test works with: a namespace of its own on the shared plane.
type bench struct {
	client *kube.Client
	key    kube.Key
}

func TestOnAPlane(t *testing.T) {
	c := kubetest.Client(t, kubetest.Plane(t))
	kubetest.StandIn(t, c)
	tests := map[string]func(*testing.T, bench){
		"life":                    testLife,
		"interrupted":             testInterrupted,
		"two operators":           testTwoOperators,
		"same name again":         testSameNameAgain,
		"other settings":          testOtherSettings,
		"delete what is not":      testDeleteWhatIsNot,
		"join a delete":           testJoinADelete,
		"preview touches nothing": testPreview,
		"refused sizes":           testRefusedSizes,
		"gate":                    testGate,
		"gate interrupted":        testGateInterrupted,
		"gate without waiting":    testGateNoWait,
		"gate stops":              testGateStops,
		"work in the cloud":       testCloudWork,
		"edit":                    testEdit,
		"upgrade":                 testUpgrade,
		"retry":                   testRetryPhase,
		"pools":                   testPools,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, bench{client: c, key: kube.Key{Namespace: "t-" + strings.ReplaceAll(name, " ", "-"), Name: "dev1"}})
		})
	}
}

func (b bench) objects() *render.Objects {
	return &render.Objects{
		Class:    kubetest.Class(b.key.Namespace),
		Cluster:  kubetest.Cluster(b.key.Namespace, b.key.Name),
		Identity: kubetest.Identity(b.key.Namespace, b.key.Name),
	}
}

func (b bench) holder(command string) kube.Holder {
	return kube.Holder{User: "ann", Host: "desk", PID: os.Getpid(), Command: command}
}

func (b bench) create() phase.Operation {
	return phase.Create(phase.CreateInput{
		Client: b.client, Objects: b.objects(), Holder: b.holder("create"), Resume: "slipway create cluster dev1",
	})
}

func (b bench) scale(control, workers int32, wait bool) phase.Operation {
	size := kube.Size{ControlPlane: &control, Workers: &workers}
	return phase.Scale(phase.ScaleInput{
		Client: b.client, Cluster: b.key, Size: size, Holder: b.holder("scale"), Wait: wait, Resume: "slipway scale cluster dev1",
	})
}

func (b bench) delete(kubeconfig string) phase.Operation {
	return phase.Delete(phase.DeleteInput{
		Client: b.client, Cluster: b.key, Holder: b.holder("delete"), Wait: true, Kubeconfig: kubeconfig, Resume: "slipway delete cluster dev1",
	})
}

// expectNothingLeft looks for everything that an operation makes.
func (b bench) expectNothingLeft(t *testing.T) {
	t.Helper()
	kubetest.Eventually(t, "nothing left", func(ctx context.Context) (bool, error) {
		var left []string
		for _, list := range []client.ObjectList{
			&clusterv1.ClusterList{}, &clusterv1.ClusterClassList{}, &corev1.SecretList{}, &coordinationv1.LeaseList{},
		} {
			if err := b.client.API().List(ctx, list, client.InNamespace(b.key.Namespace)); err != nil {
				return false, err
			}
			left = append(left, names(list)...)
		}
		if len(left) > 0 {
			return false, fmt.Errorf("left: %v", left)
		}
		return true, nil
	})
}

func names(list client.ObjectList) []string {
	var out []string
	switch l := list.(type) {
	case *clusterv1.ClusterList:
		for i := range l.Items {
			out = append(out, "Cluster "+l.Items[i].Name)
		}
	case *clusterv1.ClusterClassList:
		for i := range l.Items {
			out = append(out, "ClusterClass "+l.Items[i].Name)
		}
	case *corev1.SecretList:
		for i := range l.Items {
			out = append(out, "Secret "+l.Items[i].Name)
		}
	case *coordinationv1.LeaseList:
		for i := range l.Items {
			out = append(out, "Lease "+l.Items[i].Name)
		}
	}
	return out
}

func testLife(t *testing.T, b bench) {
	q := &quiet{}
	run(t, q, b.create())
	want := []string{"namespace", "cluster locked", "cluster class", "credentials and add-ons", "cluster", "ownership"}
	if got := q.applied[:min(len(want), len(q.applied))]; !cmp.Equal(want, got) {
		t.Errorf("create applied %v, want it to begin with %v", q.applied, want)
	}
	cluster, err := b.client.Cluster(t.Context(), b.key)
	must(t, err)
	if !kube.Settled(cluster) {
		t.Error("create returned before the cluster was up")
	}
	q = &quiet{}
	run(t, q, b.create())
	if !cmp.Equal([]string{"cluster locked"}, q.applied) {
		t.Errorf("create typed again applied %v, want only its lock", q.applied)
	}
	testHealthCheckOff(t, b)
	run(t, &quiet{}, b.scale(3, 4, true))
	cluster, err = b.client.Cluster(t.Context(), b.key)
	must(t, err)
	if kube.ControlPlaneCount(cluster).String() != "3/3" || kube.WorkerCount(cluster).String() != "4/4" {
		t.Errorf("after the scale: %s %s", kube.ControlPlaneCount(cluster), kube.WorkerCount(cluster))
	}
	kubeconfig := filepath.Join(t.TempDir(), "config")
	must(t, kube.MergeContext(kubeconfig, kube.ContextName("dev1"), []byte(
		"current-context: a\nclusters: [{name: dev1, cluster: {}}]\ncontexts: [{name: a, context: {cluster: dev1, user: u}}]\nusers: [{name: u, user: {}}]\n")))
	run(t, &quiet{}, b.delete(kubeconfig))
	if has, err := kube.HasContext(kubeconfig, kube.ContextName("dev1")); err != nil || has {
		t.Errorf("the context is still there: %v, %v", has, err)
	}
	b.expectNothingLeft(t)
}

func testHealthCheckOff(t *testing.T, b bench) {
	t.Helper()
	op := func() phase.Operation {
		return phase.SetHealthCheck(phase.HealthCheckInput{
			Client: b.client, Cluster: b.key, Holder: b.holder("delete mhc"), Edit: kube.HealthEdit{
				Topology: func(cluster *clusterv1.Cluster) error {
					cluster.Spec.Topology.ControlPlane.HealthCheck.Enabled = new(bool)
					return nil
				},
			},
		})
	}
	changes, err := phase.Plan(t.Context(), op())
	must(t, err)
	if len(changes) != 1 || changes[0].Field != "spec.topology.controlPlane.healthCheck.enabled" {
		t.Errorf("preview of switching a health check off: %v", changes)
	}
	run(t, &quiet{}, op())
	cluster, err := b.client.Cluster(t.Context(), b.key)
	must(t, err)
	if got := cluster.Annotations[kube.OperationAnnotation]; got != kube.OperationUpdate || !kube.TopologyFollowed(cluster) {
		t.Errorf("after switching it off: operation %q, topology followed %v", got, kube.TopologyFollowed(cluster))
	}
	q := &quiet{}
	run(t, q, op())
	if !cmp.Equal([]string{"cluster locked"}, q.applied) {
		t.Errorf("switching it off again applied %v, want only its lock", q.applied)
	}
}

// testInterrupted stops every operation at the start of each of its phases in turn and types it again.
func testInterrupted(t *testing.T, b bench) {
	operations := []struct {
		name string
		make func() phase.Operation
	}{
		{"create", b.create},
		{"scale", func() phase.Operation { return b.scale(3, 4, true) }},
		{"delete", func() phase.Operation { return b.delete("") }},
	}
	for _, o := range operations {
		for i := range o.make().Phases {
			ctx, stop := context.WithCancel(t.Context())
			started := 0
			err := phase.Run(ctx, &quiet{before: func(string) {
				if started++; started > i {
					stop()
				}
			}}, o.make())
			stop()
			var told *uerr.Error
			switch {
			case err == nil: // everything from there on was done already
			case uerr.ExitCode(err) == uerr.NotFound: // the delete before had got to its end
			case !errors.As(err, &told) || told.Code != uerr.Cancelled || !strings.Contains(told.Next, "slipway "+o.name+" cluster dev1"):
				t.Errorf("%s stopped at phase %d: %v, want cancelled with how to resume", o.name, i, err)
			}
		}
		err := phase.Run(t.Context(), &quiet{}, o.make())
		if err != nil && (o.name != "delete" || uerr.ExitCode(err) != uerr.NotFound) {
			t.Fatalf("%s typed again: %v", o.name, err)
		}
	}
	b.expectNothingLeft(t)
}

func testTwoOperators(t *testing.T, b bench) {
	run(t, &quiet{}, b.create())
	held, err := b.client.Lock(t.Context(), b.key.Namespace, b.key.Name, kube.Holder{User: "bob", Host: "desk", PID: os.Getpid(), Command: "scale cluster dev1"})
	must(t, err)
	for name, op := range map[string]phase.Operation{"create": b.create(), "scale": b.scale(1, 2, false), "delete": b.delete("")} {
		if err := phase.Run(t.Context(), &quiet{}, op); err == nil || !strings.Contains(err.Error(), "bob@desk") {
			t.Errorf("%s beside another operator: %v, want one that names him", name, err)
		}
	}
	held.Release()
	run(t, &quiet{}, b.delete(""))
}

func testSameNameAgain(t *testing.T, b bench) {
	for range 2 {
		run(t, &quiet{}, b.create())
		exists, err := b.client.Exists(t.Context(), b.objects().Identity)
		if err != nil || !exists {
			t.Fatalf("the credentials are not there: %v", err)
		}
		run(t, &quiet{}, b.delete(""))
	}
	b.expectNothingLeft(t)
}

func testOtherSettings(t *testing.T, b bench) {
	run(t, &quiet{}, b.create())
	objects := b.objects()
	objects.Cluster.Spec.Topology.Version = "v1.37.0"
	err := phase.Run(t.Context(), &quiet{}, phase.Create(phase.CreateInput{Client: b.client, Objects: objects, Holder: b.holder("create")}))
	if err == nil || !strings.Contains(err.Error(), "spec.topology.version: v1.36.3 -> v1.37.0") {
		t.Errorf("error %v, want the difference", err)
	}
	run(t, &quiet{}, b.delete(""))
}

func testDeleteWhatIsNot(t *testing.T, b bench) {
	if err := phase.Run(t.Context(), &quiet{}, b.delete("")); uerr.ExitCode(err) != uerr.NotFound {
		t.Errorf("exit code %d (%v), want not found", uerr.ExitCode(err), err)
	}
	must(t, b.client.EnsureNamespace(t.Context(), b.key.Namespace))
	must(t, b.client.ApplyOwn(t.Context(), b.objects().Identity)) // a create was killed before its Cluster
	if err := phase.Run(t.Context(), &quiet{}, b.delete("")); uerr.ExitCode(err) != uerr.NotFound {
		t.Errorf("exit code %d (%v), want not found", uerr.ExitCode(err), err)
	}
	b.expectNothingLeft(t)
}

func testJoinADelete(t *testing.T, b bench) {
	run(t, &quiet{}, b.create())
	cluster, err := b.client.Cluster(t.Context(), b.key)
	must(t, err)
	controllerutil.AddFinalizer(cluster, "test/hold")
	must(t, b.client.API().Update(t.Context(), cluster))
	must(t, b.client.DeleteCluster(t.Context(), b.key))
	if err := phase.Run(t.Context(), &quiet{}, b.scale(3, 3, false)); err == nil || !strings.Contains(err.Error(), "being deleted") {
		t.Errorf("scaling what is being deleted: %v", err)
	}
	if err := phase.Run(t.Context(), &quiet{}, b.create()); err == nil || !strings.Contains(err.Error(), "being deleted") {
		t.Errorf("creating what is being deleted: %v", err)
	}
	release := func(name string) {
		if name != "cluster gone" {
			return
		}
		dying, err := b.client.Cluster(t.Context(), b.key)
		must(t, err)
		controllerutil.RemoveFinalizer(dying, "test/hold")
		must(t, b.client.API().Update(t.Context(), dying))
	}
	run(t, &quiet{before: release}, b.delete(""))
	b.expectNothingLeft(t)
}

func testPreview(t *testing.T, b bench) {
	changes, err := phase.Plan(t.Context(), b.create())
	must(t, err)
	if len(changes) < 4 {
		t.Errorf("preview of a create lists %v, want namespace, class, credentials and cluster", changes)
	}
	exists, err := b.client.Exists(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: b.key.Namespace}})
	if err != nil || exists {
		t.Errorf("a preview made the namespace: %v, %v", exists, err)
	}
}

func testRefusedSizes(t *testing.T, b bench) {
	run(t, &quiet{}, b.create())
	err := phase.Run(t.Context(), &quiet{}, b.scale(2, -1, false))
	var findings uerr.Findings
	if !errors.As(err, &findings) || len(findings) != 2 || uerr.ExitCode(err) != uerr.Usage {
		t.Errorf("error %v, want two findings with the exit code of usage", err)
	}
	run(t, &quiet{}, b.delete(""))
}

func run(t *testing.T, q *quiet, op phase.Operation) {
	t.Helper()
	must(t, phase.Run(t.Context(), q, op))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
