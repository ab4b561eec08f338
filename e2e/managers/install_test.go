//go:build e2e

// Package managers tests the installer against a plane that runs the managers which the modules below build.
package managers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/capi"
	"github.com/slipway-sh/slipway/internal/planectl"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

const victimEnv = "SLIPWAY_TEST_INSTALL_INTO" // kubeconfig for the process that is killed

// TestMain installs when it is told to, so that the test has a process to kill.
func TestMain(m *testing.M) {
	if kubeconfig := os.Getenv(victimEnv); kubeconfig != "" {
		if err := installer(kubeconfig).Install(context.Background(), nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func repository() string {
	if folder := os.Getenv("SLIPWAY_REPOSITORY"); folder != "" {
		return folder
	}
	folder, err := filepath.Abs("../../.cache/repository")
	if err != nil {
		panic(err)
	}
	return folder
}

func installer(kubeconfig string) *capi.Installer {
	return &capi.Installer{
		Kubeconfig: kubeconfig, Infrastructure: "vsphere", Version: vsphere.ControllerVersion,
		Variables: map[string]string{"VSPHERE_USERNAME": "", "VSPHERE_PASSWORD": ""},
		Artifacts: &capi.Artifacts{Folder: repository()},
	}
}

// TestInstallSurvivesKill kills the installation again and again, each time later, and expects the next one to end well:
// every provider once in the inventory, every manager running, every webhook answering.
func TestInstallSurvivesKill(t *testing.T) {
	program, err := filepath.Abs("../../bin/slipway-plane")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	home := t.TempDir()
	plane := planectl.Plane{Dir: filepath.Join(home, "plane"), Program: program, Repository: repository()}
	state, err := plane.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := plane.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	i := installer(state.Kubeconfig)
	if missing, err := i.Missing(ctx); err != nil || len(missing) != 4 {
		t.Fatalf("an empty plane lacks %v (%v), want all four providers", missing, err)
	}
	for _, after := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second} {
		kill(t, state.Kubeconfig, home, after)
	}
	if err := i.Install(ctx, func(text string) { t.Log(text) }); err != nil {
		t.Fatal(err)
	}
	installed, err := i.Installed(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range installed {
		got = append(got, p.Label()+" in "+p.Namespace)
	}
	want := []string{
		"cluster-api in capi-system", "bootstrap-kubeadm in capi-kubeadm-bootstrap-system",
		"control-plane-kubeadm in capi-kubeadm-control-plane-system", "infrastructure-vsphere in capv-system",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if missing, err := i.Missing(ctx); err != nil || len(missing) != 0 {
		t.Errorf("missing after the installation: %v %v", missing, err)
	}
	if left, err := os.ReadDir(filepath.Join(home, "home")); err != nil || len(left) != 0 {
		t.Errorf("the installation wrote into the user's home: %v %v", left, err)
	}
}

// kill runs an installation as a process of its own and ends it without warning.
func kill(t *testing.T, kubeconfig, home string, after time.Duration) {
	t.Helper()
	empty := filepath.Join(home, "home")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+kubeconfig, "HOME="+empty)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	if err := cmd.Process.Kill(); err != nil && cmd.ProcessState == nil {
		t.Logf("it had ended before %s: %v", after, err)
	}
	t.Logf("killed after %s: %v", after, cmd.Wait())
}
