package uerr

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExitCode(t *testing.T) {
	timedOut := &Error{Code: TimedOut, What: "timed out"}
	usage := Finding{Problem: "even"}
	credentials := Finding{Code: Credentials, Problem: "login refused"}
	missing := Finding{Code: NotFound, Problem: "no such template"}
	for name, c := range map[string]struct {
		err  error
		want Code
	}{
		"none":                         {nil, 0},
		"any":                          {errors.New("x"), 1},
		"an error without a code":      {&Error{What: "x"}, 1},
		"its own":                      {timedOut, 5},
		"wrapped":                      {fmt.Errorf("control plane: %w", timedOut), 5},
		"joined":                       {errors.Join(errors.New("x"), timedOut), 5},
		"below one without a code":     {&Error{What: "x", Cause: timedOut}, 1},
		"a finding":                    {Findings{usage}, 2},
		"findings wrapped":             {fmt.Errorf("preflight: %w", Findings{usage}), 2},
		"credentials before all":       {Findings{usage, missing, credentials}, 4},
		"a code before none":           {Findings{usage, missing}, 6},
		"a warning has no code":        {Findings{{Severity: Warning, Code: Credentials}, usage}, 2},
		"findings below an error":      {&Error{Code: Failure, What: "x", Cause: Findings{credentials}}, 4},
		"a context's end says no more": {context.DeadlineExceeded, 1},
		"interrupted":                  {&Error{Code: Cancelled, What: "x"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ExitCode(c.err); got != c.want {
				t.Errorf("exit code %d, want %d", got, c.want)
			}
		})
	}
}

func TestErrorIsOneLine(t *testing.T) {
	cause := errors.New("no such template")
	for want, err := range map[string]*Error{
		"cluster is not ready":                                       {What: "cluster is not ready"},
		"cluster is not ready (Machine default/a)":                   {What: "cluster is not ready", Object: "Machine default/a"},
		"cluster is not ready: no such template":                     {What: "cluster is not ready", Cause: cause},
		"cluster is not ready (Machine default/a): no such template": {What: "cluster is not ready", Object: "Machine default/a", Cause: cause, Next: "not here"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := error(&Error{What: "x", Cause: fmt.Errorf("vCenter: %w", cause)}); !errors.Is(err, cause) {
		t.Error("the cause is not found below")
	}
}

func TestFindings(t *testing.T) {
	warning := Finding{Severity: Warning, Where: "config.yaml:3", Problem: "is not used"}
	refusal := Finding{Where: "--size", Problem: `unknown size "gigantic"`, Next: "small"}
	bare := Finding{Problem: "nothing to do"}
	all := Findings{refusal, warning, bare}
	if got, want := all.Error(), "--size: unknown size \"gigantic\"\nnothing to do"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if diff := cmp.Diff(Findings{warning}, all.Warnings()); diff != "" {
		t.Error(diff)
	}
	var whole Findings
	if err := all.Err(); !errors.As(err, &whole) || len(whole) != 3 {
		t.Errorf("findings with a refusal: %v", err)
	}
	for name, f := range map[string]Findings{"none": nil, "only warnings": {warning}} {
		if err := f.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
