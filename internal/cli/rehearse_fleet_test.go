package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/azure"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

func TestTourOfAFleet(t *testing.T) {
	v, a, z := vsphere.New(vsphere.Options{}), aws.New(aws.Options{}), azure.New(azure.Options{})
	d := &Deps{
		InvokedAs: "slipway", Providers: []providers.Provider{v, a, z},
		Tables: func() []config.Table {
			return []config.Table{
				{Provider: "vsphere", Variables: vsphere.Variables()}, {Provider: "aws", Variables: aws.Variables()},
				{Provider: "azure", Variables: azure.Variables()},
			}
		},
	}
	r := rehearsal{dir: t.TempDir()}
	if err := os.MkdirAll(r.home(), 0o700); err != nil {
		t.Fatal(err)
	}
	text := slices.Concat(v.RehearsalConfig(), a.RehearsalConfig(), z.RehearsalConfig())
	if err := os.WriteFile(filepath.Join(r.home(), "config.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	const file = "../../docs/fleet.yaml"
	got, err := d.fleetTour(r, []string{file})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"init", "-i", "vsphere", "--local", "--name", "rehearsal"},
		{"config", "permissions", "aws"},
		{"init", "-i", "aws", "--local", "--name", "rehearsal"},
		{"init", "-i", "azure", "--local", "--name", "rehearsal"},
		{"diff", "-f", file},
		{"apply", "-f", file, "--yes"},
		{"get", "clusters"},
		{"diff", "-f", file},
		{"delete", "cluster", "tills", "-n", "default", "--yes", "--wait"},
		{"delete", "cluster", "web", "-n", "default", "--yes", "--wait"},
		{"delete", "cluster", "events", "-n", "default", "--yes", "--wait"},
		{"get", "clusters"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.Providers = []providers.Provider{v, a}
	if _, err := d.fleetTour(r, []string{file}); err == nil {
		t.Error("a tour of a cloud that is not simulated")
	}
}
