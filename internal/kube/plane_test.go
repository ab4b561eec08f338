package kube_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// TestOnAPlane is one plane for every test that needs a real API server; each has a namespace of its own.
func TestOnAPlane(t *testing.T) {
	c := kubetest.Client(t, kubetest.Plane(t))
	tests := map[string]func(*testing.T, *kube.Client, string){
		"ping":                     testPing,
		"apply and diff":           testApplyAndDiff,
		"conflict names its owner": testConflict,
		"scale keeps the rest":     testScale,
		"pools":                    testPools,
		"health checks":            testHealthChecks,
		"lock":                     testLock,
		"lock is lost":             testLockLost,
		"await":                    testAwait,
		"tree":                     testTree,
		"class":                    testClass,
		"class with a definition":  testClassWithDefinition,
		"owned and orphaned":       testBelongings,
		"credentials":              testCredentials,
		"summaries":                testSummaries,
		"resources":                testResources,
		"stopped resource":         testStoppedResource,
		"retry":                    testRetry,
		"resources follow":         testResourcesFollow,
		"await ready":              testAwaitReady,
		"edit topology":            testEditTopology,
		"note":                     testNote,
		"rollout":                  testRollout,
		"await, shared":            sharing(testAwait),
		"stopped resource, shared": sharing(testStoppedResource),
		"resources follow, shared": sharing(testResourcesFollow),
		"await ready, shared":      sharing(testAwaitReady),
		"shared by many":           testShared,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := "t-" + strings.NewReplacer(" ", "-", ",", "").Replace(name)
			must(t, c.EnsureNamespace(t.Context(), namespace))
			must(t, c.EnsureNamespace(t.Context(), namespace)) // idempotent
			test(t, c, namespace)
		})
	}
}

func testPing(t *testing.T, c *kube.Client, _ string) {
	version, err := c.Ping(t.Context())
	must(t, err)
	if !strings.HasPrefix(version, "v1.") {
		t.Errorf("version %q", version)
	}
	config := c.Config()
	config.Host = "https://127.0.0.1:1"
	gone, err := kube.ForConfig(config)
	must(t, err)
	_, err = gone.Ping(t.Context())
	var told *uerr.Error
	if !errors.As(err, &told) || !strings.Contains(told.Next, "management-cluster start") {
		t.Errorf("error of a server that is not there: %v, want one that says what to type", err)
	}
	_, err = c.Cluster(t.Context(), kube.Key{Namespace: "default", Name: "none"})
	if uerr.ExitCode(err) != uerr.NotFound {
		t.Errorf("exit code %d of a cluster that is not there", uerr.ExitCode(err))
	}
}

func testApplyAndDiff(t *testing.T, c *kube.Client, ns string) {
	cluster := kubetest.Cluster(ns, "dev1")
	want := []kube.Change{{Object: "Cluster " + ns + "/dev1", To: "create"}}
	expectDiff(t, c, cluster, want)
	must(t, c.Apply(t.Context(), cluster))
	must(t, c.Apply(t.Context(), cluster))
	expectDiff(t, c, cluster, nil)
	two := int32(2)
	cluster.Spec.Topology.Workers.MachineDeployments[0].Replicas = &two
	cluster.Spec.Topology.Version = "v1.37.0"
	expectDiff(t, c, cluster, []kube.Change{
		{Object: "Cluster " + ns + "/dev1", Field: "spec.topology.version", From: "v1.36.3", To: "v1.37.0"},
		{Object: "Cluster " + ns + "/dev1", Field: "spec.topology.workers.machineDeployments[name=md-0].replicas", From: "1", To: "2"},
	})
	if got := getCluster(t, c, ns, "dev1"); got.Spec.Topology.Version != "v1.36.3" {
		t.Error("a diff changed the cluster")
	}
	secret := kubetest.Identity(ns, "dev1")
	must(t, c.ApplyOwn(t.Context(), secret))
	secret.Data["password"] = []byte("other")
	changes, err := c.Diff(t.Context(), secret)
	must(t, err)
	if diff := cmp.Diff([]kube.Change{{Object: "Secret " + ns + "/dev1-test", Field: "data.password", From: "<redacted>", To: "<redacted>"}}, changes); diff != "" {
		t.Errorf("diff of a Secret (-want +got):\n%s", diff)
	}
}

func testConflict(t *testing.T, c *kube.Client, ns string) {
	cluster := kubetest.Cluster(ns, "dev1")
	must(t, c.Apply(t.Context(), cluster))
	edited := getCluster(t, c, ns, "dev1")
	edited.Spec.Topology.Version = "v1.35.0"
	must(t, c.API().Update(t.Context(), edited, client.FieldOwner("kubectl-edit")))
	err := c.Apply(t.Context(), cluster)
	if err == nil || !strings.Contains(err.Error(), "spec.topology.version") || !strings.Contains(err.Error(), `"kubectl-edit"`) {
		t.Fatalf("error %v, want one that names the field and its owner", err)
	}
	if got := getCluster(t, c, ns, "dev1"); got.Spec.Topology.Version != "v1.35.0" {
		t.Error("the other owner's value was overwritten")
	}
	must(t, c.ApplyOwn(t.Context(), cluster))
	if got := getCluster(t, c, ns, "dev1"); got.Spec.Topology.Version != "v1.36.3" {
		t.Error("an object of ours alone was not forced")
	}
}

func testScale(t *testing.T, c *kube.Client, ns string) {
	key := kube.Key{Namespace: ns, Name: "dev1"}
	cluster := kubetest.Cluster(ns, "dev1")
	must(t, c.Apply(t.Context(), cluster))
	three, four, one := int32(3), int32(4), int32(1)
	changes, err := c.DiffSize(t.Context(), key, kube.Size{Workers: &four})
	must(t, err)
	if len(changes) != 1 || changes[0].To != "4" {
		t.Errorf("preview %v, want one change to 4", changes)
	}
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &four}))
	must(t, c.ApplySize(t.Context(), key, kube.Size{ControlPlane: &three}))
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &four})) // each number outlives a change of the other
	expectSize(t, c, key, 3, 4)
	if pool := getCluster(t, c, ns, "dev1").Spec.Topology.Workers.MachineDeployments[0]; pool.Class != "worker" {
		t.Errorf("scaling lost the pool's class: %+v", pool)
	}
	must(t, c.Apply(t.Context(), cluster)) // our own names do not conflict with each other
	expectSize(t, c, key, 1, 1)
	must(t, c.ApplySize(t.Context(), key, kube.Size{Workers: &four}))
	other := getCluster(t, c, ns, "dev1")
	other.Spec.Topology.Workers.MachineDeployments[0].Replicas = &three
	must(t, c.API().Update(t.Context(), other, client.FieldOwner("cluster-autoscaler")))
	err = c.ApplySize(t.Context(), key, kube.Size{Workers: &one})
	if err == nil || !strings.Contains(err.Error(), "cluster-autoscaler") {
		t.Errorf("error %v, want one that names the autoscaler", err)
	}
	dying := getCluster(t, c, ns, "dev1")
	controllerutil.AddFinalizer(dying, "test/hold")
	must(t, c.API().Update(t.Context(), dying))
	must(t, c.DeleteCluster(t.Context(), key))
	if err := c.ApplySize(t.Context(), key, kube.Size{Workers: &one}); err == nil || !strings.Contains(err.Error(), "being deleted") {
		t.Errorf("error %v, want a refusal to scale what is being deleted", err)
	}
}

func testHealthChecks(t *testing.T, c *kube.Client, ns string) {
	key := kube.Key{Namespace: ns, Name: "dev1"}
	must(t, c.Apply(t.Context(), kubetest.Cluster(ns, "dev1")))
	startup, calls, by := int32(600), 0, "ann"
	edit := kube.HealthEdit{
		Topology: func(cluster *clusterv1.Cluster) error {
			if calls++; calls == 1 { // somebody else changes the Cluster between the reading and the writing of it
				other := getCluster(t, c, ns, "dev1")
				other.Annotations = map[string]string{"changed-by": by}
				must(t, c.API().Update(t.Context(), other))
			}
			cluster.Spec.Topology.Workers.MachineDeployments[0].HealthCheck.Checks.NodeStartupTimeoutSeconds = &startup
			return nil
		},
		Objects: map[string]func(*clusterv1.MachineHealthCheck){"own": func(m *clusterv1.MachineHealthCheck) {
			m.Spec.Selector.MatchLabels = map[string]string{"a": "b"}
			m.Spec.Checks.NodeStartupTimeoutSeconds = &startup
		}},
	}
	changes, err := c.DiffHealth(t.Context(), key, edit)
	must(t, err)
	if len(changes) != 2 || !strings.HasSuffix(changes[0].Field, "nodeStartupTimeoutSeconds") || changes[1].To != "create" {
		t.Errorf("setting would change %v", changes)
	}
	if checks, err := c.HealthChecks(t.Context(), key); err != nil || len(checks) != 0 {
		t.Errorf("a preview made %v, %v", checks, err)
	}
	calls, by = 0, "bob"
	must(t, c.ApplyHealth(t.Context(), key, edit))
	got := getCluster(t, c, ns, "dev1")
	pool := got.Spec.Topology.Workers.MachineDeployments[0]
	if seconds := pool.HealthCheck.Checks.NodeStartupTimeoutSeconds; seconds == nil || *seconds != 600 || pool.Class != "worker" {
		t.Errorf("pool is %+v", pool)
	}
	if got.Annotations["changed-by"] != by || calls != 2 {
		t.Errorf("after %d calls the change of somebody else is %q", calls, got.Annotations["changed-by"])
	}
	if changes, err := c.DiffHealth(t.Context(), key, edit); err != nil || len(changes) > 0 {
		t.Errorf("setting it once more would change %v, %v", changes, err)
	}
	if checks, err := c.HealthChecks(t.Context(), key); err != nil || len(checks) != 1 || checks[0].Name != "own" {
		t.Errorf("got %v, %v", checks, err)
	}
	remove := kube.HealthEdit{Objects: map[string]func(*clusterv1.MachineHealthCheck){"own": nil}}
	must(t, c.ApplyHealth(t.Context(), key, remove))
	must(t, c.ApplyHealth(t.Context(), key, remove)) // idempotent
	if checks, err := c.HealthChecks(t.Context(), key); err != nil || len(checks) != 0 {
		t.Errorf("left: %v, %v", checks, err)
	}
}

func testAwait(t *testing.T, c *kube.Client, ns string) {
	key := kube.Key{Namespace: ns, Name: "dev1"}
	must(t, c.Apply(t.Context(), kubetest.Cluster(ns, "dev1")))
	cluster := getCluster(t, c, ns, "dev1")
	cluster.Status.Conditions = []metav1.Condition{kubetest.Condition("InfrastructureReady", "False", "VCenterUnreachable", "no route to vc.example")}
	must(t, c.API().Status().Update(t.Context(), cluster))

	over, end := context.WithCancelCause(t.Context()) // a deadline that is over once the progress was told
	noted := ""
	err := c.Await(over, key, "the infrastructure", kube.InfrastructureReady, func(text string) {
		noted = text
		if text != "" { // what is shared may be of before the condition was set
			end(context.DeadlineExceeded)
		}
	})
	if uerr.ExitCode(err) != uerr.TimedOut || !strings.Contains(err.Error(), "no route to vc.example") || !strings.Contains(err.Error(), "Cluster "+ns+"/dev1") {
		t.Errorf("%v (exit code %d), want a time-out with object and condition", err, uerr.ExitCode(err))
	}
	if !strings.Contains(noted, "no route") {
		t.Errorf("progress line %q does not say what is waited for", noted)
	}
	stopped, stop := context.WithCancel(t.Context())
	err = c.Await(stopped, key, "the infrastructure", kube.InfrastructureReady, func(string) { stop() })
	if uerr.ExitCode(err) != uerr.Cancelled {
		t.Errorf("%v (exit code %d), want cancelled", err, uerr.ExitCode(err))
	}
	time.AfterFunc(200*time.Millisecond, func() {
		cluster := &clusterv1.Cluster{}
		if c.API().Get(context.Background(), key, cluster) == nil && kubetest.Settle(cluster) {
			_ = c.API().Status().Update(context.Background(), cluster)
		}
	})
	must(t, c.Await(t.Context(), key, "the cluster", kube.Settled, func(string) {}))
	time.AfterFunc(200*time.Millisecond, func() { _ = c.DeleteCluster(context.Background(), key) })
	must(t, c.AwaitGone(t.Context(), key, func(string) {}))
}

func testTree(t *testing.T, c *kube.Client, ns string) {
	cluster := kubetest.Cluster(ns, "dev1")
	cluster.Spec.InfrastructureRef = clusterv1.ContractVersionedObjectReference{APIGroup: kubetest.InfraGroup, Kind: "TestCluster", Name: "dev1-infra"}
	must(t, c.Apply(t.Context(), cluster))
	must(t, c.API().Create(t.Context(), infra("TestCluster", ns, "dev1-infra", "True", "")))
	bad := infra("TestMachine", ns, "dev1-cp-x", "False", "no such template")
	must(t, c.API().Create(t.Context(), bad))
	must(t, c.API().Create(t.Context(), machine(ns, "dev1-cp-x", map[string]string{clusterv1.MachineControlPlaneLabel: ""})))
	must(t, c.API().Create(t.Context(), machine(ns, "dev1-md-x", map[string]string{clusterv1.MachineDeploymentNameLabel: "none"})))
	must(t, c.API().Create(t.Context(), infra("TestMachinePool", ns, "dev1-pool", "True", "")))
	must(t, c.API().Create(t.Context(), machinePool(ns, "dev1", "gpu", 2)))

	tree, err := c.Tree(t.Context(), ns, "dev1")
	must(t, err)
	var kinds []string
	for _, child := range tree.Children {
		kinds = append(kinds, child.Role+" "+child.Name)
	}
	if diff := cmp.Diff([]string{"infrastructure dev1-infra", "pool dev1-gpu", "machine dev1-cp-x", "machine dev1-md-x"}, kinds); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	pool := tree.Children[1]
	if *pool.Desired != 2 || len(pool.Children) != 1 || pool.Children[0].Kind != "TestMachinePool" || pool.Children[0].Role != kube.RoleInfrastructure {
		t.Errorf("the machine pool is %+v, want it with the infrastructure's object", pool)
	}
	if want, got := "TestMachine "+ns+"/dev1-cp-x: Provisioned: no such template", tree.CauseText(); got != want {
		t.Errorf("cause %q, want %q", got, want)
	}
	_, err = c.Tree(t.Context(), ns, "none")
	if uerr.ExitCode(err) != uerr.NotFound {
		t.Errorf("tree of a cluster that is not there: %v", err)
	}
}

func infra(kind, ns, name, status, message string) client.Object {
	object := kubetest.Infra(kind, ns, name, "dev1")
	object.Object["status"] = map[string]any{"conditions": []any{map[string]any{
		"type": "Provisioned", "status": status, "reason": "CloningFailed", "message": message,
	}}}
	return object
}

// machinePool is what Cluster API makes of a pool of the topology; its infrastructure is a TestMachinePool.
func machinePool(ns, cluster, pool string, replicas int32) *clusterv1.MachinePool {
	template := machine(ns, cluster+"-"+pool, map[string]string{}).Spec
	template.InfrastructureRef = clusterv1.ContractVersionedObjectReference{APIGroup: kubetest.InfraGroup, Kind: "TestMachinePool", Name: cluster + "-pool"}
	return &clusterv1.MachinePool{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: cluster + "-" + pool, Labels: map[string]string{
			clusterv1.ClusterNameLabel: cluster, clusterv1.ClusterTopologyMachinePoolNameLabel: pool,
		}},
		Spec: clusterv1.MachinePoolSpec{ClusterName: cluster, Replicas: &replicas, Template: clusterv1.MachineTemplateSpec{Spec: template}},
	}
}

func machine(ns, name string, labels map[string]string) *clusterv1.Machine {
	labels[clusterv1.ClusterNameLabel] = "dev1"
	data := "x"
	return &clusterv1.Machine{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: labels},
		Spec: clusterv1.MachineSpec{
			ClusterName: "dev1", Bootstrap: clusterv1.Bootstrap{DataSecretName: &data},
			InfrastructureRef: clusterv1.ContractVersionedObjectReference{APIGroup: kubetest.InfraGroup, Kind: "TestMachine", Name: name},
		},
	}
}

func namespaceUID(t *testing.T, c *kube.Client, ns string) types.UID {
	t.Helper()
	namespace := &corev1.Namespace{}
	must(t, c.API().Get(t.Context(), kube.Key{Name: ns}, namespace))
	return namespace.UID
}

func expectDiff(t *testing.T, c *kube.Client, object client.Object, want []kube.Change) {
	t.Helper()
	got, err := c.Diff(t.Context(), object)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func expectSize(t *testing.T, c *kube.Client, key kube.Key, control, workers int32) {
	t.Helper()
	cluster := getCluster(t, c, key.Namespace, key.Name)
	if got := kube.ControlPlaneCount(cluster).Desired; got != control {
		t.Errorf("control plane of %d, want %d", got, control)
	}
	if got := kube.WorkerCount(cluster).Desired; got != workers {
		t.Errorf("%d workers, want %d", got, workers)
	}
}

func getCluster(t *testing.T, c *kube.Client, ns, name string) *clusterv1.Cluster {
	t.Helper()
	cluster, err := c.Cluster(t.Context(), kube.Key{Namespace: ns, Name: name})
	must(t, err)
	return cluster
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
