package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareSpec(t *testing.T) {
	spec := func(version string, pools ...any) map[string]any {
		return map[string]any{"topology": map[string]any{"version": version, "workers": map[string]any{"machineDeployments": pools}}}
	}
	pool := func(name string, replicas int) any { return map[string]any{"name": name, "replicas": replicas} }
	const pools = "spec.topology.workers.machineDeployments"
	for name, tc := range map[string]struct {
		live, applied, wanted map[string]any
		want                  []Change
	}{
		"the same":             {live: spec("v1", pool("a", 1)), wanted: spec("v1", pool("a", 1))},
		"another order":        {live: spec("v1", pool("a", 1), pool("b", 1)), wanted: spec("v1", pool("b", 1), pool("a", 1))},
		"a value":              {live: spec("v1"), wanted: spec("v2"), want: []Change{{Object: "c", Field: "spec.topology.version", From: "v1", To: "v2"}}},
		"somebody else's pool": {live: spec("v1", pool("a", 1), pool("b", 1)), applied: spec("v1", pool("a", 1)), wanted: spec("v1", pool("a", 1))},
		"a pool that goes": {
			live: spec("v1", pool("b", 2)), applied: spec("v1", pool("b", 1)), wanted: spec("v1"),
			want: []Change{{Object: "c", Field: pools + "[name=b].name", From: "b"}, {Object: "c", Field: pools + "[name=b].replicas", From: "2"}},
		},
		"gone already": {live: spec("v1"), applied: spec("v1", pool("b", 1)), wanted: spec("v1")},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, CompareSpec("c", tc.live, tc.applied, tc.wanted)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
