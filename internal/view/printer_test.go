package view

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func result() Result {
	return Result{
		Columns: append(Columns("NAME", "ROLES"), Column{Name: "PLAN", Wide: true}),
		Rows:    [][]string{{"dev1", "<none>", "dev"}, {"é", "two\nlines", ""}},
		Data:    []map[string]string{{"name": "dev1", "roles": "<none>"}},
		Names:   []string{"cluster/dev1", "cluster/é"},
	}
}

func TestFormats(t *testing.T) {
	tests := map[Format]string{
		TableFormat: " NAME  ROLES\n dev1  <none>\n é     two…\n",
		WideFormat:  " NAME  ROLES   PLAN\n dev1  <none>  dev\n é     two…\n",
		JSONFormat:  "[\n  {\n    \"name\": \"dev1\",\n    \"roles\": \"<none>\"\n  }\n]\n",
		YAMLFormat:  "- name: dev1\n  roles: <none>\n",
		NameFormat:  "cluster/dev1\ncluster/é\n",
	}
	for _, name := range Formats() {
		var out bytes.Buffer
		if err := Print(&out, Format(name), result()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tests[Format(name)], out.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNothingToShow(t *testing.T) {
	for format, want := range map[Format]string{TableFormat: " NAME\n", JSONFormat: "[]\n", NameFormat: "", YAMLFormat: "[]\n"} {
		var out bytes.Buffer
		if err := Print(&out, format, Result{Columns: Columns("NAME"), Data: []string{}}); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", format, out.String(), err)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for text, want := range map[string]Format{"": TableFormat, "json": JSONFormat, "YAML": YAMLFormat} {
		if got, err := ParseFormat(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := ParseFormat("xml"); uerr.ExitCode(err) != uerr.Usage {
		t.Errorf("%v", err)
	}
}

func TestPrintError(t *testing.T) {
	known := &uerr.Error{Code: uerr.TimedOut, What: "cluster is not ready", Object: "Cluster a/b", Cause: errors.New("first\nsecond"), Next: "look"}
	findings := uerr.Findings{
		{Severity: uerr.Warning, Problem: "old"},
		{Where: "-c", Problem: "2 is even", Next: "-c 3"},
		{Where: "config.yaml:3", Problem: "unknown key"},
	}
	tests := map[string]struct {
		err  error
		want string
	}{
		"plain": {errors.New("no luck"), "Error: no luck\n"},
		"known, wrapped": {
			fmt.Errorf("create: %w", known),
			"Error: create: cluster is not ready\n  object: Cluster a/b\n  cause:  first\n          second\n  next:   look\n",
		},
		"findings, refusals first": {
			findings,
			"Error: 2 problems, nothing was touched\n  -c: 2 is even\n      next: -c 3\n  config.yaml:3: unknown key\n  Warning: old\n",
		},
		"joined": {errors.Join(errors.New("one"), known), "Error: one\nError: cluster is not ready\n  object: Cluster a/b\n  cause:  first\n          second\n  next:   look\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			PrintError(&out, ErrorOptions{Format: TableFormat, Code: uerr.Failure}, test.err)
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
	var out bytes.Buffer
	PrintError(&out, ErrorOptions{Format: JSONFormat, Code: uerr.TimedOut}, known)
	want := `{
  "errors": [
    {
      "code": 5,
      "what": "cluster is not ready",
      "object": "Cluster a/b",
      "cause": "first\nsecond",
      "next": "look"
    }
  ]
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAgeAndSize(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 119 * time.Second: "119s", 5 * time.Minute: "5m", 3 * time.Hour: "3h", 41 * day: "41d",
	} {
		if got := Age(d); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 40: "3.0 TiB", 1 << 52: "4096.0 TiB"} {
		if got := Size(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
