package preflight

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// trail is what checks share in this test: the names of those that ran.
type trail struct{ ran []string }

func passing(name string, needs ...string) Check[*trail] {
	return Check[*trail]{Name: name, Needs: needs, Run: func(t *trail, _ context.Context) uerr.Findings {
		t.ran = append(t.ran, name)
		return nil
	}}
}

func failing(name string, needs ...string) Check[*trail] {
	return Check[*trail]{Name: name, Needs: needs, Run: func(t *trail, _ context.Context) uerr.Findings {
		t.ran = append(t.ran, name)
		return uerr.Findings{{Where: name, Problem: "wrong"}}
	}}
}

func TestRunSkipsWhatNeedsAFailedCheckAndSaysSo(t *testing.T) {
	shared := &trail{}
	unwanted := passing("unwanted")
	unwanted.Only = func(*trail) bool { return false }
	findings, err := Run(t.Context(), shared, []Check[*trail]{
		failing("login"), passing("network", "login"), passing("subnet", "network"), unwanted, passing("key"), failing("size"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"login", "key", "size"}, shared.ran); diff != "" {
		t.Errorf("checks that ran (-want +got):\n%s", diff)
	}
	if len(findings) != 3 || findings[0].Where != "login" || findings[1].Where != "size" {
		t.Fatalf("findings %v", findings)
	}
	last := findings[2]
	if last.Severity != uerr.Warning || !strings.Contains(last.Problem, "login did not pass: network, subnet") {
		t.Errorf("what was skipped: %v", last)
	}
}

func TestAWarningStopsNothing(t *testing.T) {
	shared := &trail{}
	warns := Check[*trail]{Name: "quota", Run: func(*trail, context.Context) uerr.Findings {
		return uerr.Findings{{Severity: uerr.Warning, Where: "quota", Problem: "close"}}
	}}
	findings, err := Run(t.Context(), shared, []Check[*trail]{warns, passing("next", "quota")})
	if err != nil || len(findings) != 1 || len(shared.ran) != 1 {
		t.Errorf("findings %v, ran %v, %v", findings, shared.ran, err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	stops := Check[*trail]{Name: "slow", Run: func(*trail, context.Context) uerr.Findings { cancel(enough); return nil }}
	shared := &trail{}
	if _, err := Run(ctx, shared, []Check[*trail]{stops, passing("next")}); !errors.Is(err, enough) || len(shared.ran) != 0 {
		t.Errorf("error %v, ran %v", err, shared.ran)
	}
}

func TestOneOf(t *testing.T) {
	for want, names := range map[string][]string{
		"set KEY to another one":                               nil,
		"set KEY to one of: a, b":                              {"b", "a", "b"},
		"set KEY to one of: 1, 2, 3, 4, 5, 6, 7, 8 and others": {"9", "8", "7", "6", "5", "4", "3", "2", "1"},
	} {
		if got := OneOf("KEY", names); got != want {
			t.Errorf("OneOf(%v) = %q, want %q", names, got, want)
		}
	}
}

func TestHasPassword(t *testing.T) {
	for address, want := range map[string]bool{
		"http://proxy:3128": false, "http://me@proxy:3128": false, "http://me:secret@proxy:3128": true, "http://%zz": true,
	} {
		if got := HasPassword(address); got != want {
			t.Errorf("HasPassword(%q) = %v", address, got)
		}
	}
}
