package fleet_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// blackHole is a cloud that takes every connection and never says a word, until it is shut.
type blackHole struct {
	listener net.Listener
	taken    atomic.Int32 // connections

	mu   sync.Mutex
	open []net.Conn
}

func newBlackHole(t testing.TB) *blackHole {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	h := &blackHole{listener: l}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			h.taken.Add(1)
			h.mu.Lock()
			h.open = append(h.open, conn)
			h.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		h.shut()
		accepting.Wait()
	})
	return h
}

func (h *blackHole) url() string { return "http://" + h.listener.Addr().String() }

// shut drops every connection, so that those who wait get an error.
func (h *blackHole) shut() {
	_ = h.listener.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, conn := range h.open {
		_ = conn.Close()
	}
}

// cloudAt is a preflight that asks a server.
func cloudAt(url string, client *http.Client) func(context.Context, *clusterv1.Cluster) (uerr.Findings, error) {
	return func(ctx context.Context, _ *clusterv1.Cluster) (uerr.Findings, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(request)
		if err != nil {
			return uerr.Findings{{Problem: err.Error(), Silent: preflight.TimedOut(err)}}, context.Cause(ctx)
		}
		return nil, answer.Body.Close()
	}
}

// at gives clusters of a cloud of their own, whose preflight asks a server.
func (b bench) at(cloud, url string, client *http.Client, count int) []*fleet.Desired {
	var out []*fleet.Desired
	for n := range count {
		d := b.want(fmt.Sprintf("%s%d", cloud, n), "1", nil)
		d.Limits.Cloud, d.Preflight = cloud, cloudAt(url, client)
		out = append(out, d)
	}
	return out
}

func answering(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	return s
}

// cloudOf is where a cluster of at is.
func cloudOf(i *fleet.Item) string { return strings.TrimRight(i.Name, "0123456789") }

// testBlackHole shuts the hole only when all clusters of the other cloud are done: whoever waits for it waits for ever.
func testBlackHole(t *testing.T, b bench) {
	ctx, cancel := context.WithTimeout(t.Context(), kubeWait)
	defer cancel()
	hole, well := newBlackHole(t), answering(t)
	in := b.input(append(b.at("hole", hole.url(), http.DefaultClient, 3), b.at("well", well.URL, http.DefaultClient, 3)...)...)
	in.Patience = time.Millisecond
	p, err := fleet.MakePlan(ctx, in)
	must(t, err)
	if p.Count(fleet.Create)+p.Count(fleet.Unknown) != 6 || p.Count(fleet.Unknown) < 3 {
		t.Fatalf("%v %v", actions(p), p.Findings())
	}
	r := b.run()
	r.ContinueOnError = true
	var done, early atomic.Int32
	r.Ended = func(i *fleet.Item, _ *fleet.Result) {
		if cloudOf(i) == "hole" && done.Load() < 3 {
			early.Add(1)
		}
		if cloudOf(i) == "well" && done.Add(1) == 3 {
			hole.shut()
		}
	}
	for _, r := range fleet.Apply(ctx, p, r) {
		if want := map[string]fleet.Status{"hole": fleet.Failed, "well": fleet.Done}[cloudOf(r.Item)]; r.Status != want {
			t.Errorf("%s: %s %v", r.Item.Name, r.Status, r.Err)
		}
	}
	if ctx.Err() != nil || early.Load() > 0 {
		t.Errorf("%v; %d of the silent cloud ended before the others", ctx.Err(), early.Load())
	}
}

// testLateDanger has a cloud answer after the plan was shown, that machines are to be replaced.
func testLateDanger(t *testing.T, b bench) {
	var risky []*fleet.Desired
	b.apply(t, b.want("asked", "1", nil), b.want("confirmed", "1", nil))
	for _, name := range []string{"asked", "confirmed"} {
		risky = append(risky, b.want(name, "2", func(c *clusterv1.Cluster) { c.Spec.Topology.Version = "v1.37.0" }))
	}
	for n, d := range risky {
		answer := make(chan struct{})
		resolve := d.Resolve
		d.Limits.Cloud = "slow"
		d.Resolve = func(ctx context.Context, live *clusterv1.Cluster) (*fleet.Resolved, error) {
			if err := awaited(ctx, answer); err != nil {
				return nil, err
			}
			return resolve(ctx, live)
		}
		in := b.input(d, b.want(fmt.Sprintf("other%d", n), "1", nil))
		in.Families, in.Patience = nil, time.Millisecond
		p, err := fleet.MakePlan(t.Context(), in)
		must(t, err)
		if p.Count(fleet.Unknown) != 1 {
			t.Fatalf("%v", actions(p))
		}
		close(answer)
		r := b.run()
		r.ContinueOnError, r.Confirmed = true, d.Key.Name == "confirmed"
		for _, result := range fleet.Apply(t.Context(), p, r) {
			wrong := result.Status != fleet.Done
			if result.Item.Name == "asked" {
				wrong = result.Status != fleet.Failed || !strings.Contains(fmt.Sprint(result.Err), "replaces machines")
			}
			if wrong {
				t.Errorf("%s: %s %v", result.Item.Name, result.Status, result.Err)
			}
		}
	}
}

// TestASilentCloudIsAskedOnce counts the connections to a cloud that lets its clusters' time run out.
func TestASilentCloudIsAskedOnce(t *testing.T) {
	const clusters, atOnce = 40, 8
	b, hole := bench{namespace: "none"}, newBlackHole(t)
	impatient := &http.Client{Timeout: 100 * time.Millisecond}
	p := b.plannedNew(t, b.at("hole", hole.url(), impatient, clusters))
	if n := hole.taken.Load(); n > atOnce || p.Count(fleet.Refuse) != clusters {
		t.Errorf("%d connections, %v", n, actions(p))
	}
	refusing := newBlackHole(t)
	refusing.shut()
	var asked atomic.Int32
	desired := b.at("refusing", refusing.url(), http.DefaultClient, clusters)
	for _, d := range desired {
		ask := d.Preflight
		d.Preflight = func(ctx context.Context, live *clusterv1.Cluster) (uerr.Findings, error) {
			asked.Add(1)
			return ask(ctx, live)
		}
	}
	if p := b.plannedNew(t, desired); p.Count(fleet.Refuse) != clusters || asked.Load() != clusters {
		t.Errorf("one that answers with an error is asked of each cluster: %d, %v", asked.Load(), actions(p))
	}
}

// plannedNew is a plan of clusters that need no management cluster to be known as new.
func (b bench) plannedNew(t *testing.T, desired []*fleet.Desired) *fleet.Plan {
	t.Helper()
	p, err := fleet.MakePlan(t.Context(), fleet.Input{Desired: desired})
	must(t, err)
	return p
}
