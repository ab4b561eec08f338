package kubetest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-sh/slipway/internal/kube"
)

// Variable names a slipway-plane to test with instead of the one in bin/, or one that is built for the occasion.
const Variable = "SLIPWAY_PLANE"

// stopWithin is what a plane may take to end by itself before it is killed.
const stopWithin = 15 * time.Second

// Plane starts a plane of its own for a test, without any provider, and ends it with the test.
func Plane(t testing.TB) *rest.Config {
	t.Helper()
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	cmd := exec.Command(program(t), "--dir", filepath.Join(dir, "plane"), "--repository", filepath.Join(dir, "none")) //nolint:noctx // ended below, gently
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is asked to end, or its log says why it did
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(stopWithin):
			_ = cmd.Process.Kill()
			<-ended
		}
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the plane said:\n%s", tail(string(text), 5))
		}
		_ = log.Close()
	})
	kubeconfig := filepath.Join(dir, "plane", "admin.kubeconfig")
	Eventually(t, "plane up", func(ctx context.Context) (bool, error) {
		c, err := kube.Connect(kubeconfig, "")
		if err != nil {
			return false, err
		}
		_, err = c.Ping(ctx)
		return err == nil, err
	})
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(t, err)
	return config
}

// program finds slipway-plane, or builds it: a first build takes minutes, a later one only links.
func program(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(Variable); path != "" {
		return path
	}
	root := moduleDir(t, "github.com/slipway-sh/slipway")
	built := filepath.Join(root, "bin", "slipway-plane")
	if _, err := os.Stat(built); err == nil {
		return built
	}
	path := filepath.Join(t.TempDir(), "slipway-plane")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", path, "./cmd/slipway-plane")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build slipway-plane: %v\n%s", err, out)
	}
	return path
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
