package fleet_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
)

// BenchmarkBlackHole creates 40 clusters of a cloud that answers, without and with as many of one that is silent, by
// turns. Its figures are the seconds until the 40 are done.
func BenchmarkBlackHole(b *testing.B) {
	const clusters = 40
	c := kubetest.Client(b, kubetest.Plane(b))
	kubetest.StandIn(b, c)
	well := answering(b)
	var alone, beside time.Duration
	turns := 0
	for b.Loop() {
		for half := range 2 {
			of := newBench(b, c, fmt.Sprintf("turn-%d-%d", turns, half))
			desired := of.at("well", well.URL, http.DefaultClient, clusters)
			if half == turns%2 { // who goes first has fewer Clusters beside
				alone += of.untilDone(b, nil, desired...)
				continue
			}
			hole := newBlackHole(b)
			beside += of.untilDone(b, hole, append(of.at("hole", hole.url(), http.DefaultClient, clusters), desired...)...)
		}
		turns++
	}
	b.ReportMetric(alone.Seconds()/float64(turns), "s/alone")
	b.ReportMetric(beside.Seconds()/float64(turns), "s/beside")
	b.ReportMetric(beside.Seconds()/alone.Seconds(), "ratio")
}

// untilDone is how long it takes until the clusters of the cloud that answers are done; then the black hole is shut.
func (b bench) untilDone(t testing.TB, hole *blackHole, desired ...*fleet.Desired) time.Duration {
	t.Helper()
	healthy := 0
	for _, d := range desired {
		if d.Limits.Cloud == "well" {
			healthy++
		}
	}
	in, begun := b.input(desired...), time.Now()
	in.Patience = 3 * time.Second // as apply has it
	p, err := fleet.MakePlan(t.Context(), in)
	must(t, err)
	r := b.run()
	r.ContinueOnError, r.Parallel = true, 50
	var took time.Duration
	var done atomic.Int32
	r.Ended = func(i *fleet.Item, result *fleet.Result) {
		if cloudOf(i) == "well" && result.Status == fleet.Done && int(done.Add(1)) == healthy {
			took = time.Since(begun)
			if hole != nil {
				hole.shut()
			}
		}
	}
	fleet.Apply(t.Context(), p, r)
	if took == 0 {
		t.Fatalf("%d of %d are done", done.Load(), healthy)
	}
	return took
}
