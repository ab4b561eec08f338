package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

const twoRegions = `# mine
VSPHERE_SERVER: vc # keep
tkg:
    # the clusters
    regions:
      - name: one # first
        context: one-admin@one
        extra: "kept"
        file: /k/one
        status: Success
        isCurrentContext: true

      # about two
      - name: two
        context: 'two-admin@two'
        file: /k/two
        status: Failed
        isCurrentContext: false
    other: [x]
    current-region-context: one-admin@one # now

# after
CNI: none
`

func three(current bool) config.Region {
	return config.Region{Name: "three", Context: "three-admin@three", File: "/k/3", Status: "Success", IsCurrent: current}
}

func TestRegionEdits(t *testing.T) {
	const one = "tkg:\n  regions:\n  - name: three\n    context: three-admin@three\n    file: /k/3\n    status: Success\n"
	const current = one + "    isCurrentContext: true\n  current-region-context: three-admin@three\n"
	add := func(current bool) func(*config.Document) error {
		return func(d *config.Document) error { return d.AddRegion(three(current)) }
	}
	type swap = [2]string // old and new, each once
	from := func(text string, swaps ...swap) string {
		for _, s := range swaps {
			if strings.Count(text, s[0]) != 1 {
				t.Fatalf("%q is not there once", s[0])
			}
			text = strings.Replace(text, s[0], s[1], 1)
		}
		return text
	}
	cases := map[string]struct {
		before string
		edit   func(*config.Document) error
		after  string
	}{
		"first of a new file": {"", add(true), current},
		"first, not current":  {"CNI: none", add(false), "CNI: none\n" + one},
		"below an empty tkg":  {"tkg:\nCNI: none\n", add(true), current + "CNI: none\n"},
		"below null":          {"tkg: null # c\nCNI: none\n", add(false), "tkg: # c\n" + one[5:] + "CNI: none\n"},
		"below {}":            {"tkg: {}\nCNI: none\n", add(true), current + "CNI: none\n"},
		"below empty regions": {"tkg:\n  regions:\n", add(true), current},
		"below []":            {"tkg:\n  regions: [] # none\n  x: 1\nCNI: none\n", add(false), "tkg:\n  regions: # none\n" + one[16:] + "  x: 1\nCNI: none\n"},
		"in brackets": {"A: 1\ntkg: {regions: [{name: x, context: c}], current-region-context: c}\nB: 2\n", add(false),
			"A: 1\ntkg:\n  regions:\n    - name: x\n      context: c\n    - name: three\n      context: three-admin@three\n      file: /k/3\n      status: Success\n  current-region-context: c\nB: 2\n"},
		"third": {twoRegions, add(false), from(twoRegions, swap{"isCurrentContext: false\n",
			"isCurrentContext: false\n      - name: three\n        context: three-admin@three\n        file: /k/3\n        status: Success\n"})},
		"another current": {twoRegions, func(d *config.Document) error { return d.SetCurrent("two", "") }, from(twoRegions,
			swap{"isCurrentContext: true", "isCurrentContext: FALSE"}, swap{"isCurrentContext: false", "isCurrentContext: true"}, swap{"FALSE", "false"},
			swap{"current-region-context: one-admin@one # now", "current-region-context: two-admin@two # now"})},
		"overwrite": {twoRegions, func(d *config.Document) error {
			return d.SetRegion(config.Region{Name: "one", Context: "one-admin@one", File: "/new", Status: "Failed"})
		}, from(twoRegions, swap{"/k/one", "/new"}, swap{"status: Success", "status: Failed"})},
		"overwrite the context of the current": {twoRegions, func(d *config.Document) error {
			return d.SetRegion(config.Region{Name: "one", Context: "x@one", File: "/k/one", Status: "Success"})
		}, strings.ReplaceAll(twoRegions, "one-admin@one", "x@one")},
		"remove the second": {twoRegions, func(d *config.Document) error { return d.RemoveRegion("two") }, from(twoRegions,
			swap{"      - name: two\n        context: 'two-admin@two'\n        file: /k/two\n        status: Failed\n        isCurrentContext: false\n", ""})},
		"remove the current": {twoRegions, func(d *config.Document) error { return d.RemoveRegion("one") }, from(twoRegions,
			swap{"      - name: one # first\n        context: one-admin@one\n        extra: \"kept\"\n        file: /k/one\n        status: Success\n        isCurrentContext: true\n", ""},
			swap{"current-region-context: one-admin@one # now", "current-region-context: \"\" # now"})},
		"remove the last": {current + "CNI: none\n", func(d *config.Document) error { return d.RemoveRegion("three") },
			"tkg:\n  regions:\n  current-region-context: \"\"\nCNI: none\n"},
		"remove none":                    {twoRegions, func(d *config.Document) error { return d.RemoveRegion("nine") }, twoRegions},
		"remove from a file without tkg": {"CNI: none\n", func(d *config.Document) error { return d.RemoveRegion("nine") }, "CNI: none\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.after, edited(t, tc.before, tc.edit)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRegionErrors(t *testing.T) {
	cases := map[string]struct {
		before string
		edit   func(*config.Document) error
		code   uerr.Code
	}{
		"a name that is taken": {twoRegions, func(d *config.Document) error { return d.AddRegion(config.Region{Name: "one"}) }, uerr.Usage},
		"an unknown name":      {twoRegions, func(d *config.Document) error { return d.SetCurrent("on", "") }, uerr.NotFound},
		"an unknown context":   {twoRegions, func(d *config.Document) error { return d.SetCurrent("one", "x") }, uerr.NotFound},
		"regions is a text":    {"tkg:\n  regions: x\n", func(d *config.Document) error { return d.AddRegion(three(true)) }, uerr.Failure},
		"tkg is a text":        {"tkg: x\n", func(d *config.Document) error { return d.AddRegion(three(true)) }, uerr.Failure},
		"an anchor":            {"tkg: &a\n  regions:\n  - name: one\nB: *a\n", func(d *config.Document) error { return d.AddRegion(three(true)) }, uerr.Failure},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := write(t, tc.before)
			err := config.Edit(t.Context(), file, tc.edit)
			if err == nil || uerr.ExitCode(err) != tc.code {
				t.Errorf("code %v of %v, want %v", uerr.ExitCode(err), err, tc.code)
			}
			if after, _ := os.ReadFile(file); string(after) != tc.before {
				t.Errorf("the file was changed:\n%s", after)
			}
		})
	}
}

func TestRegionsAreRead(t *testing.T) {
	want := []config.Region{
		{Name: "one", Context: "one-admin@one", File: "/k/one", Status: "Success", IsCurrent: true},
		{Name: "two", Context: "two-admin@two", File: "/k/two", Status: "Failed"},
	}
	if diff := cmp.Diff(want, load(t, twoRegions).Regions()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// TKG left isCurrentContext as it was and went by current-region-context.
	moved := strings.Replace(twoRegions, "context: one-admin@one # now", "context: two-admin@two", 1)
	if got := load(t, moved).Regions(); got[0].IsCurrent || !got[1].IsCurrent {
		t.Errorf("%+v", got)
	}
	if got := load(t, "tkg: x\n").Regions(); got != nil {
		t.Errorf("%+v", got)
	}
}
