package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/plans"
)

const (
	mixedFleet = "testdata/fleet/mixed.yaml"
	sitesFleet = "testdata/fleet/sites"
)

func fleetOptions(t testing.TB, paths ...string) config.FleetOptions {
	t.Helper()
	all, err := plans.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return config.FleetOptions{
		Options: config.Options{Tables: tables(), Home: "/nowhere"}, Paths: paths, Plans: plans.ForFleet(all),
		DefaultPlan: "dev", DefaultInfrastructure: "vsphere", DefaultManagementCluster: "mgmt", ManagementClusters: []string{"mgmt", "spare"},
	}
}

func loadFleet(t testing.TB, o config.FleetOptions) *config.Fleet {
	t.Helper()
	f, err := config.LoadFleet(o)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return f
}

// fleetOf is a fleet of one file with this text.
func fleetOf(t testing.TB, text string) (*config.Fleet, string) {
	t.Helper()
	file := write(t, text)
	return loadFleet(t, fleetOptions(t, file)), file
}

func TestShippedFleetsAreRight(t *testing.T) {
	for _, path := range []string{mixedFleet, sitesFleet} {
		f := loadFleet(t, fleetOptions(t, path))
		for _, x := range f.Validate() {
			t.Errorf("%s: %s: %s", path, x.Where, x.Problem)
		}
	}
}

func TestEntries(t *testing.T) {
	f := loadFleet(t, fleetOptions(t, mixedFleet, sitesFleet))
	var got []string
	for _, e := range f.Entries() {
		c := e.Config()
		got = append(got, fmt.Sprintf("%s/%s/%s %s %s %s+%s %v %v %d %s", e.ManagementCluster, e.Namespace, e.Name, e.Infrastructure, e.Plan,
			c.String("CONTROL_PLANE_MACHINE_COUNT"), c.String("WORKER_MACHINE_COUNT"), e.Labels, e.Protect, len(e.Pools), c.String("CNI")))
	}
	want := []string{
		"mgmt/fleet/edge1 vsphere dev 1+1 map[owner:platform site:berlin] false 0 calico",
		"mgmt/fleet/edge2 vsphere prod 3+4 map[owner:platform site:hamburg] true 0 calico",
		"mgmt/fleet/web aws prod 3+3 map[owner:platform] false 0 calico",
		"mgmt/jobs/batch aws dev 1+12 map[owner:platform] false 0 calico",
		"mgmt/fleet/shop azure dev 1+3 map[owner:platform] false 2 calico",
		"mgmt/staging/shop azure dev 1+1 map[owner:platform] false 0 calico",
		"mgmt/default/berlin-1 vsphere prod 3+3 map[owner:platform site:berlin] false 0 antrea",
		"mgmt/default/berlin-2 vsphere prod 5+8 map[owner:platform site:berlin] false 0 antrea",
		"mgmt/default/berlin-3 vsphere dev 1+3 map[owner:platform site:berlin] false 1 antrea",
		"mgmt/default/cloud-1 aws prod 3+3 map[owner:platform] true 0 antrea",
		"spare/default/cloud-2 aws dev 3+2 map[owner:platform] false 0 antrea",
		"spare/default/cloud-1 docker prod 3+3 map[owner:platform] false 0 antrea",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	pools := []config.Pool{
		{Name: "small", Workers: 2, Zone: "1", MachineType: "Standard_D2s_v5"},
		{Name: "gpu", Class: "worker", Workers: 1, MachineType: "Standard_NC4as_T4_v3"},
	}
	if diff := cmp.Diff(pools, f.Entries()[4].Pools, cmpopts.IgnoreFields(config.Pool{}, "Place")); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	if at := (config.Place{File: mixedFleet, Line: 84, Column: 9, Field: "clusters[4].pools[1]"}); f.Entries()[4].Pools[1].Place != at {
		t.Errorf("pool at %+v", f.Entries()[4].Pools[1].Place)
	}
	berlin2 := f.Entries()[7].Config() // merges an anchor, and overrides one of its keys
	if berlin2.String("VSPHERE_WORKER_MEM_MIB") != "8192" || berlin2.String("VSPHERE_NETWORK") != "VLAN 8" {
		t.Errorf("merged: %s, %s", berlin2.String("VSPHERE_WORKER_MEM_MIB"), berlin2.String("VSPHERE_NETWORK"))
	}
	if got := f.Entries()[0].Config().Secret("VSPHERE_PASSWORD").Reveal(); got != "hunter2" {
		t.Errorf("the encoded password is %q", got)
	}
}

// TestEntryPrecedence takes the strongest source away, one after the other.
func TestEntryPrecedence(t *testing.T) {
	const key = "VSPHERE_NETWORK"
	lines := []struct{ text, value, where string }{
		{"VSPHERE_NETWORK: flat", "flat", ":1"},
		{"defaults: {variables: {VSPHERE_NETWORK: shared}}", "shared", ":2 (defaults.variables.VSPHERE_NETWORK)"},
		{"clusters: [{name: a, variables: {VSPHERE_NETWORK: own}}]", "own", ":3 (clusters[0].variables.VSPHERE_NETWORK)"},
	}
	all := []string{"flag", "entry", "environment", "defaults", "file", "plan", "default"}
	for strongest, want := range all {
		t.Run(want, func(t *testing.T) {
			has := func(source string) bool {
				for _, s := range all[strongest:] {
					if s == source {
						return true
					}
				}
				return false
			}
			text := []string{"# none", "# none", "clusters: [{name: a}]"}
			for i, source := range []string{"file", "defaults", "entry"} {
				if has(source) {
					text[i] = lines[i].text
				}
			}
			o := fleetOptions(t, write(t, strings.Join(text, "\n")))
			o.FlagNames = map[string]string{key: "--network"}
			o.Plans = map[string]config.Plan{"dev": {}}
			if has("flag") {
				o.Flags = map[string]string{key: "typed"}
			}
			if has("environment") {
				o.Environ = []string{key + "=exported"}
			}
			if has("plan") {
				o.Plans["dev"] = config.Plan{Values: map[string]string{key: "planned"}}
			}
			c := loadFleet(t, o).Entries()[0].Config()
			value := map[string]string{"flag": "typed", "entry": "own", "environment": "exported", "defaults": "shared", "file": "flat",
				"plan": "planned", "default": "VM Network"}[want]
			where := map[string]string{"flag": "--network", "entry": o.Paths[0] + lines[2].where, "environment": "$" + key,
				"defaults": o.Paths[0] + lines[1].where, "file": o.Paths[0] + lines[0].where, "plan": "plan dev", "default": "default"}[want]
			origin := c.Origin(key)
			if c.String(key) != value || string(origin.Source) != want || origin.Where != where {
				t.Errorf("%q from %s at %s, want %q at %s", c.String(key), origin.Source, origin.Where, value, where)
			}
		})
	}
}

// TestLoopAndEntryAgree compares an entry with the same settings given to one command by the environment.
func TestLoopAndEntryAgree(t *testing.T) {
	flat := "VSPHERE_SERVER: vc\nVSPHERE_FOLDER: /dc/vm/x\nWORKER_MACHINE_COUNT: 2\n"
	entry := flat + "clusters:\n- name: edge-1\n  workers: 5\n  variables: {VSPHERE_NETWORK: x, VSPHERE_PASSWORD: <encoded:c2VjcmV0>, VSPHERE_FOLDER: /dc/vm/y}\n"
	f, file := fleetOf(t, entry)
	loop, err := config.Load(config.Options{
		File: write(t, flat), Tables: tables(), Flags: map[string]string{"CLUSTER_NAME": "edge-1", "WORKER_MACHINE_COUNT": "5"},
		Environ: []string{"VSPHERE_NETWORK=x", "VSPHERE_PASSWORD=secret", "VSPHERE_FOLDER=/dc/vm/y"},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := fleetOptions(t)
	loop = loop.WithPlan("dev", o.Plans["dev"].Values)
	c := f.Entries()[0].Config()
	for _, v := range c.Variables() {
		if c.Secret(v.Name).Reveal() != loop.Secret(v.Name).Reveal() {
			t.Errorf("%s differs", v.Name)
		}
	}
	if c.Path() != file || c.String("CLUSTER_NAME") != "edge-1" {
		t.Errorf("%s, %s", c.Path(), c.String("CLUSTER_NAME"))
	}
}

func TestStrongestKey(t *testing.T) {
	f, _ := fleetOf(t, "WORKER_SIZE: large\nclusters: [{name: a, variables: {VSPHERE_WORKER_NUM_CPUS: 8}}, {name: b}]\n")
	keys := []string{"WORKER_SIZE", "SIZE", "VSPHERE_WORKER_NUM_CPUS"}
	if got := f.Entries()[0].Config().Strongest(keys...); got != keys[2] {
		t.Errorf("the line of the file won over the entry: %s", got)
	}
	if got := f.Entries()[1].Config().Strongest(keys...); got != keys[0] {
		t.Errorf("got %q", got)
	}
	if got := f.Entries()[1].Config().Strongest("SIZE"); got != "" {
		t.Errorf("nobody set %q", got)
	}
}

func TestPoolsAndWorkers(t *testing.T) {
	f, _ := fleetOf(t, `defaults: {pools: [{name: p, workers: 4}, {name: q, workers: 0}]}
clusters: [{name: shared}, {name: counted, workers: 7}, {name: own, pools: [{name: r, workers: 1}]}]
`)
	for i, want := range []string{"4 p q", "7", "1 r"} {
		e := f.Entries()[i]
		got := e.Config().String("WORKER_MACHINE_COUNT")
		for _, p := range e.Pools {
			got += " " + p.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", e.Name, got, want)
		}
	}
}

func TestFleetPaths(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.yml": "clusters: [{name: b}]", "a.yaml": "clusters: [{name: a}]", "c.txt": "clusters: [{name: c}]", ".d.yaml": "clusters: [{name: d}]",
		"sub/e.yaml": "clusters: [{name: e}]", "empty.yaml": "# nothing",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := fleetOptions(t, "-", filepath.Join(dir, "sub", "e.yaml"), dir, filepath.Join(dir, "a.yaml"), "-")
	o.Stdin = strings.NewReader("clusters:\n- name: x\n- name: [y]\n")
	f := loadFleet(t, o)
	var names []string
	for _, e := range f.Entries() {
		names = append(names, e.Name)
	}
	if diff := cmp.Diff([]string{"x", "", "e", "a", "b"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(f.Validate().Error(), "stdin:3 (clusters[1].name): name is a list") {
		t.Errorf("got %v", f.Validate())
	}
	for name, path := range map[string]string{"missing": filepath.Join(dir, "none.yaml"), "an empty folder": t.TempDir()} {
		if _, err := config.LoadFleet(fleetOptions(t, path)); uerr.ExitCode(err) != uerr.NotFound || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "config.yaml"), []byte("clusters: [{name: home}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	o = fleetOptions(t)
	o.Home = home
	if e := loadFleet(t, o).Entries(); len(e) != 1 || e[0].Name != "home" {
		t.Errorf("without a path: %v", e)
	}
}

func TestFleetShowsNoSecret(t *testing.T) {
	const hidden = "hunter2"
	f, _ := fleetOf(t, `defaults: {variables: {VSPHERE_PASSWORD: hunter2, TKG_HTTP_PROXY: "ftp://u:hunter2@p"}}
clusters:
- {name: a, variables: {AWS_SECRET_ACCESS_KEY: [hunter2], VSPHERE_SSH_AUTHORIZED_KEY: "-----BEGIN OPENSSH PRIVATE KEY----- hunter2"}}
- {name: b, variables: {AZURE_CLIENT_SECRET: "<encoded:hunter2", AZURE_CLIENT_SECRET: hunter2}}
`)
	var out strings.Builder
	for _, x := range f.Validate() {
		fmt.Fprintln(&out, x.Where, x.Problem, x.Next)
	}
	fmt.Fprintf(&out, "%v %+v %#v", f, f, f.Entries()[0])
	asJSON, err := json.Marshal(f.Entries())
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	if i := strings.Index(out.String(), hidden); i >= 0 {
		t.Errorf("a secret shows: …%s", out.String()[max(0, i-200):i])
	}
	if f.Entries()[0].Config().Secret("VSPHERE_PASSWORD").Reveal() != hidden {
		t.Error("the secret itself did not arrive")
	}
}
