package fleet_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// TestSeveralManagementClusters has two that are up, one that refuses connections, and one that takes them and is silent.
func TestSeveralManagementClusters(t *testing.T) {
	var benches []bench
	for range 2 {
		c := kubetest.Client(t, kubetest.Plane(t))
		kubetest.StandIn(t, c)
		benches = append(benches, newBench(t, c, "several"))
	}
	east, west := benches[0], benches[1]
	closed, silent := newBlackHole(t), newBlackHole(t)
	closed.shut()
	in := fleet.Input{Families: []string{"several"}, Awaited: true, Patience: time.Second}
	for name, c := range map[string]*kube.Client{
		"east": east.client, "west": west.client, "closed": clientAt(t, closed), "silent": clientAt(t, silent), "unnamed": clientAt(t, closed),
	} {
		in.Managements = append(in.Managements, fleet.Management{Name: name, Client: c})
	}
	for _, name := range []string{"east/same", "west/same", "west/w", "closed/c", "silent/s"} {
		management, cluster, _ := strings.Cut(name, "/")
		d := east.want(cluster, management, nil) // what is asked for differs, or one would be taken for the other
		d.Management = management
		in.Desired = append(in.Desired, d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), kubeWait)
	defer cancel()
	p, err := fleet.MakePlan(ctx, in)
	must(t, err)
	expect(t, p, "create same", "create same", "create w", "refuse c", "refuse s")
	for _, name := range []string{"c: its management cluster cannot be read (closed)", "s: its management cluster cannot be read (silent)"} {
		if !strings.Contains(p.Findings().Error(), name) {
			t.Errorf("%q is not in %v", name, p.Findings())
		}
	}
	if unread := p.Unread(); len(unread) != 1 || unread[0].Where != "management cluster unnamed" {
		t.Errorf("that nobody knows what is gone from a management cluster without entries: %v", unread)
	}
	r := east.run()
	r.ContinueOnError = true
	results := fleet.Apply(ctx, p, r)
	if code := uerr.ExitCode(fleet.Verdict(p, results, "")); code != uerr.Failure || ctx.Err() != nil {
		t.Errorf("exit code %d, %v", code, ctx.Err())
	}
	got := map[string][]string{}
	for name, b := range map[string]bench{"east": east, "west": west} {
		clusters, err := b.client.Clusters(t.Context())
		must(t, err)
		for i := range clusters {
			got[name] = append(got[name], clusters[i].Name)
		}
	}
	if diff := cmp.Diff(map[string][]string{"east": {"same"}, "west": {"same", "w"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in.Patience = 0
	in.Managements = in.Managements[:0]
	for name, b := range map[string]bench{"east": east, "west": west} {
		in.Managements = append(in.Managements, fleet.Management{Name: name, Client: b.client})
	}
	in.Desired = in.Desired[:2]
	if p, err = fleet.MakePlan(ctx, in); err != nil {
		t.Fatal(err)
	}
	expect(t, p, "leave same", "leave same", "delete w")
}

// TestNoManagementClusterAnswers is one error, not one for each cluster.
func TestNoManagementClusterAnswers(t *testing.T) {
	closed := newBlackHole(t)
	closed.shut()
	b := bench{namespace: "none"}
	in := fleet.Input{Managements: []fleet.Management{{Name: "m", Client: clientAt(t, closed)}}, Desired: b.at("c", "", nil, 10)}
	if _, err := fleet.MakePlan(t.Context(), in); err == nil || strings.Count(err.Error(), "cannot be read") != 1 {
		t.Error(err)
	}
	in.Managements = append(in.Managements, fleet.Management{Name: "current", Client: clientAt(t, closed)})
	if _, err := fleet.MakePlan(t.Context(), in); err == nil || strings.Count(err.Error(), "cannot be read") != 2 {
		t.Error(err)
	}
}

func clientAt(t *testing.T, h *blackHole) *kube.Client {
	t.Helper()
	c, err := kube.ForConfig(&rest.Config{Host: h.url()})
	must(t, err)
	return c
}
