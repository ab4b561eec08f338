package sim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
	"sigs.k8s.io/cluster-api/util/secret"
)

// forever is a delay that no test waits out: what goes on in spite of it was let go on.
const forever = "1h"

// tell tells the simulator something and wants it understood.
func tell(t *testing.T, s state, path string) {
	t.Helper()
	if status, body := post(t, s, path); status != http.StatusNoContent {
		t.Fatalf("%s: %d %s", path, status, body)
	}
}

func post(t *testing.T, s state, path string) (status int, body string) {
	t.Helper()
	response, err := http.Post(s.Control+path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// wantCalls looks into the log of calls: a call that fails or waits is in there as well.
func wantCalls(t *testing.T, s state, method string, want int) {
	t.Helper()
	var calls []Call
	ask(t, s, "/calls", &calls)
	got := 0
	for _, c := range calls {
		if c.Method == method {
			got++
		}
	}
	if got != want {
		t.Errorf("%d calls of %s in the log, want %d", got, method, want)
	}
}

func open(t *testing.T, s state) *vim25.Client {
	t.Helper()
	client, err := login(t, s, "right")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestAFaultOfTheCommandLine has the first clones fail, and no other.
func TestAFaultOfTheCommandLine(t *testing.T) {
	for flag, fails := range map[string]int{"CloneVM_Task": 1, "CloneVM_Task=3": 3} {
		t.Run(flag, func(t *testing.T) {
			s := start(t, "--fault", flag)
			client := open(t, s)
			for range fails {
				if _, err := tryClone(t, client, "a", ""); err == nil || !strings.Contains(err.Error(), "fault of the rehearsal") {
					t.Fatalf("clone: %v, want the fault", err)
				}
			}
			if _, err := tryClone(t, client, "a", ""); err != nil {
				t.Errorf("clone after %d faults: %v", fails, err)
			}
			wantCalls(t, s, "CloneVM_Task", fails+1)
		})
	}
}

// TestAFaultIsLifted sets faults while the simulator runs.
func TestAFaultIsLifted(t *testing.T) {
	s := start(t)
	client := open(t, s)
	tell(t, s, "/faults/CloneVM_Task")
	if _, err := tryClone(t, client, "a", ""); err == nil {
		t.Error("the clone worked in spite of the fault")
	}
	if _, err := tryClone(t, client, "a", ""); err != nil {
		t.Errorf("a fault without a number came twice: %v", err)
	}
	tell(t, s, "/faults/CloneVM_Task?times=1000")
	for range 3 {
		if _, err := tryClone(t, client, "b", ""); err == nil {
			t.Error("the clone worked in spite of the fault")
		}
	}
	tell(t, s, "/faults/CloneVM_Task?times=0")
	if _, err := tryClone(t, client, "b", ""); err != nil {
		t.Errorf("clone after the fault was lifted: %v", err)
	}
	wantCalls(t, s, "CloneVM_Task", 6)
}

// TestADelayHoldsACallUpUntilItIsLifted gives up one call that is delayed, and lets another one go on.
func TestADelayHoldsACallUpUntilItIsLifted(t *testing.T) {
	s := start(t, "--delay", "PowerOnVM_Task="+forever)
	client := open(t, s)
	vm, err := tryClone(t, client, "a", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := vm.PowerOn(ctx); err == nil || ctx.Err() == nil {
		t.Errorf("power-on in spite of the delay: %v", err)
	}
	on := make(chan error, 1)
	go func() { on <- wait(t.Context())(vm.PowerOn(t.Context())) }()
	eventually(t, "second call of PowerOnVM_Task", func() bool {
		var calls []Call
		ask(t, s, "/calls", &calls)
		return strings.Count(methods(calls), "PowerOnVM_Task") == 2
	})
	if power := powerOf(t, s, "a"); power == powerOn {
		t.Error("the machine is on, and its delay is not over")
	}
	tell(t, s, "/delays/PowerOnVM_Task?for=0s")
	select {
	case err := <-on:
		if err != nil && !fault.Is(err, &types.InvalidPowerState{}) { // the call that was given up has done it
			t.Error(err)
		}
	case <-time.After(testLimit):
		t.Fatal("the call that waited does not go on although the delay was lifted")
	}
	eventually(t, "machine that is on", func() bool { return powerOf(t, s, "a") == powerOn })

	tell(t, s, "/delays/CloneVM_Task?for=300ms")
	began := time.Now()
	if _, err := tryClone(t, client, "b", ""); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("a clone delayed by 300ms took %s", took)
	}
}

func methods(calls []Call) string {
	var b bytes.Buffer
	for _, c := range calls {
		b.WriteString(c.Method + "\n")
	}
	return b.String()
}

func powerOf(t *testing.T, s state, name string) string {
	t.Helper()
	var machines []Machine
	ask(t, s, "/machines", &machines)
	for _, m := range machines {
		if m.Name == name {
			return m.Power
		}
	}
	t.Fatalf("no machine %s among %v", name, machines)
	return ""
}

// TestAMachineThatNeverBoots has no address and no node, until it may boot after all.
func TestAMachineThatNeverBoots(t *testing.T) {
	s := start(t, "--boot-delay", forever)
	client := open(t, s)
	authorities := secret.NewCertificatesForInitialControlPlane(nil)
	if err := authorities.Generate(); err != nil {
		t.Fatal(err)
	}
	cloneMachine(t, client, "demo-control-plane-a", controlPlaneData(authorities))
	// A machine that boots at once is in the same inventory, so the player has had its look at both.
	var machines []Machine
	time.Sleep(2 * time.Second) // twice as long as a machine takes that is not told otherwise
	ask(t, s, "/machines", &machines)
	if len(machines) != 1 || machines[0].Power != powerOn || machines[0].Address != "" {
		t.Fatalf("a machine that has not booted: %+v", machines)
	}
	tell(t, s, "/boot-delay?for=0s")
	wantNodes(t, workloadClient(t, s, authorities), "demo-control-plane-a")
}

// TestAnOrderThatIsNotUnderstoodChangesNothing keeps a typing error in a test from looking like a fault that never came.
func TestAnOrderThatIsNotUnderstoodChangesNothing(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/faults/CloneVM_Task?times=x", "/delays/CloneVM_Task", "/delays/CloneVM_Task?for=5", "/boot-delay?for=long"} {
		if status, body := post(t, s, path); status != http.StatusBadRequest || body == "" {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if _, err := tryClone(t, open(t, s), "a", ""); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"--delay", "CloneVM_Task"}, {"--fault", "CloneVM_Task=x"}, {"--boot-delay", "long"}} {
		var stderr bytes.Buffer
		if code := Main(t.Context(), append([]string{"--dir", t.TempDir()}, args...), &stderr); code != 2 {
			t.Errorf("%v: exit %d, want 2", args, code)
		}
	}
}
