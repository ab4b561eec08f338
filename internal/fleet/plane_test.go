package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// bench is a fleet in a namespace of its own on the shared plane.
type bench struct {
	client    *kube.Client
	namespace string
	changes   *atomic.Int64
}

// newBench has a client that counts the requests that change something.
func newBench(t testing.TB, c *kube.Client, namespace string) bench {
	t.Helper()
	b := bench{namespace: namespace}
	b.client, b.changes = kubetest.Counting(t, c, func(r *http.Request) bool { return r.Method != http.MethodGet })
	return b
}

func TestOnAPlane(t *testing.T) {
	c := kubetest.Client(t, kubetest.Plane(t))
	kubetest.StandIn(t, c)
	for name, test := range map[string]func(*testing.T, bench){
		"nothing to do": testNoOp, "change": testChange, "drift": testDrift, "pools": testPools, "prune": testPrune,
		"adoption": testAdoption, "isolation": testIsolation, "lock": testLock, "dead holder": testDeadHolder, "interrupted": testInterrupted,
		"same objects": testSameObjects, "failure": testFailure, "going on": testGoingOn,
		"black hole": testBlackHole, "late danger": testLateDanger, "beside": testBeside, "fixed": testFixed, "protected meanwhile": testProtectedMeanwhile,
		"sharing": testSharing, "all findings": testAllFindings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newBench(t, c, "f-"+strings.ReplaceAll(name, " ", "-")))
		})
	}
}

// want is a cluster of the fleet as a file asks for it; edit changes its objects, and asked is its fingerprint.
func (b bench) want(name, asked string, edit func(*clusterv1.Cluster)) *fleet.Desired {
	return &fleet.Desired{
		Management: "m", Key: kube.Key{Namespace: b.namespace, Name: name}, Where: "fleet.yaml:1", Infrastructure: "test",
		Family: b.namespace, Asked: asked, Limits: providers.Limits{Cloud: "test"},
		Preflight: func(context.Context, *clusterv1.Cluster) (uerr.Findings, error) { return nil, nil },
		Resolve: func(context.Context, *clusterv1.Cluster) (*fleet.Resolved, error) {
			return &fleet.Resolved{Objects: b.objects(name, edit)}, nil
		},
	}
}

func (b bench) objects(name string, edit func(*clusterv1.Cluster)) *render.Objects {
	cluster := kubetest.Cluster(b.namespace, name)
	if edit != nil {
		edit(cluster)
	}
	return &render.Objects{Class: kubetest.Class(b.namespace), Cluster: cluster, Identity: kubetest.Identity(b.namespace, name)}
}

func (b bench) input(desired ...*fleet.Desired) fleet.Input {
	return fleet.Input{
		Managements: []fleet.Management{{Name: "m", Client: b.client}}, Desired: desired, Families: []string{b.namespace}, Awaited: true,
	}
}

func (b bench) plan(t testing.TB, desired ...*fleet.Desired) *fleet.Plan {
	t.Helper()
	p, err := fleet.MakePlan(t.Context(), b.input(desired...))
	must(t, err)
	return p
}

func (b bench) run() fleet.Run {
	return fleet.Run{
		Parallel: 10, Wait: true, Prune: true, Holder: kube.Holder{User: "ann", Host: "desk", PID: os.Getpid(), Command: "apply"}, Resume: "slipway apply",
		Reporter: func(*fleet.Item) phase.Reporter { return quiet{} }, Ended: func(*fleet.Item, *fleet.Result) {},
	}
}

// apply applies and wants all to be well.
func (b bench) apply(t testing.TB, desired ...*fleet.Desired) {
	t.Helper()
	p := b.plan(t, desired...)
	results := fleet.Apply(t.Context(), p, b.run())
	for _, r := range results {
		must(t, r.Err)
	}
	must(t, fleet.Verdict(p, results, ""))
}

// actions are what a plan does, as "change dev1".
func actions(p *fleet.Plan) []string {
	var out []string
	for _, i := range p.Items {
		out = append(out, string(i.Action)+" "+i.Name)
	}
	return out
}

func expect(t *testing.T, p *fleet.Plan, want ...string) {
	t.Helper()
	got := actions(p)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the plan (-want +got):\n%s%v", diff, p.Findings())
	}
}

type quiet struct{}

func (quiet) Start(string)        {}
func (quiet) Note(string, string) {}
func (quiet) Done(string)         {}
func (quiet) Skip(string, string) {}
func (quiet) Fail(string)         {}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func workers(n int32) func(*clusterv1.Cluster) {
	return func(c *clusterv1.Cluster) { c.Spec.Topology.Workers.MachineDeployments[0].Replicas = &n }
}

func testNoOp(t *testing.T, b bench) {
	a, c := b.want("a", "1", nil), b.want("c", "1", nil)
	expect(t, b.plan(t, a, c), "create a", "create c")
	b.apply(t, a, c)
	b.changes.Store(0)
	a.Resolve = func(context.Context, *clusterv1.Cluster) (*fleet.Resolved, error) {
		t.Error("the cloud is asked of a cluster that is as it was asked for")
		return nil, errors.New("not to be asked")
	}
	expect(t, b.plan(t, a, c), "leave a", "leave c")
	b.apply(t, a, c)
	if n := b.changes.Load(); n != 0 {
		t.Errorf("%d requests that change something", n)
	}
}

func testChange(t *testing.T, b bench) {
	b.apply(t, b.want("a", "1", nil))
	d := b.want("a", "2", func(c *clusterv1.Cluster) {
		workers(4)(c)
		c.Spec.Topology.Version = "v1.37.0"
	})
	d.Labels, d.Protect = map[string]string{"owner": "x"}, true
	p := b.plan(t, d)
	expect(t, p, "change a")
	var got []string
	for _, c := range p.Items[0].Changes {
		got = append(got, fmt.Sprintf("%s %s>%s", c.Field, c.From, c.To))
	}
	want := []string{
		"spec.topology.version v1.36.3>v1.37.0", "spec.topology.workers.machineDeployments[name=md-0].replicas 1>4",
		"metadata.labels.owner >x", "protect false>true",
	}
	if diff := cmp.Diff(want, got); diff != "" || !p.Items[0].Replaces {
		t.Errorf("replaces %v (-want +got):\n%s", p.Items[0].Replaces, diff)
	}
	b.apply(t, d)
	live, err := b.client.Cluster(t.Context(), d.Key)
	must(t, err)
	if live.Spec.Topology.Version != "v1.37.0" || live.Labels["owner"] != "x" || kube.WorkerCount(live).String() != "4/4" {
		t.Errorf("%s %v %s", live.Spec.Topology.Version, live.Labels, kube.WorkerCount(live))
	}
	d.Labels, d.Protect = nil, false
	b.apply(t, d)
	if live, err = b.client.Cluster(t.Context(), d.Key); err != nil || live.Labels["owner"] != "" || kube.Mark(live).Protect {
		t.Errorf("%v %v", err, live.Labels)
	}
	back := b.want("a", "3", nil)
	if p := b.plan(t, back); p.Count(fleet.Refuse) != 1 || !strings.Contains(p.Findings().Error(), "cannot go back") {
		t.Errorf("back to an older version: %v", p.Findings())
	}
	moved := b.want("a", "4", func(c *clusterv1.Cluster) {
		c.Spec.Topology.Version = "v1.37.0"
		c.Spec.ClusterNetwork.Pods.CIDRBlocks = []string{"10.1.0.0/16"}
	})
	if p := b.plan(t, moved); p.Count(fleet.Change) != 1 { // it had none, so nothing is taken from it
		t.Errorf("%v", p.Findings())
	}
}

func testDrift(t *testing.T, b bench) {
	d := b.want("a", "1", nil)
	b.apply(t, d)
	size := int32(5)
	must(t, b.client.ApplySize(t.Context(), d.Key, kube.Size{Workers: &size}))
	p := b.plan(t, d)
	expect(t, p, "change a")
	if drift := p.Items[0].Drift; len(drift) != 1 || drift[0].From != "5" || drift[0].To != "1" {
		t.Errorf("drift %v", drift)
	}
	b.apply(t, d)
	expect(t, b.plan(t, d), "leave a")
}

func testPools(t *testing.T, b bench) {
	b.apply(t, b.want("a", "1", func(c *clusterv1.Cluster) {
		more := *c.Spec.Topology.Workers.MachineDeployments[0].DeepCopy()
		more.Name = "md-1"
		c.Spec.Topology.Workers.MachineDeployments = append(c.Spec.Topology.Workers.MachineDeployments, more)
	}))
	key, size := kube.Key{Namespace: b.namespace, Name: "a"}, int32(3)
	must(t, b.client.ApplySize(t.Context(), key, kube.Size{Workers: &size, Pool: "md-1"})) // a second owner of the pool
	must(t, b.client.ApplyPool(t.Context(), key, kube.PoolEdit{Name: "own", Class: "worker", Replicas: &size}))
	d := b.want("a", "2", nil)
	if p := b.plan(t, d); !p.Items[0].Replaces {
		t.Errorf("a pool that goes takes its machines along: %+v", p.Items[0])
	}
	b.apply(t, d)
	live, err := b.client.Cluster(t.Context(), key)
	must(t, err)
	if got := kube.PoolNames(kube.Pools(live)); got != "md-0, own" {
		t.Errorf("pools %s: that of the file goes, and that of a person stays", got)
	}
}

func testPrune(t *testing.T, b bench) {
	kept, gone, safe, other := b.want("kept", "1", nil), b.want("gone", "1", nil), b.want("safe", "1", nil), b.want("other", "1", nil)
	safe.Protect, other.Family = true, "another"
	b.apply(t, kept, gone, safe, other)
	run(t, phase.Create(phase.CreateInput{Client: b.client, Objects: b.objects("loose", nil), Holder: b.run().Holder}))
	p := b.plan(t, kept)
	expect(t, p, "leave kept", "delete gone", "leave safe")
	without := b.run()
	without.Prune = false
	if results := fleet.Apply(t.Context(), p, without); len(results) != 0 {
		t.Fatalf("without prune: %v", results)
	}
	b.apply(t, kept)
	var left []string
	clusters, err := b.client.Clusters(t.Context())
	must(t, err)
	for i := range clusters {
		if clusters[i].Namespace == b.namespace {
			left = append(left, clusters[i].Name)
		}
	}
	if diff := cmp.Diff([]string{"kept", "loose", "other", "safe"}, left); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in := b.input(kept)
	in.Families = nil
	if p, err = fleet.MakePlan(t.Context(), in); err != nil || len(p.Items) != 1 {
		t.Errorf("%v %v: without a family nothing is gone", err, actions(p))
	}
}

// testProtectedMeanwhile protects a cluster between the plan and its deletion.
func testProtectedMeanwhile(t *testing.T, b bench) {
	d := b.want("a", "1", nil)
	b.apply(t, d)
	p := b.plan(t)
	expect(t, p, "delete a")
	d.Protect = true
	b.apply(t, d)
	results := fleet.Apply(t.Context(), p, b.run())
	if len(results) != 1 || results[0].Status != fleet.Failed || !strings.Contains(results[0].Err.Error(), "meanwhile") {
		t.Errorf("%+v", results[0])
	}
	if _, err := b.client.Cluster(t.Context(), d.Key); err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, op phase.Operation) {
	t.Helper()
	must(t, phase.Run(t.Context(), quiet{}, op))
}

func testAdoption(t *testing.T, b bench) {
	for _, name := range []string{"same", "differs"} {
		run(t, phase.Create(phase.CreateInput{Client: b.client, Objects: b.objects(name, nil), Holder: b.run().Holder}))
	}
	same, differs, foreign := b.want("same", "1", nil), b.want("differs", "1", workers(2)), b.want("foreign", "1", nil)
	b.apply(t, foreign)
	foreign = b.want("foreign", "1", nil)
	foreign.Family = "another"
	p := b.plan(t, same, differs, foreign)
	expect(t, p, "change same", "refuse differs", "refuse foreign")
	text := ""
	for _, f := range p.Findings() {
		text += f.Problem + " " + f.Next
	}
	for _, part := range []string{"kubectl label", "slipway.sh/fleet=f-adoption", "belongs to fleet f-adoption", "replicas"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %s", part, text)
		}
	}
	b.apply(t, same)
	expect(t, b.plan(t, same), "leave same")
}

// testFixed changes what the adapter says cannot change, in the cluster and in its pool, and what can.
func testFixed(t *testing.T, b bench) {
	of := func(asked, site, size, note string) *fleet.Desired {
		d := b.want("a", asked, func(c *clusterv1.Cluster) {
			c.Spec.Topology.Variables = []clusterv1.ClusterVariable{variable("site", site), variable("note", note)}
			c.Spec.Topology.Workers.MachineDeployments[0].Variables.Overrides = []clusterv1.ClusterVariable{variable("size", size)}
		})
		resolve := d.Resolve
		d.Resolve = func(ctx context.Context, live *clusterv1.Cluster) (*fleet.Resolved, error) {
			out, err := resolve(ctx, live)
			out.Fixed = []string{"site", "size"}
			return out, err
		}
		return d
	}
	b.apply(t, of("1", "here", "small", "old"))
	for name, c := range map[string]struct {
		desired *fleet.Desired
		action  fleet.Action
		says    string
	}{
		"cluster": {of("2", "there", "small", "old"), fleet.Refuse, "give the entry another name"},
		"pool":    {of("3", "here", "large", "old"), fleet.Refuse, "add a pool of another name"},
		"neither": {of("4", "here", "small", "new"), fleet.Change, ""},
	} {
		p := b.plan(t, c.desired)
		if p.Items[0].Action != c.action || c.says != "" && !strings.Contains(p.Findings()[0].Next, c.says) {
			t.Errorf("%s: %v %+v", name, actions(p), p.Findings())
		}
	}
}

func variable(name, value string) clusterv1.ClusterVariable {
	return clusterv1.ClusterVariable{Name: name, Value: apiextensionsv1.JSON{Raw: []byte(`"` + value + `"`)}}
}
