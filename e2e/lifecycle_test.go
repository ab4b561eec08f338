//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLifeOfACluster is the README's tour, step by step, with a look into the simulated vCenter after each.
func TestLifeOfACluster(t *testing.T) {
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

// TestKilledAfterEachPhase kills the command line with SIGKILL as soon as a phase has ended, types the same command
// again, and counts what the simulated vCenter holds.
func TestKilledAfterEachPhase(t *testing.T) {
	r := newRehearsal(t)
	killed := func(markers []string, args ...string) {
		t.Helper()
		for _, marker := range markers {
			if !r.kill(marker, args...) {
				t.Logf("slipway %s ended before %q", strings.Join(args, " "), marker)
			}
		}
		r.must(args...)
	}
	killed([]string{"preflight: done", "management plane: done", "installing bootstrap-kubeadm", "providers: done", "kubeconfig context: done"},
		"init", "-i", "vsphere", "--local", "--name", "mgmt")
	killed([]string{"cluster locked: done", "cluster class: done", "credentials and add-ons: done", "  cluster: done", "infrastructure ready: done", "control plane ready: done"},
		"create", "cluster", "demo", "-p", "dev")
	r.wantMachines(2)
	killed([]string{"cluster locked: done", "control plane ready: done"}, "scale", "cluster", "demo", "-w", "2", "--wait")
	r.wantMachines(3)
	for _, marker := range []string{"cluster locked: done", "deletion accepted"} {
		r.kill(marker, "delete", "cluster", "demo", "--yes", "--wait")
	}
	if got := r.run("delete", "cluster", "demo", "--yes", "--wait"); got.code != 0 && got.code != 6 {
		t.Errorf("delete typed again: exit %d\n%s", got.code, got.stderr)
	}
	r.wantMachines(0)
	r.wantNothing("secrets", "clusters", "machines", "clusterclasses")
}

// TestPlaneKilledDuringCreate kills the management plane with SIGKILL while machines are being made.
func TestPlaneKilledDuringCreate(t *testing.T) {
	r := initialised(t)
	r.kill("infrastructure ready: done", "create", "cluster", "demo", "-p", "dev")
	state := r.planePID()
	if err := exec.Command("kill", "-9", state).Run(); err != nil {
		t.Fatal(err)
	}
	r.must("management-cluster", "start")
	r.must("create", "cluster", "demo", "-p", "dev")
	r.wantMachines(2)
}

// TestRefusedBeforeAnythingIsTouched gives several mistakes at once.
func TestRefusedBeforeAnythingIsTouched(t *testing.T) {
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
	if len(r.clusters()) != 0 {
		t.Error("a refused cluster was created")
	}
}

// TestUpstreamClusterctl runs upstream's clusterctl, unmodified, against the plane.
func TestUpstreamClusterctl(t *testing.T) {
	r := initialised(t)
	admin := filepath.Join(r.planeDir(), "admin.kubeconfig")
	clusterctl := buildClusterctl(t)
	r.must("create", "cluster", "demo", "-p", "dev", "--wait=false")
	eventually(t, time.Minute, func() (string, bool) {
		out, err := exec.CommandContext(t.Context(), clusterctl, "describe", "cluster", "demo", "--kubeconfig", admin).CombinedOutput()
		return string(out), err == nil && strings.Contains(string(out), "Cluster default/demo")
	})
	r.must("delete", "cluster", "demo", "--yes", "--wait")
}
