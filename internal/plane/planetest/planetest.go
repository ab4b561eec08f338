// Package planetest gives tests a real management cluster: a slipway-plane process of their own. It builds the program
// when it has to; nothing of kube-apiserver is linked into the tests that use it.
package planetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-sh/slipway/internal/planectl"
)

const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
)

// Plane is one running plane.
type Plane struct {
	planectl.Plane
	Kubeconfig string // path of the administrator's
	Config     *rest.Config
}

// Options of a plane; the zero value is a plane without provider programs in a temporary folder.
type Options struct {
	Dir        string
	Repository string
	Name       string
	Env        []string // the plane's whole environment; nil is the test's
}

// Start brings up a plane for this test alone and ends it with the test.
func Start(t testing.TB, o Options) *Plane {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "plane")
	}
	if o.Repository == "" {
		o.Repository = t.TempDir()
	}
	p, err := start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.End(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Shared is one plane for all tests of a package: a variable of the test package, ended by its TestMain.
type Shared struct {
	Repository string // programs of providers; may be filled after the start

	once  sync.Once
	dir   string
	plane *Plane
	err   error
}

// Plane starts the plane at the first call.
func (s *Shared) Plane(t testing.TB) *Plane {
	t.Helper()
	s.once.Do(func() {
		if s.dir, s.err = os.MkdirTemp("", "planetest"); s.err != nil {
			return
		}
		if s.Repository == "" {
			s.Repository = filepath.Join(s.dir, "repository")
		}
		s.plane, s.err = start(Options{Dir: filepath.Join(s.dir, "plane"), Repository: s.Repository})
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.plane
}

// Main runs the tests of the package and ends the plane. Its result is for os.Exit.
func (s *Shared) Main(m *testing.M) int {
	code := m.Run()
	if s.plane != nil {
		if err := s.plane.End(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
	return code
}

func start(o Options) (*Plane, error) {
	program, err := Program()
	if err != nil {
		return nil, err
	}
	p := &Plane{Plane: planectl.Plane{
		Dir: o.Dir, Name: o.Name, Program: program, Repository: o.Repository, Env: o.Env, NoFsync: true,
	}}
	return p, p.Up()
}

// Up starts the plane, again if need be, and reads its kubeconfig.
func (p *Plane) Up() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	state, err := p.Start(ctx)
	if err != nil {
		return err
	}
	p.Kubeconfig = state.Kubeconfig
	p.Config, err = clientcmd.BuildConfigFromFlags("", state.Kubeconfig)
	if err != nil {
		return err
	}
	p.Config.QPS = -1
	return nil
}

// End stops the plane.
func (p *Plane) End() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	_, err := p.Stop(ctx)
	return err
}

// Namespace makes a namespace of the test's own. It is left to the plane's end: most tests need not wait for that.
func (p *Plane) Namespace(t testing.TB) string {
	t.Helper()
	client, err := kubernetes.NewForConfig(p.Config)
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	ns, err = client.CoreV1().Namespaces().Create(context.Background(), ns, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// Program is the slipway-plane that tests run: the one that SLIPWAY_PLANE names, or one built from this source. Building
// again costs a second when nothing has changed.
func Program() (string, error) {
	if path := os.Getenv(planectl.Variable); path != "" {
		return path, nil
	}
	root, err := output("go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return "", err
	}
	kubernetes, err := output("go", "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return "", err
	}
	cache := filepath.Join(root, ".cache", "test")
	if err := os.MkdirAll(cache, 0o755); err != nil { //nolint:gosec // a folder of the source tree
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close() //nolint:errcheck // closing drops the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	program := filepath.Join(cache, "slipway-plane")
	_, err = output("go", "build", "-C", root, "-trimpath", "-ldflags", Ldflags(kubernetes), "-o", program, "./cmd/slipway-plane")
	return program, err
}

// Ldflags make the plane say which Kubernetes it is; Cluster API refuses a server that does not.
func Ldflags(kubernetes string) string {
	const pkg = "k8s.io/component-base/version."
	major, rest, _ := strings.Cut(strings.TrimPrefix(kubernetes, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	return fmt.Sprintf("-s -w -X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s", pkg, kubernetes, major, minor)
}

func output(name string, args ...string) (string, error) {
	cmd := exec.CommandContext(context.Background(), name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}
