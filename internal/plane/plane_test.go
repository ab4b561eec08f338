package plane_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/daemon"
	"github.com/slipway-sh/slipway/internal/plane/planetest"
	"github.com/slipway-sh/slipway/internal/planectl"
)

func TestSecondStartIsRefusedWithTheHoldersPID(t *testing.T) {
	p := shared.Plane(t)
	state, err := p.Status()
	if err != nil {
		t.Fatal(err)
	}
	program, err := planetest.Program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, p.Arguments()...).CombinedOutput()
	if err == nil {
		t.Fatal("a second plane started in the folder of the first")
	}
	if want := "pid " + strconv.Itoa(state.PID); !strings.Contains(string(out), want) {
		t.Errorf("the refusal does not name %s: %s", want, out)
	}
	again, err := p.Status()
	if err != nil || again.PID != state.PID || !again.Ready {
		t.Errorf("the refused start disturbed the plane: %+v, %v", again, err)
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	p := shared.Plane(t)
	seen := 0
	err := filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if os.IsNotExist(err) { // state.json is replaced all the time
			return nil
		}
		if err != nil {
			return err
		}
		seen++
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", path, info.Mode())
		}
		return nil
	})
	if err != nil || seen < 20 {
		t.Errorf("looked at %d files: %v", seen, err)
	}
}

func TestKubeconfigIsNamedAfterTheManagementCluster(t *testing.T) {
	p := planetest.Start(t, planetest.Options{Name: "prod"})
	config, err := clientcmd.LoadFromFile(p.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if config.CurrentContext != "prod-admin@prod" {
		t.Errorf("current context is %q", config.CurrentContext)
	}
	context := config.Contexts["prod-admin@prod"]
	if context == nil || context.Cluster != "prod" || context.AuthInfo != "prod-admin" {
		t.Errorf("context is %+v", context)
	}
}

func TestPlaneSurvivesKillAndKeepsItsDataAndAddress(t *testing.T) {
	repository := t.TempDir()
	installManager(t, repository)
	// A proxy is for the children only: the API server could not reach a webhook through it.
	p := planetest.Start(t, planetest.Options{Repository: repository, Env: append(os.Environ(), "HTTPS_PROXY=http://127.0.0.1:1")})
	c := newClient(t, p)
	ns := p.Namespace(t)
	create(t, c, ns, "controller.yaml")
	create(t, c, ns, "webhooks.yaml")
	awaitAvailable(t, c, ns, "fake")
	if err := c.Create(t.Context(), configMap(ns, "kept")); err != nil {
		t.Fatal(err)
	}
	before := awaitState(t, p)
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child dies with the plane", func() (bool, string) {
		return !daemon.Alive(before.PID) && !daemon.Alive(before.Controllers[0].PID), "one of them is alive"
	})
	if state, err := p.Status(); err != nil || state.Running {
		t.Errorf("a killed plane is said to run: %+v, %v", state, err)
	}
	if err := p.Up(); err != nil {
		t.Fatal(err)
	}
	after, err := p.Status()
	if err != nil || after.Server != before.Server {
		t.Errorf("the address moved from %s to %s: %v", before.Server, after.Server, err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(configMap(ns, "kept")), configMap("", "")); err != nil {
		t.Errorf("the object from before is gone, or the old kubeconfig no longer works: %v", err)
	}
	awaitAvailable(t, c, ns, "fake")
	awaitTouched(t, c, ns)
}

func TestStopLeavesNoProcess(t *testing.T) {
	repository := t.TempDir()
	installManager(t, repository)
	p := planetest.Start(t, planetest.Options{Repository: repository})
	c := newClient(t, p)
	ns := p.Namespace(t)
	create(t, c, ns, "controller.yaml")
	awaitAvailable(t, c, ns, "fake")
	state := awaitState(t, p)
	pid, err := p.Stop(context.Background())
	if err != nil || pid != state.PID {
		t.Errorf("stop ended pid %d, want %d: %v", pid, state.PID, err)
	}
	for _, pid := range []int{state.PID, state.Controllers[0].PID} {
		if daemon.Alive(pid) {
			t.Errorf("pid %d is alive", pid)
		}
	}
	for _, name := range []string{"state.json", "run"} {
		if _, err := os.Stat(filepath.Join(p.Dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s was left behind: %v", name, err)
		}
	}
	if pid, err := p.Stop(context.Background()); pid != 0 || err != nil {
		t.Errorf("a second stop says %d, %v", pid, err)
	}
}

// awaitState waits until the plane publishes its one controller as ready.
func awaitState(t *testing.T, p *planetest.Plane) planectl.State {
	t.Helper()
	var state planectl.State
	eventually(t, "the state shows the controller", func() (bool, string) {
		var err error
		state, err = p.Status()
		return len(state.Controllers) == 1 && state.Controllers[0].Ready && state.Controllers[0].PID != 0, errText(err)
	})
	return state
}
