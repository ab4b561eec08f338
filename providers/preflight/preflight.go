// Package preflight runs the checks that an adapter makes of its cloud and gathers what they find, all at once. It holds
// what adapters share of that and knows no cloud; what a check asks, and what it keeps for later ones, is the adapter's.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Check is one question. S is what the checks of one request share: a check stores in it what it found, for those that
// need it.
type Check[S any] struct {
	Name  string
	Needs []string     // checks that must have passed, else this one is skipped and named as skipped
	Only  func(S) bool // whether the request wants it at all; nil means always
	Run   func(S, context.Context) uerr.Findings
}

// Run makes the checks in their order and gathers their findings. It ends early, with an error, only when ctx does.
func Run[S any](ctx context.Context, shared S, list []Check[S]) (uerr.Findings, error) {
	var findings uerr.Findings
	blocked := map[string]string{} // check -> the check that stopped it
	for _, c := range list {
		if c.Only != nil && !c.Only(shared) {
			continue
		}
		if cause := blockedBy(c.Needs, blocked); cause != "" {
			blocked[c.Name] = cause
			continue
		}
		found := c.Run(shared, ctx)
		if ctx.Err() != nil {
			return findings, fmt.Errorf("checking the %s: %w", c.Name, context.Cause(ctx))
		}
		findings = append(findings, found...)
		if found.Err() != nil {
			blocked[c.Name] = c.Name
		}
	}
	return append(findings, skipped(list, blocked)...), nil
}

func blockedBy(needs []string, blocked map[string]string) string {
	for _, need := range needs {
		if cause, ok := blocked[need]; ok {
			return cause
		}
	}
	return ""
}

// skipped says, once per failed check, what could not be checked because of it.
func skipped[S any](list []Check[S], blocked map[string]string) uerr.Findings {
	var findings uerr.Findings
	for _, failed := range list {
		var names []string
		for _, c := range list {
			if cause, ok := blocked[c.Name]; ok && cause == failed.Name && c.Name != failed.Name {
				names = append(names, c.Name)
			}
		}
		if names != nil {
			findings = append(findings, uerr.Finding{
				Severity: uerr.Warning, Where: "preflight",
				Problem: fmt.Sprintf("not checked, because the check of the %s did not pass: %s", failed.Name, strings.Join(names, ", ")),
				Next:    "correct what was found and type the same command again",
			})
		}
	}
	return findings
}

// Where is the place that a variable was set at, or its name when nobody set it.
func Where(c *config.Config, key string) string {
	if !c.IsSet(key) {
		return key
	}
	return c.Origin(key).Where
}

// Refuse is one finding about a variable that stops the work.
func Refuse(c *config.Config, key, problem, next string) uerr.Findings {
	return uerr.Findings{{Where: Where(c, key), Problem: problem, Next: next}}
}

// Warn is one finding about a variable that does not stop the work.
func Warn(c *config.Config, key, problem, next string) uerr.Findings {
	return uerr.Findings{{Severity: uerr.Warning, Where: Where(c, key), Problem: problem, Next: next}}
}

// OneOf words a choice for the remedy of a wrong value: at most eight names, sorted.
func OneOf(key string, names []string) string {
	if len(names) == 0 {
		return "set " + key + " to another one"
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	more := ""
	if len(names) > 8 {
		names, more = names[:8], " and others"
	}
	return "set " + key + " to one of: " + strings.Join(names, ", ") + more
}

// TimedOut says of the error of a call that nobody answered in time.
func TimedOut(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}
