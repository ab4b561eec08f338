package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/providertest"
	"github.com/slipway-sh/slipway/templates"
)

func usual() providers.Request {
	return providers.Request{Name: "try", Namespace: "default", Plan: "dev", KubernetesVersion: "v1.36.3", ControlPlane: 1, Workers: 2}
}

func TestProviderKeepsTheContract(t *testing.T) {
	// The proxy's password is a secret of the person's that nothing here has a use for.
	settings := map[string]string{"TKG_HTTP_PROXY": "http://me:hidden@proxy.example.org:3128"}
	slow := map[string]string{"CLUSTER_TYPE": "in-memory", keyMachineStartup: "1m30s", keyNodeStartup: "250ms"}
	providertest.Run(t, providertest.Suite{
		Provider: New(), Templates: templates.FS(), Variables: Variables(), Cloudless: true,
		Good:   providertest.Case{Settings: settings, Request: usual()},
		Others: map[string]providertest.Case{"slow machines": {Settings: slow, Request: usual()}},
		Mistakes: []providertest.Mistake{
			{Variable: "CLUSTER_TYPE", Value: "moon", Problem: `no type of cluster "moon"`},
			{Variable: keyMachineStartup, Value: "soon", Problem: keyMachineStartup + " is not a duration"},
		},
	})
}

// asking has its settings in a file.
func asking(t *testing.T, settings string) providers.Request {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	r := usual()
	var err error
	if r.Config, err = config.Load(config.Options{File: file, Tables: []config.Table{{Provider: "docker", Variables: Variables()}}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		settings, version string
		where, problem    string
	}{
		"containers": {settings: "CLUSTER_TYPE: docker\n", version: "v1.36.3", where: ":1", problem: "no clusters of containers yet"},
		"unknown":    {settings: "\nCLUSTER_TYPE: moon\n", version: "v1.36.3", where: ":2", problem: `no type of cluster "moon"`},
		"no version": {where: "KUBERNETES_VERSION", problem: "is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			r := asking(t, c.settings)
			r.KubernetesVersion = c.version
			findings, err := New().Preflight(t.Context(), r)
			if err != nil || len(findings) != 1 || !strings.HasSuffix(findings[0].Where, c.where) || !strings.Contains(findings[0].Problem, c.problem) {
				t.Fatalf("findings %v, %v", findings, err)
			}
			if _, err := New().Values(t.Context(), r); uerr.ExitCode(err) != uerr.Usage {
				t.Errorf("values: exit code %d of %v", uerr.ExitCode(err), err)
			}
		})
	}
}

func TestTimesOfStart(t *testing.T) {
	for settings, want := range map[string]map[string]any{
		"":                                  {"machine": "0s", "node": "0s"},
		"IN_MEMORY_MACHINE_STARTUP: 90s\n":  {"machine": "1m30s", "node": "0s"},
		"IN_MEMORY_NODE_STARTUP: '250ms'\n": {"machine": "0s", "node": "250ms"},
	} {
		v, err := New().Values(t.Context(), asking(t, settings))
		if diff := cmp.Diff(map[string]any{"startup": want}, v.Variables); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", settings, err, diff)
		}
		if !v.NoAddons {
			t.Error("a cluster that runs no pods would get add-ons")
		}
	}
}
