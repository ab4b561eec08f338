package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// narrow says whether a request watches a single object, or a single cluster.
func narrow(r *http.Request) bool {
	q := r.URL.Query()
	return q.Get("watch") != "" && q.Get("fieldSelector")+q.Get("labelSelector") != ""
}

// testSharing applies ten clusters at once, whose waits share, and one after the other, which has each look for itself.
func testSharing(t *testing.T, b bench) {
	client, watches := kubetest.Counting(t, b.client, narrow)
	b.client = client
	for parallel, shared := range map[int]bool{10: true, 1: false} {
		var desired []*fleet.Desired
		for i := range 10 {
			desired = append(desired, b.want(fmt.Sprintf("p%d-%d", parallel, i), "1", nil))
		}
		run := b.run()
		run.Parallel, run.Prune = parallel, false
		watches.Store(0)
		for _, r := range fleet.Apply(t.Context(), b.plan(t, desired...), run) {
			must(t, r.Err)
		}
		if n := watches.Load(); (n == 0) != shared {
			t.Errorf("%d at once: %d watches of single clusters", parallel, n)
		}
	}
}

// testAllFindings has a cloud that finds several things wrong with one cluster.
func testAllFindings(t *testing.T, b bench) {
	d := b.want("a", "1", nil)
	d.Preflight = func(context.Context, *clusterv1.Cluster) (uerr.Findings, error) {
		return uerr.Findings{
			{Severity: uerr.Warning, Where: "fleet.yaml:2", Problem: "the datastore is slow"},
			{Where: "fleet.yaml:3", Problem: "no template carries v1.30.0"}, {Where: "fleet.yaml:5", Problem: "there is no network x"},
		}, nil
	}
	p := b.plan(t, d)
	expect(t, p, "refuse a")
	if got := p.Findings(); len(got) != 2 || got[0].Where != "fleet.yaml:3" || got[1].Where != "fleet.yaml:5" || got[1].Problem != b.namespace+"/a: there is no network x" {
		t.Errorf("findings %+v", got)
	}
	if want := "no template carries v1.30.0 (and 1 more)"; p.Items[0].Why != want {
		t.Errorf("why %q, want %q", p.Items[0].Why, want)
	}
}
