package kube_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
)

// sharing is a test with a client whose waits share what they look at.
func sharing(test func(*testing.T, *kube.Client, string)) func(*testing.T, *kube.Client, string) {
	return func(t *testing.T, c *kube.Client, ns string) {
		own, err := kube.ForConfig(c.Config())
		must(t, err)
		defer own.Share(ns)()
		test(t, own, ns)
	}
}

// reading says whether a request reads Clusters and what they are made of, apart from watches and the lists they begin with.
func reading(r *http.Request) bool {
	query := r.URL.Query()
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/namespaces/") && query.Get("watch") == "" && query.Get("limit") == ""
}

// testShared has many waits for clusters that change all the time, and counts what they ask for.
func testShared(t *testing.T, c *kube.Client, ns string) {
	const clusters, changes = 10, 20
	own, reads := kubetest.Counting(t, c, reading)
	defer own.Share(ns)()
	names := strings.Split("abcdefghij", "")[:clusters]
	for _, name := range names {
		must(t, c.Apply(t.Context(), kubetest.Cluster(ns, name)))
	}
	var waits sync.WaitGroup
	for _, name := range names {
		waits.Go(func() {
			if err := own.Await(t.Context(), kube.Key{Namespace: ns, Name: name}, "the cluster", kube.Settled, func(string) {}); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range changes {
		for _, name := range names {
			cluster := getCluster(t, c, ns, name)
			cluster.Status.Phase = string(clusterv1.ClusterPhaseProvisioning)
			if i == changes-1 {
				kubetest.Settle(cluster)
			} else {
				cluster.Status.ObservedGeneration = int64(i) // any change
			}
			must(t, c.API().Status().Update(t.Context(), cluster))
		}
		time.Sleep(100 * time.Millisecond)
	}
	waits.Wait()
	if n := reads.Load(); n > 5*clusters { // one that confirms the end of each, and some of the lists that watches begin with
		t.Errorf("%d reads by %d waits of clusters that changed %d times", n, clusters, changes)
	}
}
