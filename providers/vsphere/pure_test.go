package vsphere

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
)

func TestVersionOrder(t *testing.T) {
	ordered := []string{
		"v1.20.5", "v1.20.5+vmware.1", "v1.20.5+vmware.2-tkg.1", "v1.20.5+vmware.2-tkg.2", "v1.20.5+vmware.10", "v1.20.10",
		"v1.36.0-alpha.1", "v1.36.0-rc.0", "v1.36.0-rc.1", "v1.36.0", "v1.36.1", "v2.0.0",
	}
	var versions []version
	for _, text := range ordered {
		v, ok := parseVersion(text)
		if !ok || v.String() != text {
			t.Fatalf("%s: got %s, %v", text, v, ok)
		}
		versions = append(versions, v)
	}
	rand.Shuffle(len(versions), func(i, j int) { versions[i], versions[j] = versions[j], versions[i] })
	slices.SortFunc(versions, version.compare)
	var got []string
	for _, v := range versions {
		got = append(got, v.String())
	}
	if diff := cmp.Diff(ordered, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseVersionRefuses(t *testing.T) {
	for _, text := range []string{"", "v1", "v1.2", "1.2.3.4", "v1.2.x", "latest", "v1.2.3+", "v99999999999999999999.0.0"} {
		if v, ok := parseVersion(text); ok {
			t.Errorf("%q is taken for %s", text, v)
		}
	}
	if v, ok := parseVersion("1.36.3"); !ok || v.String() != "v1.36.3" {
		t.Errorf("a missing v: got %s, %v", v, ok)
	}
}

func TestSatisfies(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"v1.36.3+vmware.1", "v1.36.3"}: true, {"v1.36.3", "v1.36.3"}: true, {"v1.36.3", "v1.36.3+vmware.1"}: false,
		{"v1.36.3+vmware.2", "v1.36.3+vmware.1"}: false, {"v1.36.4", "v1.36.3"}: false, {"v1.36.3-rc.0", "v1.36.3"}: false,
	} {
		have, _ := parseVersion(pair[0])
		asked, _ := parseVersion(pair[1])
		if got := have.satisfies(asked); got != want {
			t.Errorf("%s for %s: got %v", pair[0], pair[1], got)
		}
	}
}

func TestChoose(t *testing.T) {
	at := func(path, text, os string) template {
		v, _ := parseVersion(text)
		return template{path: path, version: v, tagged: true, distro: distro{name: os}}
	}
	all := []template{
		at("/c", "v1.36.3+vmware.9", "ubuntu"), at("/b", "v1.36.3+vmware.10", "ubuntu"), at("/a", "v1.36.3+vmware.10", "ubuntu"),
		at("/p", "v1.36.3+vmware.11", "photon"), at("/n", "v1.37.0", "ubuntu"), at("/rc", "v1.38.0-rc.1", "ubuntu"),
	}
	for name, c := range map[string]struct{ version, os, want string }{
		"the newest build":                       {"v1.36.3", "", "/p"},
		"the newest build of a system":           {"v1.36.3", "ubuntu", "/a"},
		"a build":                                {"v1.36.3+vmware.9", "", "/c"},
		"a build by its first path":              {"v1.36.3+vmware.10", "", "/a"},
		"the newest version, but no pre-release": {"", "", "/n"},
		"a pre-release by name":                  {"v1.38.0-rc.1", "", "/rc"},
		"the newest version of a system":         {"", "photon", "/p"},
		"a version that is not there":            {"v1.35.0", "", ""},
		"a system that is not there":             {"v1.36.3", "windows", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var want *version
			if v, ok := parseVersion(c.version); ok {
				want = &v
			}
			for range 5 { // whatever the order of the inventory
				rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				if got, _ := choose(all, want, distro{name: c.os}); got.path != c.want {
					t.Errorf("got %q, want %q", got.path, c.want)
				}
			}
		})
	}
}

func TestMachineSize(t *testing.T) {
	for name, c := range map[string]struct {
		flags, env map[string]string
		file       string
		want       string // control plane and worker: cpus/MiB/GiB
	}{
		"defaults":                                {want: "2/8192/40 2/4096/40"},
		"small":                                   {env: map[string]string{"SIZE": "small"}, want: "2/4096/20 2/4096/20"},
		"medium":                                  {env: map[string]string{"SIZE": "medium"}, want: "2/8192/40 2/8192/40"},
		"large":                                   {env: map[string]string{"SIZE": "large"}, want: "4/16384/40 4/16384/40"},
		"extra-large":                             {env: map[string]string{"SIZE": "extra-large"}, want: "8/32768/80 8/32768/80"},
		"the role's size wins":                    {env: map[string]string{"SIZE": "small", "CONTROLPLANE_SIZE": "large"}, want: "4/16384/40 2/4096/20"},
		"numbers of all machines":                 {file: "VSPHERE_NUM_CPUS: 6\n", want: "6/8192/40 6/4096/40"},
		"the role's number wins":                  {file: "VSPHERE_NUM_CPUS: 6\nVSPHERE_WORKER_NUM_CPUS: 3\n", want: "6/8192/40 3/4096/40"},
		"a size wins over numbers beside it":      {file: "SIZE: large\nVSPHERE_WORKER_NUM_CPUS: 3\n", want: "4/16384/40 4/16384/40"},
		"a flag wins over numbers of the file":    {flags: map[string]string{"WORKER_SIZE": "small"}, file: "VSPHERE_WORKER_NUM_CPUS: 3\nVSPHERE_NUM_CPUS: 9\n", want: "9/8192/40 2/4096/20"},
		"a number of the environment wins":        {env: map[string]string{"VSPHERE_WORKER_MEM_MIB": "9000"}, file: "SIZE: small\n", want: "2/4096/20 2/9000/20"},
		"a flag for all wins over the file's one": {flags: map[string]string{"SIZE": "large"}, file: "WORKER_SIZE: small\n", want: "4/16384/40 4/16384/40"},
	} {
		t.Run(name, func(t *testing.T) {
			o := config.Options{Flags: c.flags, Environ: environ(c.env)}
			if c.file != "" {
				o.File = writeFile(t, "config.yaml", c.file)
			}
			cfg := load(t, o)
			controlPlane, findings := machineSize(cfg, controlPlaneRole())
			worker, more := machineSize(cfg, workerRole())
			if findings != nil || more != nil {
				t.Fatal(findings, more)
			}
			text := func(s size) string { return fmt.Sprintf("%d/%d/%d", s.NumCPUs, s.MemoryMiB, s.DiskGiB) }
			if got := text(controlPlane) + " " + text(worker); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNormalThumbprint(t *testing.T) {
	for in, want := range map[string]string{"": "", "aabbcc": "AA:BB:CC", "AA:BB:CC": "AA:BB:CC", "aa bb cc": "AA:BB:CC", "aa-bb": "AA:BB"} {
		if got := normalThumbprint(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, seed := range []string{"v1.36.3", "1.20.5+vmware.2-tkg.1", "v1.0.0-rc.1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := parseVersion(text)
		if !ok {
			return
		}
		again, ok := parseVersion(v.String())
		if !ok || again != v || v.compare(again) != 0 {
			t.Errorf("%q became %s and then %s", text, v, again)
		}
	})
}
