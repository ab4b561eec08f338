//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/simctl"
)

// stage is a rehearsal to measure in: a home with a simulator and a plane of its own.
type stage struct {
	home    string
	env     []string
	kubectl string // the program, where a benchmark has built it
}

func newStage(b *testing.B) *stage {
	b.Helper()
	home := b.TempDir()
	s := &stage{home: home, env: append(os.Environ(), "SLIPWAY_HOME="+home, "HOME="+home,
		"SLIPWAY_REPOSITORY="+repository(b), "CLUSTERCTL_DISABLE_VERSIONCHECK=true")}
	b.Cleanup(func() { s.stop(b) })
	return s
}

func (s *stage) stop(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if out, err := s.slipway("rehearse", "stop")(ctx).CombinedOutput(); err != nil {
		b.Errorf("rehearse stop: %v\n%s", err, out)
	}
}

// init makes the management cluster. It returns how long that took, and how much of it was waiting for the upstream
// controllers: from the first note that says so to the end of the phase.
func (s *stage) init(b *testing.B) (whole, waited time.Duration) {
	b.Helper()
	cmd := s.slipway("rehearse", "--", "init", "-i", "vsphere", "--local", "--name", "bench")(b.Context())
	stderr, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	var said bytes.Buffer
	var waiting time.Time
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		switch line := strings.TrimSpace(lines.Text()); {
		case strings.HasPrefix(line, "providers: waiting for ") && waiting.IsZero():
			waiting = time.Now()
		case strings.HasPrefix(line, "providers: done"):
			waited = time.Since(waiting)
		}
	}
	if err := cmd.Wait(); err != nil || waiting.IsZero() || waited == 0 {
		b.Fatalf("init, waited %s: %v\n%s", waited, err, &said)
	}
	return time.Since(began), waited
}

// BenchmarkInit is the whole of `rehearse -- init --local`, the start of the simulator included, in a new home.
func BenchmarkInit(b *testing.B) {
	var whole, waited, own []time.Duration
	for b.Loop() {
		s := newStage(b)
		w, r := s.init(b)
		whole, waited, own = append(whole, w), append(waited, r), append(own, w-r)
		s.stop(b)
	}
	b.ReportMetric(0, "ns/op") // it has the stop in it
	b.ReportMetric(median(whole).Seconds(), "s")
	b.ReportMetric(median(waited).Seconds(), "upstream-s")
	b.ReportMetric(median(own).Seconds(), "slipway-s")
}

// BenchmarkCreate makes a cluster of one name again and again, by turns with `create cluster --wait` and with kubectl's
// server-side apply and wait of the very same objects. The upstream controllers take up to half a minute more or less
// each time, as their retries fall; what a program adds is its time without theirs, which is from the first sight of
// the Cluster to its condition Available.
func BenchmarkCreate(b *testing.B) {
	s := newStage(b)
	s.init(b)
	s.kubectl = buildUpstream(b, "managers/kubectl", "k8s.io/kubernetes/cmd/kubectl")
	manifest := s.output(b, s.simulated(b, s.slipway("config", "cluster", "demo", "-p", "dev")), nil)
	var secrets []byte
	ours := func() { s.output(b, s.slipway("rehearse", "--", "create", "cluster", "demo", "-p", "dev"), nil) }
	upstream := func() {
		s.output(b, s.kube("apply", "--server-side", "-f", "-"), append(secrets, manifest...))
		s.output(b, s.kube("wait", "--for=condition=Available", "cluster/demo", "--timeout=5m"), nil)
	}
	var whole, own [2][]time.Duration
	for b.Loop() {
		for i, create := range []func(){ours, upstream} {
			took, controllers := s.create(b, create)
			b.Logf("%s: %s, of that the controllers %s", []string{"slipway", "kubectl"}[i], took, controllers)
			whole[i], own[i] = append(whole[i], took), append(own[i], took-controllers)
			if secrets == nil { // config cluster does not print them
				secrets = s.secrets(b)
			}
			s.output(b, s.slipway("rehearse", "--", "delete", "cluster", "demo", "--yes", "--wait"), nil)
		}
	}
	b.ReportMetric(0, "ns/op") // it has the deletions in it
	for i, name := range []string{"slipway", "kubectl"} {
		b.ReportMetric(median(whole[i]).Seconds(), name+"-s")
		b.ReportMetric(median(own[i]).Seconds(), name+"-own-s")
	}
	b.ReportMetric((median(own[0]) - median(own[1])).Seconds(), "added-s")
}

// secrets are those that Slipway made for the cluster, as somebody would have written them.
func (s *stage) secrets(b *testing.B) []byte {
	b.Helper()
	var list corev1.SecretList
	raw := s.output(b, s.kube("get", "secrets", "-l", "app.kubernetes.io/managed-by=slipway", "-o", "json"), nil)
	if err := json.Unmarshal(raw, &list); err != nil || len(list.Items) == 0 {
		b.Fatalf("%d Secrets of Slipway: %v", len(list.Items), err)
	}
	var out []byte
	for _, secret := range list.Items {
		secret.ObjectMeta = metav1.ObjectMeta{Name: secret.Name, Namespace: secret.Namespace, Labels: secret.Labels}
		secret.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}
		document, err := yaml.Marshal(secret)
		if err != nil {
			b.Fatal(err)
		}
		out = append(append(out, document...), "---\n"...)
	}
	return out
}

// create runs one of the two and watches the Cluster meanwhile: how long the program took, and how long the controllers.
func (s *stage) create(b *testing.B, run func()) (took, controllers time.Duration) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	watch := s.kube("get", "clusters", "--watch-only", "-o",
		`jsonpath={.kind} {.status.conditions[?(@.type=="Available")].status}{"\n"}`)(ctx)
	events, err := watch.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		b.Fatal(err)
	}
	available := make(chan time.Duration, 1)
	go func() {
		defer close(available)
		var seen time.Time
		for lines := bufio.NewScanner(events); lines.Scan(); {
			if seen.IsZero() {
				seen = time.Now()
			}
			if strings.HasSuffix(lines.Text(), " True") {
				available <- time.Since(seen)
				return
			}
		}
	}()
	time.Sleep(time.Second) // until the watch is there; a later start would only make the controllers' part shorter
	began := time.Now()
	run()
	took = time.Since(began)
	controllers, ok := <-available
	if !ok {
		b.Fatal("the watch ended before the cluster was available")
	}
	cancel()
	_ = watch.Wait() // killed on purpose
	return took, controllers
}

// slipway is a command line in the stage's home.
func (s *stage) slipway(args ...string) func(ctx context.Context) *exec.Cmd {
	return s.program(program("slipway"), args...)
}

func (s *stage) kube(args ...string) func(ctx context.Context) *exec.Cmd {
	return s.program(s.kubectl, append([]string{"--kubeconfig", s.admin()}, args...)...)
}

func (s *stage) clusterctl(b *testing.B, args ...string) contender {
	b.Helper()
	return contender{"clusterctl", s.program(buildClusterctl(b), args...)}
}

func (s *stage) program(path string, args ...string) func(ctx context.Context) *exec.Cmd {
	return func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Env = s.env
		return cmd
	}
}

// simulated gives a command what `slipway rehearse --` would, so that only one process is measured.
func (s *stage) simulated(b *testing.B, command func(ctx context.Context) *exec.Cmd) func(ctx context.Context) *exec.Cmd {
	b.Helper()
	dir := filepath.Join(s.home, "rehearsal")
	state, err := simctl.Simulator{Dir: filepath.Join(dir, "sim")}.Status()
	if err != nil || !state.Running() {
		b.Fatalf("the simulator does not run: %+v, %v", state, err)
	}
	home := filepath.Join(dir, "home")
	env := append(state.Environ(s.env), "SLIPWAY_HOME="+home, "TKG_CONFIG="+filepath.Join(home, "config.yaml"),
		"KUBECONFIG="+filepath.Join(dir, "kubeconfig"))
	return func(ctx context.Context) *exec.Cmd {
		cmd := command(ctx)
		cmd.Env = env
		return cmd
	}
}

// admin is the plane's kubeconfig.
func (s *stage) admin() string {
	return filepath.Join(s.home, "rehearsal", "home", "plane", "admin.kubeconfig")
}

// output runs a command that has to end well.
func (s *stage) output(b *testing.B, command func(ctx context.Context) *exec.Cmd, stdin []byte) []byte {
	b.Helper()
	cmd := command(b.Context())
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, &stderr)
	}
	return stdout.Bytes()
}
