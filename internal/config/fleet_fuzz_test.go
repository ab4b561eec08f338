package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
)

// FuzzFleet wants no panic, complete findings in the order of the lines, the same ones each time, and entries that say
// the same as their configuration.
func FuzzFleet(f *testing.F) {
	for _, file := range []string{mixedFleet, sitesFleet + "/common.yaml", sitesFleet + "/berlin.yml", sitesFleet + "/cloud.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	for _, text := range append(seeds(f),
		"clusters: [{name: a}, {name: a}]\n", "clusters:\n", "clusters: []\n", "clusters: &a [*a]\n", "clusters:\n- &a {<<: *a, name: x}\n",
		"clusters:\n- &a {<<: [&b {<<: *a}, *b, {<<: [*a, *b]}]}\n- *a\n", "defaults: &d {variables: &v {<<: *v}}\nclusters: [*d, {pools: [*d]}]\n",
		"clusters: [{? [a] : b, name: {}, labels: [], pools: {}, variables: 3, protect: []}]\n", "clusters: [{name: !x y, workers: !!binary aa}]\n",
		"defaults: [x]\nclusters: {a: b}\n", "clusters: [{pools: [{name: a, workers: 9999999999999999999}, ~, [], {}]}]\n",
		"clusters:\n- name: a\n  labels: {a/b/c: d, '': e}\n  plan: ~\n  VSPHERE_NETWORK: x\n  variables: {CLUSTER_NAME: y, OIDC_X: z, cni: none, 1: 2}\n",
	) {
		f.Add(text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(dir, "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := fleetOptions(t, file)
		fleet, err := config.LoadFleet(o)
		findings := fleet.Validate()
		if err != nil && findings.Err() == nil {
			t.Errorf("LoadFleet refuses and Validate does not: %v", err)
		}
		last, lines := 0, 1
		for _, lineBreak := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(text, lineBreak)
		}
		for _, x := range findings {
			line := lineIn(x.Where, file)
			if x.Problem == "" || x.Next == "" || line < last || line < 1 || line > lines {
				t.Errorf("incomplete or in disorder: %+v", x)
			}
			last = line
		}
		again, _ := config.LoadFleet(o)
		if diff := cmp.Diff(findings, again.Validate()); diff != "" {
			t.Errorf("not the same findings again:\n%s", diff)
		}
		for _, e := range fleet.Entries() {
			c := e.Config()
			if c.String("CLUSTER_NAME") != e.Name || c.String("NAMESPACE") != e.Namespace || e.Place.File != file || e.Place.Line < 1 {
				t.Errorf("%+v at %+v", e, e.Place)
			}
			sum, _ := c.Int("WORKER_MACHINE_COUNT")
			for _, p := range e.Pools {
				sum -= p.Workers
			}
			if e.Pools != nil && sum != 0 {
				t.Errorf("the pools of %+v have other workers than it counts", e)
			}
		}
	})
}

func lineIn(where, file string) int {
	rest, ok := strings.CutPrefix(where, file+":")
	n := 0
	for ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		n, rest = n*10+int(rest[0]-'0'), rest[1:]
	}
	return n
}
