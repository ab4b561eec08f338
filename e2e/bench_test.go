//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipway-sh/slipway/internal/planectl"
)

// The figures of `make bench`. Each pair is to be read as a ratio within one run: machines differ and are noisy.

func BenchmarkStartSlipwayVersion(b *testing.B) { benchProgram(b, program("slipway"), "version") }
func BenchmarkStartSlipwayComplete(b *testing.B) {
	benchProgram(b, program("slipway"), "__complete", "get", "")
}

// BenchmarkStartClusterctlVersion is what the two above are held against: upstream's tool from the same module.
func BenchmarkStartClusterctlVersion(b *testing.B) { benchProgram(b, buildClusterctl(b), "version") }

// BenchmarkPlaneStart is from nothing to /readyz, and again with the data of the first start.
func BenchmarkPlaneStart(b *testing.B) {
	for _, kind := range []string{"cold", "warm"} {
		b.Run(kind, func(b *testing.B) {
			plane := planectl.Plane{Dir: b.TempDir(), Program: program("slipway-plane"), Repository: repository(b)}
			if kind == "warm" {
				startAndStop(b, plane)
			}
			for b.Loop() {
				if kind == "cold" {
					plane.Dir = b.TempDir()
				}
				if _, err := plane.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if _, err := plane.Stop(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

func startAndStop(b *testing.B, plane planectl.Plane) {
	b.Helper()
	if _, err := plane.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := plane.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func benchProgram(b *testing.B, path string, args ...string) {
	b.Helper()
	for b.Loop() {
		if out, err := exec.CommandContext(b.Context(), path, args...).CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", filepath.Base(path), err, out)
		}
	}
}

// buildClusterctl builds upstream's clusterctl from the version that Slipway uses.
func buildClusterctl(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clusterctl")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "managers/capi", "-o", path, "sigs.k8s.io/cluster-api/cmd/clusterctl")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build clusterctl: %v\n%s", err, out)
	}
	return path
}
