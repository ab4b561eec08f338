package capi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
)

func TestProvidersNamesAsClusterctl(t *testing.T) {
	list, err := Providers("vsphere")
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]string
	for _, p := range list {
		got = append(got, [2]string{p.Label(), p.ComponentsFile()})
	}
	want := [][2]string{
		{"cluster-api", "core-components.yaml"},
		{"bootstrap-kubeadm", "bootstrap-components.yaml"},
		{"control-plane-kubeadm", "control-plane-components.yaml"},
		{"infrastructure-vsphere", "infrastructure-components.yaml"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProvidersRefusesAnUnknownOne(t *testing.T) {
	_, err := Providers("vspere")
	if err == nil || uerr.ExitCode(err) != uerr.Usage {
		t.Errorf("error is %v, want a usage error", err)
	}
}

// TestVersionsAreThoseOfTheManagers keeps what is installed and what make managers builds together.
func TestVersionsAreThoseOfTheManagers(t *testing.T) {
	modules := map[string]string{
		"cluster-api":            "capi/go.mod sigs.k8s.io/cluster-api",
		"bootstrap-kubeadm":      "capi/go.mod sigs.k8s.io/cluster-api",
		"control-plane-kubeadm":  "capi/go.mod sigs.k8s.io/cluster-api",
		"infrastructure-vsphere": "capv/go.mod sigs.k8s.io/cluster-api-provider-vsphere",
		"infrastructure-docker":  "capd/go.mod sigs.k8s.io/cluster-api/test",
	}
	for _, infrastructure := range []string{"vsphere", "docker"} {
		list, err := Providers(infrastructure)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			file, module, _ := strings.Cut(modules[p.Label()], " ")
			if got := required(t, file, module); got != p.Version {
				t.Errorf("%s is installed, but e2e/managers/%s requires %s", p, file, got)
			}
		}
	}
}

// required is the version of a module in a go.mod of e2e/managers.
func required(t *testing.T, file, module string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "e2e", "managers", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1]
		}
	}
	return "nothing"
}

func TestManagerImage(t *testing.T) {
	got, err := managerImage(components("registry.example/capv:v1"))
	if err != nil || got != "registry.example/capv:v1" {
		t.Errorf("image is %q, %v", got, err)
	}
	if _, err := managerImage([]byte("kind: Namespace\napiVersion: v1\nmetadata: {name: x}\n")); err == nil {
		t.Error("components without a Deployment were accepted")
	}
}
