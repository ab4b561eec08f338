package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// kubeWait is far more than anything here takes.
const kubeWait = time.Minute

// testIsolation has one cloud hang until the cluster of the other is done, with one slot each.
func testIsolation(t *testing.T, b bench) {
	ctx, cancel := context.WithTimeout(t.Context(), kubeWait)
	defer cancel()
	done := make(chan struct{})
	var hung []*fleet.Desired
	for _, name := range []string{"h1", "h2"} {
		d := b.want(name, "1", nil)
		d.Limits.Cloud = "hanging"
		d.Resolve = func(ctx context.Context, _ *clusterv1.Cluster) (*fleet.Resolved, error) {
			select {
			case <-done:
				return nil, errors.New("the cloud is gone")
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		hung = append(hung, d)
	}
	p := b.plan(t, append(hung, b.want("well", "1", nil))...)
	r := b.run()
	r.Parallel, r.ContinueOnError = 1, true
	r.Ended = func(i *fleet.Item, result *fleet.Result) {
		if i.Name == "well" && result.Status == fleet.Done {
			close(done)
		}
	}
	results := fleet.Apply(ctx, p, r)
	if ctx.Err() != nil {
		t.Fatal("a cloud that hangs held up the other")
	}
	if code := uerr.ExitCode(fleet.Verdict(p, results, "")); code != uerr.Failure {
		t.Errorf("some failed: exit code %d", code)
	}
	if code := uerr.ExitCode(fleet.Verdict(p, results[:2], "")); code != uerr.NoneDone {
		t.Errorf("none done: exit code %d", code)
	}
}

// testFailure has one of many fail while another is under way: that one is finished, no other is begun, and nothing is
// deleted. It does not matter which of them get the two slots.
func testFailure(t *testing.T, b bench) {
	b.apply(t, b.want("gone", "1", nil))
	var begun atomic.Int32
	second, failed := make(chan struct{}), make(chan struct{})
	var desired []*fleet.Desired
	for n := range 6 {
		name := fmt.Sprintf("c%d", n)
		d, objects := b.want(name, "1", nil), b.objects(name, nil)
		d.Resolve = func(ctx context.Context, _ *clusterv1.Cluster) (*fleet.Resolved, error) {
			switch begun.Add(1) {
			case 1:
				return nil, errors.Join(errors.New("refused"), awaited(ctx, second))
			case 2:
				close(second)
				return &fleet.Resolved{Objects: objects}, awaited(ctx, failed)
			}
			return nil, errors.New("begun after a failure")
		}
		desired = append(desired, d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), kubeWait)
	defer cancel()
	p := b.plan(t, desired...)
	r := b.run()
	r.Parallel = 2
	r.Ended = func(_ *fleet.Item, result *fleet.Result) {
		if result.Status == fleet.Failed {
			close(failed)
		}
	}
	results := fleet.Apply(ctx, p, r)
	got := map[string]int{}
	for _, r := range results {
		got[string(r.Item.Action)+" "+string(r.Status)]++
	}
	if diff := cmp.Diff(map[string]int{"create failed": 1, "create done": 1, "create skipped": 4, "delete skipped": 1}, got); diff != "" || begun.Load() != 2 {
		t.Errorf("%d begun (-want +got):\n%s", begun.Load(), diff)
	}
	if code := uerr.ExitCode(fleet.Verdict(p, results, "")); code != uerr.Failure {
		t.Errorf("exit code %d: one is done", code)
	}
	if _, err := b.client.Cluster(t.Context(), kube.Key{Namespace: b.namespace, Name: "gone"}); err != nil {
		t.Errorf("a deletion was begun after a failure: %v", err)
	}
}

func awaited(ctx context.Context, event <-chan struct{}) error {
	select {
	case <-event:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// testGoingOn has the others done although one fails.
func testGoingOn(t *testing.T, b bench) {
	b.apply(t, b.want("gone", "1", nil))
	bad := b.want("bad", "1", nil)
	bad.Resolve = func(context.Context, *clusterv1.Cluster) (*fleet.Resolved, error) { return nil, errors.New("refused") }
	p := b.plan(t, bad, b.want("good", "1", nil))
	r := b.run()
	r.Parallel, r.ContinueOnError = 1, true
	got := map[string]fleet.Status{}
	for _, r := range fleet.Apply(t.Context(), p, r) {
		got[r.Item.Name] = r.Status
	}
	if diff := cmp.Diff(map[string]fleet.Status{"bad": fleet.Failed, "good": fleet.Done, "gone": fleet.Done}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// testLock has two applies of overlapping sets meet: the first is in the middle of the shared cluster until the second has
// ended.
func testLock(t *testing.T, b bench) {
	ctx, cancel := context.WithTimeout(t.Context(), kubeWait)
	defer cancel()
	shared := b.want("shared", "1", nil)
	firsts, seconds := b.plan(t, b.want("a", "1", nil), shared), b.plan(t, shared, b.want("z", "1", nil))
	inside, ended := make(chan struct{}), make(chan struct{})
	first, second := b.run(), b.run()
	first.Reporter = func(i *fleet.Item) phase.Reporter {
		return meeting{of: i.Name, there: inside, until: func() { _ = awaited(ctx, ended) }}
	}
	second.Holder.User, second.ContinueOnError = "bob", true
	var all sync.WaitGroup
	all.Go(func() {
		for _, r := range fleet.Apply(ctx, firsts, first) {
			if r.Status != fleet.Done {
				t.Errorf("the first: %s %s %v", r.Item.Name, r.Status, r.Err)
			}
		}
	})
	must(t, awaited(ctx, inside))
	for _, r := range fleet.Apply(ctx, seconds, second) {
		refused := r.Status == fleet.Failed && strings.Contains(r.Err.Error(), "ann@desk")
		if refused != (r.Item.Name == "shared") || !refused && r.Status != fleet.Done {
			t.Errorf("the second: %s %s %v", r.Item.Name, r.Status, r.Err)
		}
	}
	close(ended)
	all.Wait()
	b.apply(t, b.want("a", "1", nil), shared, b.want("z", "1", nil))
}

// meeting stays in the phase after the lock of the cluster shared.
type meeting struct {
	quiet
	of    string
	there chan<- struct{}
	until func()
}

func (m meeting) Start(name string) {
	if m.of == "shared" && name == "cluster class" {
		close(m.there)
		m.until()
	}
}

// testDeadHolder has locks of a process of this machine that is gone, and of another machine that has not been heard of
// for longer than a lock lasts.
func testDeadHolder(t *testing.T, b bench) {
	must(t, b.client.EnsureNamespace(t.Context(), b.namespace))
	const gone = 1<<22 + 1 // above any pid the kernel gives
	for name, pid := range map[string]int{"a": gone, "z": os.Getpid()} {
		_, err := b.client.Lock(t.Context(), b.namespace, name, kube.Holder{User: "bob", Host: "other", PID: pid, Command: "apply"})
		must(t, err)
	}
	lease := &coordinationv1.Lease{}
	must(t, b.client.API().Get(t.Context(), kube.Key{Namespace: b.namespace, Name: "slipway-z"}, lease))
	long := metav1.NewMicroTime(time.Now().Add(-time.Hour))
	lease.Annotations["slipway.sh/holder-space"], lease.Spec.RenewTime = "another machine", &long
	must(t, b.client.API().Update(t.Context(), lease))
	b.apply(t, b.want("a", "1", nil), b.want("z", "1", nil))
}

// stopper ends a run at the start of a phase.
type stopper struct {
	quiet
	at    int
	count *int
	stop  func()
}

func (s stopper) Start(string) {
	if *s.count++; *s.count > s.at {
		s.stop()
	}
}

// testInterrupted stops an apply at the start of each of its phases in turn and types it again.
func testInterrupted(t *testing.T, b bench) {
	for at := range 14 {
		d := b.want("a", fmt.Sprint(at), workers(int32(at%3+1)))
		ctx, stop := context.WithCancel(t.Context())
		r := b.run()
		r.Reporter = func(*fleet.Item) phase.Reporter { return stopper{at: at, count: new(int), stop: stop} }
		results := fleet.Apply(ctx, b.plan(t, d), r)
		interrupted := ctx.Err() != nil
		stop()
		if p := b.plan(t, d); interrupted && results[0].Err != nil && p.Count(fleet.Leave) > 0 {
			t.Errorf("stopped at phase %d, and nothing is left to do", at)
		}
		b.apply(t, d)
		expect(t, b.plan(t, d), "leave a")
	}
}

// testSameObjects compares what a fleet makes with what create cluster does.
func testSameObjects(t *testing.T, b bench) {
	b.apply(t, b.want("batch", "1", nil))
	run(t, phase.Create(phase.CreateInput{Client: b.client, Objects: b.objects("single", nil), Holder: b.run().Holder}))
	read := func(name string) string {
		live, err := b.client.Cluster(t.Context(), kube.Key{Namespace: b.namespace, Name: name})
		must(t, err)
		secret := kubetest.Identity(b.namespace, name)
		must(t, b.client.API().Get(t.Context(), client.ObjectKeyFromObject(secret), secret))
		delete(live.Labels, kube.FleetLabel)
		spec, err := kube.SpecOf(live)
		must(t, err)
		return strings.ReplaceAll(fmt.Sprint(spec, live.Labels, secret.Data, secret.Labels), name, "NAME")
	}
	if diff := cmp.Diff(read("single"), read("batch")); diff != "" {
		t.Errorf("(-create +apply):\n%s", diff)
	}
}
