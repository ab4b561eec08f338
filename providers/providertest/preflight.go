package providertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

func (s Suite) checkGood(t *testing.T) {
	for name, c := range s.cases() {
		t.Run(name, func(t *testing.T) {
			if err := s.preflight(t, s.request(t, c, nil)).Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

func (s Suite) checkMistakes(t *testing.T) {
	r := s.mistaken(t)
	findings := s.preflight(t, r)
	for _, m := range s.Mistakes {
		place := placeOf(r.Config, m.Variable)
		if !slices.ContainsFunc(findings, func(f uerr.Finding) bool {
			return f.Severity == uerr.Refusal && f.Where == place && strings.Contains(f.Problem, m.Problem)
		}) {
			t.Errorf("nothing at %s says of %s %q in\n%v", place, m.Variable, m.Problem, findings)
		}
	}
	if uerr.ExitCode(findings) != uerr.Usage {
		t.Errorf("exit code %d of mistakes in the configuration", uerr.ExitCode(findings))
	}
}

func (s Suite) checkCredentials(t *testing.T) {
	r := s.request(t, s.Good, s.BadCredentials(t))
	_, values := s.Provider.Values(t.Context(), r)
	_, leftovers := s.Provider.Leftovers(t.Context(), r)
	deletion := s.Provider.DeleteLeftover(t.Context(), r, providers.Leftover{Kind: s.Kind, ID: "none", Name: "none"})
	for name, err := range map[string]error{
		"Preflight": s.preflight(t, r).Err(), "Values": values, "Leftovers": leftovers, "DeleteLeftover": deletion,
	} {
		if uerr.ExitCode(err) != uerr.Credentials {
			t.Errorf("%s: exit code %d of %v", name, uerr.ExitCode(err), err)
		}
		hides(t, r.Config, name, errorTexts(err)...)
	}
}

// mistaken is the good request with all the mistakes in it.
func (s Suite) mistaken(t *testing.T) providers.Request {
	t.Helper()
	settings := map[string]string{}
	for _, m := range s.Mistakes {
		settings[m.Variable] = m.Value
	}
	return s.request(t, s.Good, settings)
}

// preflight runs all checks and looks at what every finding must be, whatever it says.
func (s Suite) preflight(t *testing.T, r providers.Request) uerr.Findings {
	t.Helper()
	findings, err := s.Provider.Preflight(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Problem == "" || f.Next == "" {
			t.Errorf("a finding without problem or remedy: %+v", f)
		}
		if f.Where == "" || f.Severity == uerr.Refusal && !isPlace(r.Config, f.Where) {
			t.Errorf("a finding that points to no line and no variable: %+v", f)
		}
	}
	hides(t, r.Config, "Preflight", errorTexts(findings)...)
	return findings
}

// placeOf is where a finding about a variable must point: to its line, or to its name when it is not set.
func placeOf(c *config.Config, variable string) string {
	if c.IsSet(variable) {
		return c.Origin(variable).Where
	}
	return variable
}

func isPlace(c *config.Config, where string) bool {
	return slices.ContainsFunc(c.Variables(), func(v config.Variable) bool { return where == placeOf(c, v.Name) })
}
