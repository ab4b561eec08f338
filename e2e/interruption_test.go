//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
)

// progressLine is a phase that has ended, or a note about one that is under way, as printed off a terminal.
var progressLine = regexp.MustCompile(`^  (?:  )?(\S.*?): (done \(|already so \()?`)

// TestKilledAfterEachPhase kills the command line with SIGKILL at the first end of each phase and within each that says
// what it waits for, types the same command again, and counts what the simulated vCenter holds.
func TestKilledAfterEachPhase(t *testing.T) {
	t.Parallel()
	r := newRehearsal(t)
	objects := &render.Objects{Cluster: kubetest.Cluster("default", "demo")}

	r.sweep(phase.Init(phase.InitInput{}), "init", "-i", "vsphere", "--local", "--name", "mgmt")
	r.sweep(phase.Create(phase.CreateInput{Objects: objects}), "create", "cluster", "demo", "-p", "dev")
	r.wantMachines(2)
	r.sweep(phase.Scale(phase.ScaleInput{Wait: true}), "scale", "cluster", "demo", "-w", "2", "--wait")
	r.wantMachines(3)
	r.wantNodes("demo", 3)
	r.must("get", "credentials", "demo") // whose context delete has to remove
	r.sweep(phase.Delete(phase.DeleteInput{Wait: true, Kubeconfig: "of the user"}), "delete", "cluster", "demo", "--yes", "--wait")
	r.wantMachines(0)
	r.wantNothing("secrets", "clusters", "machines", "clusterclasses")
}

// unshown is a phase that is not shown where it has nothing to do: killed just after its work, it is not seen to end.
const unshown = "cloud completed"

// sweep types one command again and again, and kills it each time at the first line of progress that it was not killed
// at before, until none is left. It fails unless that has been every phase of the operation.
func (r *rehearsal) sweep(op phase.Operation, args ...string) {
	r.t.Helper()
	var want, ended, noted []string
	for _, p := range op.Phases {
		want = append(want, p.Name())
	}
	unseen := func(line string) bool {
		found := progressLine.FindStringSubmatch(line)
		if found == nil {
			return false
		}
		list := &ended
		if found[2] == "" {
			if list = &noted; !slices.Contains(want, found[1]) { // what an error says below its first line
				return false
			}
		}
		if slices.Contains(*list, found[1]) {
			return false
		}
		*list = append(*list, found[1])
		return true
	}
	p := r.start(args...)
	for p.signalAt(syscall.SIGKILL, unseen) {
		p.wait()
		p = r.start(args...)
	}
	gone := args[0] == "delete" // and typed again after its end
	if got := p.wait(); got.code != 0 && (!gone || got.code != 6) {
		r.t.Fatalf("slipway %s: exit %d after the sweep\n%s", strings.Join(args, " "), got.code, got.stderr)
	}
	if slices.Contains(noted, unshown) && !slices.Contains(ended, unshown) {
		want = slices.DeleteFunc(want, func(name string) bool { return name == unshown })
	}
	if diff := cmp.Diff(want, ended); diff != "" {
		r.t.Errorf("slipway %s was killed after other phases than it has (-want +got):\n%s", args[0], diff)
	}
	r.t.Logf("slipway %s: killed after %q and within %q", args[0], ended, noted)
}

// TestInterruptedAndTimedOut stops a create of machines that never boot: by Ctrl-C and by its own limit. Both say what
// blocks, what goes on, and what to type; that typed, once the machines may boot, ends well.
func TestInterruptedAndTimedOut(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.trouble("--boot-delay", "1h")
	create := []string{"create", "cluster", "demo", "-p", "dev"}

	stuck := "VirtualMachineProvisioned: WaitingForIPAllocation"
	r.wantBlocked(r.signalled(syscall.SIGINT, stuck, create...), 3, "interrupted while waiting for the control plane", create)
	limited := append(slices.Clone(create), "-t", "5s")
	r.wantBlocked(r.run(limited...), 5, "timed out waiting for the control plane", limited)

	r.trouble("--boot-delay", "1s")
	r.must(create...)
	r.wantMachines(2)
	r.must("delete", "cluster", "demo", "--yes", "--wait")

	// Machines that are never switched on are a call of vCenter that does not return.
	r.trouble("--delay", "PowerOnVM_Task=1h")
	got := r.run("create", "cluster", "other", "-p", "dev", "-t", "20s")
	if got.code != 5 || !strings.Contains(got.stderr, "timed out waiting for the control plane") || !strings.Contains(got.stderr, "other-control-plane-") {
		t.Errorf("create without power-on: exit %d, want 5 and the machine\n%s", got.code, got.stderr)
	}
	r.trouble("--delay", "PowerOnVM_Task=0s", "--fault", "CloneVM_Task")
	r.must("create", "cluster", "other", "-p", "dev")
	r.wantMachines(2)
}

// trouble changes what goes wrong in the simulated vCenter.
func (r *rehearsal) trouble(flags ...string) {
	r.t.Helper()
	if got := r.exec(r.t.Context(), append(append([]string{"rehearse"}, flags...), "--", "version")...); got.code != 0 {
		r.t.Fatalf("rehearse %s: exit %d\n%s", strings.Join(flags, " "), got.code, got.stderr)
	}
}

// wantBlocked looks at the end of a create that was stopped while its first machine waits for an address.
func (r *rehearsal) wantBlocked(got result, code int, what string, resume []string) {
	r.t.Helper()
	if got.code != code {
		r.t.Errorf("exit %d, want %d", got.code, code)
	}
	for _, want := range []string{
		"Error: " + what + "\n", "object: VSphereVM default/demo-control-plane-", "cause:  VirtualMachineProvisioned: WaitingForIPAllocation\n",
		"next:   what was begun of demo goes on in the management cluster", "slipway rehearse -- " + strings.Join(resume, " ") + "\n",
	} {
		if !strings.Contains(got.stderr, want) {
			r.t.Errorf("stderr does not say %q:\n%s", want, got.stderr)
		}
	}
}

// TestTwoOperatorsOnOneCluster has two command lines work on one cluster at once. The second is told who holds it and
// touches nothing; once the first was killed, the second gets the lock.
func TestTwoOperatorsOnOneCluster(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.must("create", "cluster", "demo", "-p", "dev")
	r.trouble("--boot-delay", "1h")
	first := r.start("scale", "cluster", "demo", "-w", "2", "--wait")
	if !first.reads(func(line string) bool { return strings.Contains(line, "size changed: done") }) {
		t.Fatalf("the first ended: %+v", first.wait())
	}

	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	holder := regexp.MustCompile(`cause: +held by \S+@` + regexp.QuoteMeta(host) + ` pid ` + strconv.Itoa(first.cmd.Process.Pid) +
		` \(scale cluster demo\S*.*\) since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
	for _, args := range [][]string{{"scale", "cluster", "demo", "-w", "5"}, {"delete", "cluster", "demo", "--yes"}, {"create", "cluster", "demo", "-p", "dev", "-w", "5"}} {
		got := r.run(args...)
		if got.code != 1 || !holder.MatchString(got.stderr) || !strings.Contains(got.stderr, "next:   wait until that command ends") {
			t.Errorf("slipway %s: exit %d, want 1 and %s\n%s", strings.Join(args, " "), got.code, holder, got.stderr)
		}
	}
	if got := r.clusters()[0]; got["workers"] != "1/2" || got["status"] == "deleting" {
		t.Errorf("a command without the lock has touched the cluster: %v", got)
	}

	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.wait()
	r.trouble("--boot-delay", "1s")
	r.must("scale", "cluster", "demo", "-w", "3", "--wait")
	r.wantMachines(4)
}

// TestPlaneKilledDuringCreate kills the management plane with SIGKILL while machines are being made.
func TestPlaneKilledDuringCreate(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.kill("infrastructure ready: done", "create", "cluster", "demo", "-p", "dev")
	if err := exec.Command("kill", "-9", r.planePID()).Run(); err != nil {
		t.Fatal(err)
	}
	r.must("management-cluster", "start")
	r.must("create", "cluster", "demo", "-p", "dev")
	r.wantMachines(2)
}
