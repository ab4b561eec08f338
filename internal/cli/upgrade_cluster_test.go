package cli

import "testing"

// A cluster that is on its way to v1.35 must not go on to v1.36 because the same command is typed again.
func TestAnInterruptedUpgradeGoesOnToTheSameVersion(t *testing.T) {
	for name, tt := range map[string]struct {
		values map[string]string
		want   string
	}{
		"chosen": {nil, "slipway upgrade cluster c1 --kubernetes-version v1.35.4"},
		"typed":  {map[string]string{"KUBERNETES_VERSION": "v1.35"}, "slipway upgrade cluster c1"},
	} {
		o := upgradeOptions{clusterFlags: clusterFlags{values: tt.values}}
		if got := o.resume("slipway upgrade cluster c1", "v1.35.4"); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
