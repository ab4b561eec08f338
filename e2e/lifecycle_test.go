//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLifeOfACluster is the README's tour, step by step, with a look into the simulated vCenter after each.
func TestLifeOfACluster(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.must("create", "cluster", "demo", "-p", "dev")
	r.wantMachines(2)
	r.wantCloned("demo-control-plane", "demo-md-0")
	if got := r.clusters()[0]["status"]; got != "running" {
		t.Errorf("status after create --wait: %v", got)
	}
	r.wantNodes("demo", 2)

	r.must("scale", "cluster", "demo", "-c", "3", "-w", "4", "--wait")
	r.wantMachines(7)
	r.wantNodes("demo", 7)
	if out := r.must("describe", "cluster", "demo").stdout; !strings.Contains(out, "Cluster/demo") {
		t.Errorf("describe does not show the cluster:\n%s", out)
	}

	r.must("delete", "cluster", "demo", "--yes", "--wait")
	r.wantMachines(0)
	if left := r.clusters(); len(left) != 0 {
		t.Errorf("get clusters after delete: %v", left)
	}
	if got := r.run("delete", "cluster", "demo", "--yes"); got.code != 6 {
		t.Errorf("delete of a cluster that is gone: exit %d, want 6\n%s", got.code, got.stderr)
	}
}

// TestRefusedBeforeAnythingIsTouched gives several mistakes at once.
func TestRefusedBeforeAnythingIsTouched(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	got := r.run("create", "cluster", "Not_A_Label", "-p", "dev", "-c", "2", "--size", "gigantic")
	if got.code != 2 {
		t.Errorf("exit %d, want 2", got.code)
	}
	for _, want := range []string{"Not_A_Label", "even", "gigantic"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("the findings do not mention %q:\n%s", want, got.stderr)
		}
	}
	fleet := filepath.Join(t.TempDir(), "fleet.yaml")
	text := `fleet: wrong
clusters:
  - name: edge1
    kubernetesVersion: v1.30.0
    variables:
      VSPHERE_CONTROL_PLANE_ENDPOINT: 192.0.2.11
      VSPHERE_DATASTORE: nowhere
  - name: edge2
    variables:
      VSPHERE_CONTROL_PLANE_ENDPOINT: 192.0.2.12
      VSPHERE_NETWORK: none
`
	if err := os.WriteFile(fleet, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for command, code := range map[string]int{"diff": 1, "apply": 2} {
		got := r.run(command, "-f", fleet)
		if got.code != code {
			t.Errorf("%s: exit %d, want %d", command, got.code, code)
		}
		for _, want := range []string{
			`fleet.yaml:4.*edge1: no VM template carries Kubernetes v1\.30\.0`, `fleet.yaml:7.*edge1: .*nowhere`, `fleet.yaml:11.*edge2: .*none`,
		} {
			if !regexp.MustCompile(want).MatchString(got.stderr) {
				t.Errorf("%s: the findings do not match %q:\n%s", command, want, got.stderr)
			}
		}
	}
	if len(r.clusters()) != 0 {
		t.Error("a refused cluster was created")
	}
}
