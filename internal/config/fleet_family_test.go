package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFamilyOfAFleet(t *testing.T) {
	const one = "clusters:\n  - name: a\n"
	for name, tc := range map[string]struct {
		files map[string]string
		paths []string
		stdin string
		want  Family
	}{
		"named":            {files: map[string]string{"a.yaml": "fleet: shops\n" + one}, paths: []string{"a.yaml"}, want: Family{Name: "shops", Named: true}},
		"after the file":   {files: map[string]string{"my shops.yaml": one}, paths: []string{"my shops.yaml"}, want: Family{Name: "my-shops"}},
		"after the folder": {files: map[string]string{"shops/b.yaml": one, "shops/a.yaml": "WORKER_MACHINE_COUNT: 3\n"}, paths: []string{"shops"}, want: Family{Name: "shops"}},
		"of the shared": {
			files: map[string]string{"b.yaml": one, "a.yaml": "fleet: shops\nWORKER_MACHINE_COUNT: 3\n"}, paths: []string{"b.yaml", "a.yaml"},
			want: Family{Name: "shops", Named: true},
		},
		"standard input": {paths: []string{"-"}, stdin: one, want: Family{Name: "stdin"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range tc.files {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			paths := make([]string, len(tc.paths))
			for i, path := range tc.paths {
				if paths[i] = path; path != "-" {
					paths[i] = filepath.Join(dir, path)
				}
			}
			fleet, err := LoadFleet(FleetOptions{Options: Options{Tables: []Table{{Provider: "vsphere"}}}, Paths: paths, Stdin: strings.NewReader(tc.stdin)})
			if err != nil {
				t.Fatal(err)
			}
			got := fleet.Entries()[0].Family
			got.Place = Place{}
			if got != tc.want || len(fleet.Families()) != 1 {
				t.Errorf("%+v, want %+v; all are %+v", got, tc.want, fleet.Families())
			}
		})
	}
}

func TestNameOfAFleetIsTheValueOfALabel(t *testing.T) {
	fleet, err := LoadFleet(FleetOptions{Options: Options{Tables: []Table{{Provider: "vsphere"}}}, Paths: []string{"-"}, Stdin: strings.NewReader("fleet: a b\nclusters: []\n")})
	if err != nil {
		t.Fatal(err)
	}
	findings := fleet.Validate()
	if len(findings) != 1 || !strings.HasPrefix(findings[0].Where, "stdin:1") || !strings.Contains(findings[0].Problem, `"a b"`) {
		t.Errorf("%v", findings)
	}
}

func TestFingerprintFollowsWhatIsAskedForAndNoSecret(t *testing.T) {
	tables := []Table{{Provider: "vsphere", Variables: []Variable{{Name: "VSPHERE_PASSWORD", Secret: true}, {Name: "VSPHERE_NETWORK"}}}}
	of := func(text string) *Entry {
		t.Helper()
		fleet, err := LoadFleet(FleetOptions{Options: Options{Tables: tables}, Paths: []string{"-"}, Stdin: strings.NewReader(text), DefaultInfrastructure: "vsphere"})
		if err != nil {
			t.Fatal(err)
		}
		return fleet.Entries()[0]
	}
	const base = "clusters:\n  - name: a\n"
	for text, same := range map[string]bool{
		"# the same\nVSPHERE_PASSWORD: x\n" + base:                       true,
		"VSPHERE_NETWORK: x\n" + base:                                    false,
		base + "    workers: 7\n":                                        false,
		base + "    pools: [{name: p, workers: 1}]\n":                    false,
		base + "    variables: {VSPHERE_PASSWORD: x}\n":                  true,
		base + "    plan: prod\n":                                        false,
		base + "    namespace: other\n":                                  false,
		base + "    protect: true\n    labels: {a: b}\nfleet: another\n": true, // these are on the Cluster itself
	} {
		if got := of(text).Fingerprint() == of(base).Fingerprint(); got != same {
			t.Errorf("%q: the same as without: %v", text, got)
		}
		secrets := func(text, key string) string { return string(of(text).Secrets([]byte(key))) }
		if got := secrets(text, "k") == secrets(base, "k"); got == strings.Contains(text, "PASSWORD") {
			t.Errorf("%q: the same secrets as without: %v", text, got)
		}
		if secrets(text, "k") == secrets(text, "l") {
			t.Errorf("%q: the hash of its secrets does not depend on the key", text)
		}
	}
}

func TestOwnFileHoldsBehindTheFilesOfAFleet(t *testing.T) {
	own := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(own, []byte("WORKER_MACHINE_COUNT: 7\nCONTROL_PLANE_MACHINE_COUNT: 3\nclusters: [{name: not-meant}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := FleetOptions{
		Options: Options{File: own, Tables: []Table{{Provider: "vsphere"}}}, Base: true, Paths: []string{"-"},
		Stdin: strings.NewReader("CONTROL_PLANE_MACHINE_COUNT: 5\nclusters: [{name: a}]\n"),
	}
	fleet, err := LoadFleet(options)
	if err != nil {
		t.Fatal(err)
	}
	if entries := fleet.Entries(); len(entries) != 1 || entries[0].Config().String("WORKER_MACHINE_COUNT") != "7" ||
		entries[0].Config().String("CONTROL_PLANE_MACHINE_COUNT") != "5" {
		t.Errorf("%v", entries)
	}
}
