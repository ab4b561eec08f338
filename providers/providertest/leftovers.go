package providertest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/providers"
)

// checkLeftovers has two ruins in the cloud, the second with a name that begins with the first one's.
func (s Suite) checkLeftovers(t *testing.T) {
	own := s.request(t, s.Good, nil)
	other, namesake := own, own
	other.Name += "-1"
	namesake.Namespace += "-1"
	for _, r := range []providers.Request{own, other} {
		if left := s.leftovers(t, r); len(left) > 0 {
			t.Fatalf("before anything was made: %v", left)
		}
	}
	if s.Cloudless {
		return
	}
	before := s.Snapshot(t)
	kinds := s.Ruin(t, own.Namespace, own.Name)
	otherKinds := s.Ruin(t, other.Namespace, other.Name)
	if before == s.Snapshot(t) {
		t.Fatal("the lab's snapshot does not tell that anything was made")
	}
	left, othersLeft := s.leftovers(t, own), s.leftovers(t, other)
	checkKinds(t, own.Name, kinds, left)
	checkKinds(t, other.Name, otherKinds, othersLeft)
	if left := s.leftovers(t, namesake); len(left) > 0 {
		t.Errorf("cluster %s/%s never was: %v", namesake.Namespace, namesake.Name, left)
	}
	for _, l := range othersLeft {
		_ = s.Provider.DeleteLeftover(t.Context(), own, l) // an adapter may refuse or find nothing to do
	}
	if diff := cmp.Diff(othersLeft, s.leftovers(t, other)); diff != "" {
		t.Fatalf("deleted in the name of %s (-before +after):\n%s", own.Name, diff)
	}
	for _, l := range left {
		for _, time := range []string{"first", "second"} {
			if err := s.Provider.DeleteLeftover(t.Context(), own, l); err != nil {
				t.Errorf("%s %s, the %s time: %v", l.Kind, l.Name, time, err)
			}
		}
	}
	if left := s.leftovers(t, own); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	if diff := cmp.Diff(othersLeft, s.leftovers(t, other)); diff != "" {
		t.Errorf("the other cluster (-before +after):\n%s", diff)
	}
}

func (s Suite) leftovers(t *testing.T, r providers.Request) []providers.Leftover {
	t.Helper()
	left, err := s.Provider.Leftovers(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// checkKinds compares without order; the order is that of deletion, which is the adapter's.
func checkKinds(t *testing.T, cluster string, want []string, left []providers.Leftover) {
	t.Helper()
	var got []string
	seen := map[string]bool{}
	for _, l := range left {
		if l.ID == "" || l.Name == "" || seen[l.Kind+l.ID] {
			t.Errorf("a leftover without id or name, or listed twice: %+v", l)
		}
		seen[l.Kind+l.ID] = true
		got = append(got, l.Kind)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("leftovers of %s (-want +got):\n%s", cluster, diff)
	}
}
