package preflight

import (
	"errors"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// CallError is why a call of a cloud did not work, and the variable that is to blame.
type CallError struct {
	userError
	Key string
}

// userError lets CallError embed it: a field named Error would hide the method.
type userError = uerr.Error

// NewCallError blames a variable until more is known.
func NewCallError(key, object string) *CallError {
	return &CallError{Key: key, userError: uerr.Error{Code: uerr.Failure, Object: object}}
}

// Unwrap gives the user error, so that exit codes are found.
func (e *CallError) Unwrap() error { return &e.userError }

// Trouble is a finding for a call that failed: about the variable that is to blame, or about where when none is. What was
// being done may be empty.
func Trouble(c *config.Config, where, doing string, err error) uerr.Findings {
	f := uerr.Finding{Where: where, Problem: err.Error(), Next: "type the same command again"}
	var failed *CallError
	if errors.As(err, &failed) {
		f.Code, f.Where, f.Next, f.Silent = failed.Code, Where(c, failed.Key), failed.Next, failed.Silent
	}
	if doing != "" {
		f.Problem = doing + ": " + f.Problem
	}
	return uerr.Findings{f}
}
