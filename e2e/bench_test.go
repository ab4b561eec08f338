//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/planectl"
)

// The figures of `make bench`; docs/benchmarks.md says what they mean. Machines differ and are noisy: what counts is
// the ratio of two programs that took turns in one run.

// BenchmarkStart holds what a shell starts most often against the start of upstream's tool, from the same modules.
func BenchmarkStart(b *testing.B) {
	s := newStage(b)
	upstream := s.clusterctl(b, "version")
	for _, args := range [][]string{{"version"}, {"__complete", "get", ""}} {
		b.Run(args[0], func(b *testing.B) { takeTurns(b, contender{"slipway", s.slipway(args...)}, upstream) })
	}
}

// BenchmarkGenerate renders the same ClusterClass and Cluster with both programs. Slipway asks the simulated vCenter,
// clusterctl the management plane; clusterctl's repository is a folder, not the internet.
func BenchmarkGenerate(b *testing.B) {
	s := newStage(b)
	s.init(b)
	ours := contender{"slipway", s.simulated(b, s.slipway("config", "cluster", "demo", "-p", "dev"))}
	flavour, err := filepath.Abs("testdata/cluster-template-slipway.yaml")
	if err != nil {
		b.Fatal(err)
	}
	config := clusterctlConfig(b, flavour)
	for _, source := range [][]string{{"--infrastructure", "vsphere", "--flavor", "slipway"}, {"--from", flavour}} {
		b.Run(strings.Trim(source[0], "-"), func(b *testing.B) {
			args := append([]string{"generate", "cluster", "demo", "--config", config, "--kubeconfig", s.admin(),
				"--kubernetes-version", "v1.36.3", "--control-plane-machine-count", "1", "--worker-machine-count", "1",
				"--target-namespace", "default"}, source...)
			upstream := s.clusterctl(b, args...)
			for _, c := range []contender{ours, upstream} {
				if out := s.output(b, c.command, nil); !bytes.Contains(out, []byte("kind: ClusterClass")) {
					b.Fatalf("%s prints no ClusterClass:\n%s", c.name, out)
				}
			}
			takeTurns(b, ours, upstream)
		})
	}
}

// clusterctlVariables are those of the flavour.
const clusterctlVariables = `VSPHERE_SERVER: vcenter.rehearsal.test
VSPHERE_TLS_THUMBPRINT: 54:3B:6B:38:1B:B6:33:FF:DF:EE:5A:6F:EC:D8:18:52:BF:46:5F:39
VSPHERE_DATACENTER: /dc0
VSPHERE_DATASTORE: /dc0/datastore/datastore0
VSPHERE_FOLDER: /dc0/vm/clusters
VSPHERE_RESOURCE_POOL: /dc0/host/cluster0/Resources
VSPHERE_NETWORK: VM Network
VSPHERE_TEMPLATE: /dc0/vm/template
VSPHERE_CONTROL_PLANE_ENDPOINT: 10.20.0.10
VSPHERE_SSH_AUTHORIZED_KEY: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f rehearsal
`

// clusterctlConfig lays a flavour out as upstream publishes one: the Cluster in cluster-template-FLAVOUR.yaml, what its
// class is made of in clusterclass-NAME.yaml, beside the provider's components.
func clusterctlConfig(b *testing.B, flavour string) string {
	b.Helper()
	raw, err := os.ReadFile(flavour)
	if err != nil {
		b.Fatal(err)
	}
	cut := strings.LastIndex(string(raw), "---\n")
	_, name, _ := strings.Cut(string(raw[cut:]), "classRef:\n      name: ")
	name, _, _ = strings.Cut(name, "\n")
	versions, err := filepath.Glob(filepath.Join(repository(b), "infrastructure-vsphere", "v*"))
	if err != nil || len(versions) != 1 {
		b.Fatalf("the repository has the versions %v of infrastructure-vsphere: %v", versions, err)
	}
	dir := filepath.Join(b.TempDir(), "infrastructure-vsphere", filepath.Base(versions[0]))
	if err := os.CopyFS(dir, os.DirFS(versions[0])); err != nil {
		b.Fatal(err)
	}
	config := filepath.Join(b.TempDir(), "clusterctl.yaml")
	for path, content := range map[string]string{
		filepath.Join(dir, "clusterclass-"+name+".yaml"):    string(raw[:cut]),
		filepath.Join(dir, "cluster-template-slipway.yaml"): string(raw[cut:]),
		config: clusterctlVariables + "providers:\n- name: vsphere\n  type: InfrastructureProvider\n  url: " +
			dir + "/infrastructure-components.yaml\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return config
}

// BenchmarkPlaneStart is from nothing to /readyz, and again with the data of the first start.
func BenchmarkPlaneStart(b *testing.B) {
	for _, kind := range []string{"cold", "warm"} {
		b.Run(kind, func(b *testing.B) {
			plane := planectl.Plane{Dir: b.TempDir(), Program: program("slipway-plane"), Repository: repository(b)}
			var took []time.Duration
			if kind == "warm" {
				startAndStop(b, plane)
			}
			for b.Loop() {
				if kind == "cold" {
					plane.Dir = b.TempDir()
				}
				took = append(took, startAndStop(b, plane))
			}
			b.ReportMetric(0, "ns/op") // it has the stop in it
			b.ReportMetric(median(took).Seconds(), "s")
			b.ReportMetric(slices.Max(took).Seconds(), "slowest-s")
		})
	}
}

// startAndStop says how long the start took.
func startAndStop(b *testing.B, plane planectl.Plane) time.Duration {
	b.Helper()
	began := time.Now()
	if _, err := plane.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	if _, err := plane.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
	return took
}

// contender is one program with its arguments.
type contender struct {
	name    string
	command func(ctx context.Context) *exec.Cmd
}

// takeTurns runs ours and upstream's program by turns and reports the medians, and how many times longer upstream's
// takes: by the clock, and in CPU time, which the load of the machine disturbs less.
func takeTurns(b *testing.B, ours, upstream contender) {
	b.Helper()
	both := []contender{ours, upstream}
	clock, cpu := map[string][]time.Duration{}, map[string][]time.Duration{}
	for b.Loop() {
		slices.Reverse(both)
		for _, c := range both {
			cmd := c.command(b.Context())
			began := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%s: %v\n%s", cmd, err, out)
			}
			clock[c.name] = append(clock[c.name], time.Since(began))
			cpu[c.name] = append(cpu[c.name], cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
	}
	b.ReportMetric(0, "ns/op") // it would be the sum of both
	for _, c := range both {
		b.ReportMetric(milliseconds(median(clock[c.name])), c.name+"-ms")
		b.ReportMetric(milliseconds(median(cpu[c.name])), c.name+"-cpu-ms")
	}
	b.ReportMetric(ratio(clock[upstream.name], clock[ours.name]), "upstream/slipway")
	b.ReportMetric(ratio(cpu[upstream.name], cpu[ours.name]), "upstream/slipway-cpu")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func ratio(a, b []time.Duration) float64 { return float64(median(a)) / float64(median(b)) }

func median(values []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// buildClusterctl builds upstream's clusterctl from the version that Slipway uses.
func buildClusterctl(t testing.TB) string {
	t.Helper()
	return buildUpstream(t, "managers/capi", "sigs.k8s.io/cluster-api/cmd/clusterctl")
}

func buildUpstream(t testing.TB, module, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(pkg))
	build := exec.CommandContext(t.Context(), "go", "build", "-C", module, "-ldflags", "-s -w", "-o", path, pkg)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}
