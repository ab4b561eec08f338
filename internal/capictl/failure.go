package capictl

import (
	"context"
	"errors"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// failure is an error on its way between two processes.
type failure struct {
	Text     string        `json:"text"`
	Error    *told         `json:"error,omitempty"`
	Findings uerr.Findings `json:"findings,omitempty"`
}

// told is uerr.Error with its cause as text.
type told struct {
	Code   uerr.Code `json:"code"`
	What   string    `json:"what"`
	Object string    `json:"object,omitempty"`
	Cause  string    `json:"cause,omitempty"`
	Next   string    `json:"next,omitempty"`
}

func failureOf(err error) *failure {
	f := &failure{Text: err.Error()}
	var known *uerr.Error
	if errors.As(err, &f.Findings) || !errors.As(err, &known) {
		return f
	}
	added, _ := strings.CutSuffix(f.Text, known.Error()) // what wrapping put in front
	if added == f.Text {
		added = ""
	}
	f.Error = &told{Code: known.Code, What: added + known.What, Object: known.Object, Next: known.Next}
	if known.Cause != nil {
		f.Error.Cause = known.Cause.Error()
	}
	return f
}

// err gives the error back. The end of our own context is what a caller looks for behind it.
func (f *failure) err(ctx context.Context) error {
	if len(f.Findings) > 0 {
		return f.Findings
	}
	if f.Error == nil {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), errors.New(f.Text))
		}
		return errors.New(f.Text)
	}
	e := &uerr.Error{Code: f.Error.Code, What: f.Error.What, Object: f.Error.Object, Next: f.Error.Next}
	if f.Error.Cause != "" {
		e.Cause = errors.New(f.Error.Cause)
	}
	if ctx.Err() != nil {
		e.Cause = ended{ctx.Err(), e.Cause}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Code = uerr.TimedOut // it was told to end, and could not know why
	}
	return e
}

// ended is a cause that reads as it was written and is also the end of the context.
type ended struct{ end, cause error }

func (e ended) Error() string {
	if e.cause == nil {
		return e.end.Error()
	}
	return e.cause.Error()
}

func (e ended) Unwrap() error { return e.end }
