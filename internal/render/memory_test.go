package render_test

import (
	"testing"
	"testing/fstest"

	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

// memoryDev is a small cluster in memory, by somebody who has add-ons for the clusters in which something runs.
func memoryDev(t testing.TB) render.Input {
	return render.Input{
		Infrastructure: "docker",
		Templates:      templates.FS(),
		Addons:         fstest.MapFS{"antrea.yaml": {Data: []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: antrea\n")}},
		Request: providers.Request{
			Config: load(t, map[string]string{"CNI": "calico"}), Name: "dev1", Namespace: "default", Plan: "dev", ControlPlane: 1, Workers: 1,
		},
		Values: providers.Values{
			KubernetesVersion: "v1.36.3", NoAddons: true,
			Variables: map[string]any{"startup": map[string]any{"machine": "10s", "node": "500ms"}},
		},
	}
}

func TestWithoutPodsThereAreNoAddonsAndNobodyMissesThem(t *testing.T) {
	in := memoryDev(t)
	if objects := rendered(t, in); len(objects.Addons) != 0 || len(objects.Findings) != 0 {
		t.Errorf("add-ons %v, findings %v", objects.Addons, objects.Findings)
	}
	in.Values.NoAddons = false
	if objects := rendered(t, in); len(objects.Addons) == 0 || len(objects.Findings) != 2 {
		t.Errorf("where pods run: add-ons %v, findings %v", objects.Addons, objects.Findings)
	}
}
