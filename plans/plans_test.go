package plans_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/plans"
)

// home writes plan files into a new home.
func home(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "plans"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, "plans", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBuiltIn(t *testing.T) {
	for name, dir := range map[string]string{"no home": "", "a home without plans": t.TempDir()} {
		all, err := plans.Load(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := map[string][3]int{"dev": {1, 1, 0}, "prod": {3, 3, 3}}
		got := map[string][3]int{}
		for n, p := range all {
			got[n] = [3]int{p.ControlPlane, p.Workers, p.MinWorkers}
			if p.Name != n || p.Description == "" || p.Source != "built in" {
				t.Errorf("%s: %+v", n, p)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestUserPlans(t *testing.T) {
	dir := home(t, map[string]string{
		"edge.yaml": "description: small\ncontrolPlane: 1\nworkers: 6\nminWorkers: 2\nvariables:\n  VSPHERE_NETWORK: \"0123\"\n  WORKER_SIZE: large\n",
		"cluster-template-definition-paving.yaml": "CONTROL_PLANE_MACHINE_COUNT: \"5\"\nWORKER_MACHINE_COUNT: 9\nVSPHERE_FOLDER: 0x1\nVSPHERE_ZONE:\n",
		"dev.yml":   "workers: 2\n",
		"notes.txt": "not a plan",
	})
	all, err := plans.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]plans.Plan{
		"edge": {
			Name: "edge", Description: "small", ControlPlane: 1, Workers: 6, MinWorkers: 2, Source: filepath.Join(dir, "plans", "edge.yaml"),
			Variables: map[string]string{"VSPHERE_NETWORK": "0123", "WORKER_SIZE": "large"},
		},
		"paving": {
			Name: "paving", ControlPlane: 5, Workers: 9, Source: filepath.Join(dir, "plans", "cluster-template-definition-paving.yaml"),
			Variables: map[string]string{"VSPHERE_FOLDER": "0x1"},
		},
		"dev":  {Name: "dev", ControlPlane: 1, Workers: 2, Source: filepath.Join(dir, "plans", "dev.yml"), Variables: map[string]string{}},
		"prod": all["prod"],
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	values := map[string]string{
		"CONTROL_PLANE_MACHINE_COUNT": "1", "WORKER_MACHINE_COUNT": "6", "VSPHERE_NETWORK": "0123", "WORKER_SIZE": "large",
	}
	if diff := cmp.Diff(values, all["edge"].Values()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWrongFilesAreNamedAndTheOthersStay(t *testing.T) {
	cases := map[string]struct{ file, text, line, problem string }{
		"bad YAML":              {"x.yaml", "workers: 1\n a: b\n", ":2", "not valid YAML"},
		"empty":                 {"x.yaml", "# nothing\n", ":1", "is empty"},
		"a list":                {"x.yaml", "- a\n", ":1", "not a list of settings"},
		"a typo":                {"x.yaml", "workers: 1\nworker: 3\n", ":2", "did you mean workers?"},
		"an even count":         {"x.yaml", "controlPlane: 2\n", ":1", "must be odd"},
		"an even count, as TKG": {"x.yaml", "CONTROL_PLANE_MACHINE_COUNT: 4\n", ":1", "must be odd"},
		"no control plane":      {"x.yaml", "controlPlane: 0\n", ":1", "must be odd"},
		"a negative count":      {"x.yaml", "workers: -1\n", ":1", "not a number of machines"},
		"a word":                {"x.yaml", "workers: many\n", ":1", "not a number of machines"},
		"a list of counts":      {"x.yaml", "workers: [1]\n", ":1", "not a number of machines"},
		"too few workers":       {"x.yaml", "workers: 1\nminWorkers: 3\n", ":1", "workers is 1 and minWorkers 3"},
		"variables":             {"x.yaml", "workers: 1\nvariables: 3\n", ":2", "not a map"},
		"a variable":            {"x.yaml", "variables:\n  CNI: [a]\n", ":2", "CNI is a list"},
		"twice":                 {"x.yaml", "workers: 1\nworkers: 2\n", ":2", "set already on line 1"},
		"another name":          {"x.yaml", "name: y\n", ":1", `"y"`},
		"a bad name":            {"X_Y.yaml", "workers: 1\n", ":1", "no name for a plan"},
		"TKG's template":        {"cluster-template-oidc.yaml", "---\napiVersion: cluster.x-k8s.io/v1alpha3\nkind: Cluster\nspec: {}\n", ":2", "Kubernetes objects"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := home(t, map[string]string{tc.file: tc.text, "good.yaml": "workers: 4\n"})
			all, err := plans.Load(dir)
			where := filepath.Join(dir, "plans", tc.file) + tc.line
			if err == nil || !strings.Contains(err.Error(), where) || !strings.Contains(err.Error(), tc.problem) {
				t.Errorf("want %q at %s, got %v", tc.problem, where, err)
			}
			if uerr.ExitCode(err) != uerr.Usage {
				t.Errorf("exit code %v", uerr.ExitCode(err))
			}
			if len(all) != 3 || all["good"].Workers != 4 {
				t.Errorf("plans: %v", all)
			}
		})
	}
	t.Run("one name in two files", func(t *testing.T) {
		_, err := plans.Load(home(t, map[string]string{"a.yaml": "workers: 1\n", "a.yml": "workers: 2\n"}))
		if err == nil || !strings.Contains(err.Error(), "a.yml: the plan a is in") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file in the place of the folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "plans"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if all, err := plans.Load(dir); err == nil || len(all) != 2 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

func TestFind(t *testing.T) {
	all, err := plans.Load("")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := plans.Find(all, "prod", "--plan"); err != nil || p.Name != "prod" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = plans.Find(all, "prd", "--plan")
	if err == nil || !strings.Contains(err.Error(), `--plan: unknown plan "prd"; there are dev, prod (did you mean prod?)`) {
		t.Errorf("got %v", err)
	}
	if _, err = plans.Find(all, "oidc", "--plan"); err == nil || strings.Contains(err.Error(), "mean") {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	prod := plans.Plan{Name: "prod", MinWorkers: 3}
	if f := prod.Check(3, "x"); len(f) != 0 {
		t.Errorf("%v", f)
	}
	f := prod.Check(2, "--worker-machine-count")
	if f.Err() == nil || f[0].Where != "--worker-machine-count" || !strings.Contains(f[0].Problem, "at least 3 workers, not 2") {
		t.Errorf("%+v", f)
	}
}

func TestAPlanLiesBetweenFileAndDefaults(t *testing.T) {
	all, err := plans.Load("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Options{Home: t.TempDir(), Flags: map[string]string{"WORKER_MACHINE_COUNT": "6"}})
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithPlan("prod", all["prod"].Values())
	workers, _ := c.Int("WORKER_MACHINE_COUNT")
	controlPlane, _ := c.Int("CONTROL_PLANE_MACHINE_COUNT")
	if workers != 6 || controlPlane != 3 || c.Origin("CONTROL_PLANE_MACHINE_COUNT").Where != "plan prod" {
		t.Errorf("%d+%d from %s", controlPlane, workers, c.Origin("CONTROL_PLANE_MACHINE_COUNT"))
	}
	if f := c.Validate(""); len(f) != 0 {
		t.Errorf("%+v", f)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("workers: 3\nvariables:\n  CNI: none\n")
	f.Add("CONTROL_PLANE_MACHINE_COUNT: 3\n")
	f.Add("variables: &a\n  ? b\n")
	f.Add("- : [")
	dir := f.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "plans"), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(filepath.Join(dir, "plans", "x.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := plans.Load(dir)
		p, found := all["x"]
		if found == (err != nil) {
			t.Fatalf("found %v and error %v", found, err)
		}
		if found && (p.ControlPlane%2 == 0 || p.ControlPlane < 1 || p.Workers < p.MinWorkers || p.MinWorkers < 0) {
			t.Errorf("a plan that cannot be: %+v", p)
		}
	})
}
