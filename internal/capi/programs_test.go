package capi

import (
	"context"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	clusterctlv1 "sigs.k8s.io/cluster-api/cmd/clusterctl/api/v1alpha3"
)

// two is a provider whose components run a second program, as Azure's do.
var two = Provider{Name: "azure", Type: clusterctlv1.InfrastructureProviderType, Version: "v1.21.0"}

// bothComponents are of two Deployments, the further one first.
func bothComponents(further, own string) []byte {
	return append(append(components(further), "---\n"...), components(own)...)
}

func TestProgramsOfComponents(t *testing.T) {
	const own, further = "example.org:5000/capz/controller:v1.21.0", "example.org/k8s/operator:v2.13.0"
	tests := map[string]struct {
		components []byte
		want       []program
	}{
		"one":                   {components(own), []program{{ManagerFile, own}}},
		"one with another tag":  {components("example.org/x:main"), []program{{ManagerFile, "example.org/x:main"}}},
		"two":                   {bothComponents(further, own), []program{{ManagerFile, own}, {"operator_v2.13.0", further}}},
		"two the other way":     {bothComponents(own, further), []program{{ManagerFile, own}, {"operator_v2.13.0", further}}},
		"none of this version":  {bothComponents(further, "example.org/x:main"), []program{{ManagerFile, further}, {"x_main", "example.org/x:main"}}},
		"one image, twice":      {bothComponents(own, own), []program{{ManagerFile, own}}},
		"no Deployment":         {[]byte("kind: Namespace\nmetadata: {name: Deployment}\napiVersion: v1\n"), nil},
		"no container manager":  {[]byte("kind: Deployment\nmetadata: {name: x}\napiVersion: apps/v1\n"), nil},
		"a Deployment unparsed": {[]byte("kind: Deployment\n\t-"), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := two.programs(tt.components)
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("error is %v", err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(program{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEnsureFetchesEveryProgram takes two programs out of two images, and notices when the second one is damaged or gone.
func TestEnsureFetchesEveryProgram(t *testing.T) {
	u := newUpstream(t)
	host := strings.TrimPrefix(u.server.URL, "http://")
	own, further := host+"/capz/controller:v1.21.0", host+"/k8s/operator:v2.13.0"
	u.pushImage(t, own, "capz", "amd64", "arm64")
	a := u.artifacts(t)
	a.Release = func(context.Context, Provider) (Release, error) {
		return Release{Components: bothComponents(further, own), Metadata: []byte("releaseSeries: []\n")}, nil
	}
	if _, err := a.Ensure(t.Context(), two, nil); err == nil || !strings.Contains(err.Error(), "operator") {
		t.Fatalf("error is %v, want one about the image that is not there", err)
	}
	if left, err := os.ReadDir(filepath.Join(a.Folder, two.Label())); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	u.pushImage(t, further, "operator", "amd64", "arm64")
	for name, harm := range map[string]func(dir string) error{
		"none": func(string) error { return nil },
		"damaged": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "operator_v2.13.0"), []byte("x"), 0o755)
		},
		"gone": func(dir string) error { return os.Remove(filepath.Join(dir, "operator_v2.13.0")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := a.Ensure(t.Context(), two, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := harm(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Ensure(t.Context(), two, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"capz amd64", "operator amd64"}, []string{read(t, dir, "manager"), read(t, dir, "operator_v2.13.0")}); diff != "" {
				t.Error(diff)
			}
			if source := read(t, dir, recordFile); !strings.Contains(source, "capz/controller@sha256:") || !strings.Contains(source, "k8s/operator@sha256:") {
				t.Errorf("the record does not name both images by digest: %s", source)
			}
		})
	}
}

func TestBundleOfTwoPrograms(t *testing.T) {
	const operator = "operator_v2.13.0"
	fill := func(t *testing.T, machine elf.Machine) *Artifacts {
		t.Helper()
		a := &Artifacts{Folder: t.TempDir(), Bundle: t.TempDir(), Arch: "amd64", Release: func(context.Context, Provider) (Release, error) {
			return Release{}, errors.New("no internet here")
		}}
		from := two.folder(a.Bundle)
		write(t, from, "infrastructure-components.yaml", string(bothComponents("example.org/k8s/operator:v2.13.0", "example.org/capz/controller:v1.21.0")))
		write(t, from, "metadata.yaml", "m")
		write(t, from, "manager", elfHeader(elf.EM_X86_64))
		write(t, from, operator, elfHeader(machine))
		return a
	}
	t.Run("both are copied", func(t *testing.T) {
		dir, err := fill(t, elf.EM_X86_64).Ensure(t.Context(), two, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(elfHeader(elf.EM_X86_64), read(t, dir, operator)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the further one is for another machine", func(t *testing.T) {
		if _, err := fill(t, elf.EM_AARCH64).Ensure(t.Context(), two, nil); err == nil || !strings.Contains(err.Error(), operator) {
			t.Errorf("error is %v, want one about %s", err, operator)
		}
	})
	t.Run("the further one is missing", func(t *testing.T) {
		a := fill(t, elf.EM_X86_64)
		if err := os.Remove(filepath.Join(two.folder(a.Bundle), operator)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Ensure(t.Context(), two, nil); err == nil || !strings.Contains(err.Error(), operator) {
			t.Errorf("error is %v, want one about %s", err, operator)
		}
	})
}
