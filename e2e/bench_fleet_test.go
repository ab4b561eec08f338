//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fleetStage is a home whose management cluster has upstream's provider for development; see memory_test.go. Its clusters
// have one control plane machine and no worker, and no machine takes any time of its own to start.
type fleetStage struct{ *stage }

func newFleetStage(b *testing.B) *fleetStage {
	b.Helper()
	home := b.TempDir()
	return &fleetStage{&stage{home: home, env: append(os.Environ(), "SLIPWAY_HOME="+home, "HOME="+home, "SLIPWAY_REPOSITORY="+repository(b))}}
}

func (s *fleetStage) start(b *testing.B) {
	b.Helper()
	s.output(b, s.slipway("init", "-i", "docker", "--local", "--name", "fleet"), nil)
	b.Cleanup(func() { s.end(b) })
}

func (s *fleetStage) end(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if out, err := s.slipway("management-cluster", "stop")(ctx).CombinedOutput(); err != nil {
		b.Errorf("management-cluster stop: %v\n%s", err, out)
	}
}

func (s *fleetStage) kube(args ...string) func(ctx context.Context) *exec.Cmd {
	return s.program(s.kubectl, append([]string{"--kubeconfig", filepath.Join(s.home, "plane", "admin.kubeconfig")}, args...)...)
}

// file writes a fleet of so many clusters, and gives its path.
func (s *fleetStage) file(b *testing.B, clusters int) string {
	b.Helper()
	var text bytes.Buffer
	text.WriteString("fleet: bench\nINFRASTRUCTURE_PROVIDER: docker\nKUBERNETES_VERSION: v1.36.3\ndefaults: {workers: 0}\nclusters:\n")
	for i := range clusters {
		fmt.Fprintf(&text, "  - name: c-%04d\n", i)
	}
	path := filepath.Join(s.home, "fleet.yaml")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// fleetSize is how many clusters are made at once: a variable of make's, or what the aim says.
func fleetSize(b *testing.B, variable string, aim int) int {
	b.Helper()
	size, err := strconv.Atoi(cmp.Or(os.Getenv(variable), strconv.Itoa(aim)))
	if err != nil || size < 1 {
		b.Fatalf("%s: no number of clusters: %v", variable, err)
	}
	return size
}

// BenchmarkFleetRender reads, checks and prints 500 clusters: the whole command. No management cluster is needed.
func BenchmarkFleetRender(b *testing.B) {
	const clusters = 500
	s := newFleetStage(b)
	file := s.file(b, clusters)
	var clock, cpu []time.Duration
	for b.Loop() {
		cmd := s.slipway("config", "cluster", "-f", file)(b.Context())
		began := time.Now()
		out, err := cmd.Output()
		if n := bytes.Count(out, []byte("\nkind: Cluster\n")); err != nil || n != clusters {
			b.Fatalf("%d clusters: %v", n, err)
		}
		clock, cpu = append(clock, time.Since(began)), append(cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(clock).Seconds(), "s")
	b.ReportMetric(median(cpu).Seconds(), "cpu-s")
}

// BenchmarkFleetAgain applies 500 clusters that are there as asked for: the whole command. The controllers are stopped
// meanwhile, so that every mutating request that the API server counts would be Slipway's. While the clusters are made
// Cluster API has no rights but those of its webhooks, because 500 clusters that come up keep two cores busy for an hour
// and it is of no account here whether they are.
func BenchmarkFleetAgain(b *testing.B) {
	clusters := fleetSize(b, "SLIPWAY_BENCH_AGAIN", 500)
	s := newFleetStage(b)
	s.start(b)
	s.kubectl = buildUpstream(b, "managers/kubectl", "k8s.io/kubernetes/cmd/kubectl")
	apply := []string{"apply", "-f", s.file(b, clusters), "--yes", "--wait=false", "--timeout", "1h"}
	s.output(b, s.slipway(append(apply, "--select", "c-0000")...), nil) // with the class, which Cluster API has to look at
	s.output(b, s.kube("delete", "clusterrolebinding", "capi-manager-rolebinding"), nil)
	began := time.Now()
	s.output(b, s.slipway(apply...), nil)
	b.Logf("%d clusters were applied in %s", clusters, time.Since(began))
	s.stopControllers(b)
	before := s.mutations(b)
	var clock, cpu []time.Duration
	for b.Loop() {
		cmd := s.slipway(apply...)(b.Context())
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, fmt.Appendf(nil, "%d left alone", clusters)) {
			b.Fatalf("apply: %v\n%s", err, out)
		}
		clock, cpu = append(clock, time.Since(began)), append(cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(clock).Seconds(), "s")
	b.ReportMetric(slices.Max(clock).Seconds(), "slowest-s")
	b.ReportMetric(median(cpu).Seconds(), "cpu-s")
	changed := 0
	for series, n := range s.mutations(b) {
		if n > before[series] {
			changed += n - before[series]
			b.Logf("%d times %s", n-before[series], series)
		}
	}
	b.ReportMetric(float64(changed), "mutations")
	if changed >= len(clock) && len(clock) > 1 { // the API server itself renews a Lease now and then
		b.Errorf("%d mutating requests in %d runs", changed, len(clock))
	}
}

// stopControllers returns when none runs any more.
func (s *fleetStage) stopControllers(b *testing.B) {
	b.Helper()
	all := strings.Fields(string(s.output(b, s.kube("get", "deployments", "-A", "-o",
		`jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}`), nil)))
	for _, one := range all {
		namespace, name, _ := strings.Cut(one, "/")
		s.output(b, s.kube("scale", "-n", namespace, "deployment", name, "--replicas=0"), nil)
		for len(s.output(b, s.kube("get", "-n", namespace, "deployment", name, "-o", "jsonpath={.status.replicas}"), nil)) > 0 {
			time.Sleep(100 * time.Millisecond)
		}
	}
}

var requestsTotal = regexp.MustCompile(`(?m)^apiserver_request_total\{(.*verb="(?:POST|PUT|PATCH|APPLY|DELETE|DELETECOLLECTION)".*)\} (\S+)$`)

// mutations is how many mutating requests the API server has served, by its own count, which it keeps for each kind.
func (s *fleetStage) mutations(b *testing.B) map[string]int {
	b.Helper()
	out := map[string]int{}
	for _, found := range requestsTotal.FindAllStringSubmatch(string(s.output(b, s.kube("get", "--raw", "/metrics"), nil)), -1) {
		n, err := strconv.ParseFloat(found[2], 64)
		if err != nil {
			b.Fatal(err)
		}
		out[found[1]] = int(n)
	}
	if len(out) == 0 {
		b.Fatal("the API server counts no requests")
	}
	return out
}

// BenchmarkFleetCreate makes clusters with `apply`, and the very same objects with kubectl's server-side apply and wait:
// each in a management cluster of its own, one after the other.
func BenchmarkFleetCreate(b *testing.B) {
	clusters := fleetSize(b, "SLIPWAY_BENCH_CREATE", 100)
	kubectl := buildUpstream(b, "managers/kubectl", "k8s.io/kubernetes/cmd/kubectl")
	took := map[string][]time.Duration{}
	for b.Loop() {
		for _, name := range []string{"kubectl", "slipway"} {
			s := newFleetStage(b)
			s.kubectl = kubectl
			file := s.file(b, clusters)
			manifest := s.output(b, s.slipway("config", "cluster", "-f", file), nil)
			s.output(b, s.slipway("init", "-i", "docker", "--local", "--name", "fleet"), nil)
			began := time.Now()
			if name == "slipway" {
				s.output(b, s.slipway("apply", "-f", file, "--yes", "--parallel", strconv.Itoa(clusters), "--timeout", "1h"), nil)
			} else {
				s.output(b, s.kube("apply", "--server-side", "-f", "-"), manifest)
				s.output(b, s.kube("wait", "--for=condition=Available", "clusters", "--all", "--timeout=1h"), nil)
			}
			took[name] = append(took[name], time.Since(began))
			b.Logf("%s: %s, load %s", name, time.Since(began), load())
			s.end(b)
		}
	}
	b.ReportMetric(0, "ns/op")
	for name, times := range took {
		b.ReportMetric(median(times).Seconds(), name+"-s")
	}
	b.ReportMetric(ratio(took["slipway"], took["kubectl"]), "slipway/kubectl")
}

// load is the machine's, of the last minute.
func load() string {
	raw, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(raw), " ")
	return one
}

// atWork is how many clusters are made side by side. One that comes up takes five seconds of a core, and half a minute of
// waiting: a score keep two cores busy. More only wait for each other, until upstream's calls run out of time.
const atWork = "20"

// BenchmarkFleetMany makes many clusters on one plane: how long it takes, whether the last ones take longer than the first
// ones did, and the most memory that each process had.
func BenchmarkFleetMany(b *testing.B) {
	clusters := fleetSize(b, "SLIPWAY_BENCH_FLEET", 1000)
	for b.Loop() {
		s := newFleetStage(b)
		s.start(b)
		cmd := s.slipway("apply", "-f", s.file(b, clusters), "--yes", "--continue-on-error", "--parallel", atWork, "--timeout",
			cmp.Or(os.Getenv("SLIPWAY_BENCH_TIMEOUT"), "3h"))(b.Context())
		events, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		each := readDurations(events)
		if err := cmd.Wait(); err != nil {
			b.Logf("apply: %v", err) // those that came up in the time are the result
		}
		took := time.Since(began)
		part := max(1, min(100, len(each)/4))
		if len(each) == 0 {
			b.Fatal("none came up")
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(len(each)), "clusters")
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(median(each[:part]).Seconds(), "first-s")
		b.ReportMetric(median(each[len(each)-part:]).Seconds(), "last-s")
		b.ReportMetric(ratio(each[len(each)-part:], each[:part]), "last/first")
		b.Logf("the first and the last %d are compared; load %s", part, load())
		memory := s.peaks(b)
		memory["slipway"] = int(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) >> 10
		for _, name := range slices.Sorted(maps.Keys(memory)) {
			b.ReportMetric(float64(memory[name]), name+"-MiB")
		}
	}
}

// readDurations reads apply's events to their end: how long each cluster took from its start, in the order of the starts.
func readDurations(events interface{ Read([]byte) (int, error) }) []time.Duration {
	type one struct{ began, ended time.Time }
	var order []string
	all := map[string]*one{}
	for lines := bufio.NewScanner(events); lines.Scan(); {
		var event struct {
			Time                   time.Time
			Cluster, Phase, Status string
		}
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.Phase != "" {
			continue
		}
		switch event.Status {
		case "started":
			order = append(order, event.Cluster)
			all[event.Cluster] = &one{began: event.Time}
		case "done":
			all[event.Cluster].ended = event.Time
		}
	}
	var out []time.Duration
	for _, name := range order {
		if c := all[name]; !c.ended.IsZero() {
			out = append(out, c.ended.Sub(c.began))
		}
	}
	return out
}

// peaks is the most memory that the plane and each controller had, in MiB.
func (s *fleetStage) peaks(b *testing.B) map[string]int {
	b.Helper()
	var state struct {
		PID         int
		Controllers []struct {
			Name          string
			PID, Restarts int
		}
	}
	raw, err := os.ReadFile(filepath.Join(s.home, "plane", "state.json"))
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	if err != nil {
		b.Fatal(err)
	}
	out := map[string]int{"plane": peak(b, state.PID)}
	for _, c := range state.Controllers {
		name := strings.TrimSuffix(c.Name, "-controller-manager")
		out[name] = peak(b, c.PID)
		if c.Restarts > 0 {
			b.Logf("%s was restarted %d times", name, c.Restarts)
		}
	}
	return out
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func peak(b *testing.B, pid int) int {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	found := highWater.FindSubmatch(raw)
	if err != nil || found == nil {
		b.Fatalf("memory of process %d: %v", pid, err)
	}
	kib, _ := strconv.Atoi(string(found[1]))
	return kib >> 10
}
