// Package phase runs operations as lists of phases. Each phase is a file, each operation's list is a file (create.go,
// scale.go, delete.go, health_check.go, init.go), and there is no checkpoint: what is left to do is what the phases'
// Check says. Nothing here knows a command line, a terminal or a cloud.
package phase

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Change is one thing that a phase would change.
type Change = kube.Change

// Phase is one step of an operation. Apply must be idempotent: it may have been killed half way the time before.
type Phase interface {
	// Name is what people see: "control plane ready".
	Name() string
	// Check lists what Apply would change, without changing anything; nothing means that the phase is done.
	Check(ctx context.Context) ([]Change, error)
	// Apply makes the changes and returns once they are there; note may be told what it waits for.
	Apply(ctx context.Context, note func(text string)) error
}

// Reporter is told how an operation goes; internal/view prints it. Every phase that is started is ended.
type Reporter interface {
	Start(name string)
	Note(name, text string)
	Done(name string)
	Skip(name, why string)
	Fail(name string)
}

// guard is a phase whose effect lasts until the end of the operation, such as a lock.
type guard interface {
	// Guard gives the context for the phases that follow; it ends when the guard is lost.
	Guard(ctx context.Context) context.Context
	// Release undoes the effect. It is called even when the operation's context has ended.
	Release()
}

// passing is a phase that leaves nothing of its own in the management cluster, so a preview does not list it.
type passing interface{ passing() }

// asking is a phase that only asks and refuses; when it does not refuse, it has done its work.
type asking interface{ asking() }

// rare is a phase that most clusters have no use for: with nothing to do it is not shown.
type rare interface{ rare() }

// Operation is a list of phases, and what to tell a person who stops it half way.
type Operation struct {
	Phases    []Phase
	Meanwhile string // what goes on by itself: "the management cluster goes on building it"
	Resume    string // what to type to go on: "slipway create cluster dev1 -p dev"

	verdict func() error  // the operation's own error once all phases are through; may be nil
	onward  func() string // what to type instead of Resume, once typing the same again would be refused; may be nil, and give ""
}

// Run checks and applies the phases in order. An interrupted or timed out operation returns an error that says what is
// still going on and how to resume it.
func Run(ctx context.Context, r Reporter, op Operation) error {
	for _, p := range op.Phases {
		if g, ok := p.(guard); ok {
			defer g.Release()
		}
		if err := runPhase(ctx, r, p); err != nil {
			return op.explain(ctx, p, err)
		}
		if g, ok := p.(guard); ok {
			ctx = g.Guard(ctx)
		}
	}
	if op.verdict != nil {
		return op.verdict()
	}
	return nil
}

func runPhase(ctx context.Context, r Reporter, p Phase) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := p.Name()
	if _, ok := p.(rare); ok {
		if changes, err := p.Check(ctx); err == nil && len(changes) == 0 {
			return nil
		}
	}
	r.Start(name)
	changes, err := p.Check(ctx)
	if err != nil {
		r.Fail(name)
		return err
	}
	if len(changes) == 0 {
		if _, ok := p.(asking); ok {
			r.Done(name)
		} else {
			r.Skip(name, "already so")
		}
		return nil
	}
	if err := p.Apply(ctx, func(text string) { r.Note(name, text) }); err != nil {
		r.Fail(name)
		return err
	}
	r.Done(name)
	return nil
}

// Plan is the preview of an operation: what every phase would change now. Waits and locks are left out.
func Plan(ctx context.Context, op Operation) ([]Change, error) {
	var out []Change
	for _, p := range op.Phases {
		if _, ok := p.(passing); ok {
			continue
		}
		changes, err := p.Check(ctx)
		if err != nil {
			return nil, op.explain(ctx, p, err)
		}
		out = append(out, changes...)
	}
	return out, nil
}

// explain gives an error the phase it happened in and, when the operation was stopped from outside, what to type next.
func (op Operation) explain(ctx context.Context, p Phase, err error) error {
	var known *uerr.Error
	isKnown := errors.As(err, &known)
	if ctx.Err() == nil {
		if isKnown {
			return err
		}
		var findings uerr.Findings
		if errors.As(err, &findings) {
			return err
		}
		return fmt.Errorf("%s: %w", p.Name(), err)
	}
	if !isKnown {
		errors.As(kube.EndedError(ctx, p.Name(), "", err), &known)
	}
	told := *known
	if told.Code == uerr.Cancelled || told.Code == uerr.TimedOut {
		told.Next = op.next(told.Next)
	}
	return &told
}

func (op Operation) next(fallback string) string {
	if op.onward != nil {
		op.Resume = cmp.Or(op.onward(), op.Resume)
	}
	switch {
	case op.Resume == "":
		return fallback
	case op.Meanwhile == "":
		return "to go on, type: " + op.Resume
	}
	return op.Meanwhile + "; to go on watching, type: " + op.Resume
}
