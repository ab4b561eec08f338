package providertest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/providers"
)

// patience bounds a call whose context has ended; only a call that hangs takes so long.
const patience = 2 * time.Minute

// countdown is a context that ends when it has been looked at so many times: in the same place of the work each time.
type countdown struct {
	context.Context
	left   atomic.Int64
	cancel func()
}

func (c *countdown) tick() {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
}

// Done counts.
func (c *countdown) Done() <-chan struct{} {
	c.tick()
	return c.Context.Done()
}

// Err counts.
func (c *countdown) Err() error {
	c.tick()
	return c.Context.Err()
}

// checkCancelled ends every call before it begins, and those that ask much also on their way.
func (s Suite) checkCancelled(t *testing.T) {
	r := s.request(t, s.Good, nil)
	for name, call := range map[string]func(context.Context) error{
		"Preflight": func(ctx context.Context) error { return s.preflightUntil(ctx, t, r) },
		"Values":    func(ctx context.Context) error { return second(s.Provider.Values(ctx, r)) },
		"Leftovers": func(ctx context.Context) error { return second(s.Provider.Leftovers(ctx, r)) },
		"DeleteLeftover": func(ctx context.Context) error {
			return s.Provider.DeleteLeftover(ctx, r, providers.Leftover{Kind: s.Kind, ID: "none", Name: "none"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			for looks := int64(1); looks > 0; looks *= 2 {
				if !endsAfter(t, looks, call) {
					break
				}
			}
		})
	}
}

// endsAfter says whether the call looked at its context so many times at all.
func endsAfter(t *testing.T, looks int64, call func(context.Context) error) bool {
	t.Helper()
	why := errors.New("somebody pressed Ctrl-C")
	inner, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	ctx := &countdown{Context: inner, cancel: func() { cancel(why) }}
	ctx.left.Store(looks)
	done := make(chan error, 1)
	if looks == 1 {
		ctx.tick()
	}
	go func() { done <- call(ctx) }()
	select {
	case err := <-done:
		if err == nil && looks == 1 {
			t.Error("no error, and the context had ended before the call")
		}
		if err != nil && !errors.Is(err, why) && !errors.Is(err, context.Canceled) {
			t.Errorf("ended after %d looks at the context: %v", looks, err)
		}
	case <-time.After(patience):
		t.Fatalf("still at work %s after its context ended, at look %d", patience, looks)
	}
	return inner.Err() != nil
}

// preflightUntil wants no refusal: the request is good, so that only the end of the context can be taken for one.
func (s Suite) preflightUntil(ctx context.Context, t *testing.T, r providers.Request) error {
	findings, err := s.Provider.Preflight(ctx, r)
	if findings.Err() != nil {
		t.Errorf("the end of the context became a finding: %v", findings)
	}
	return err
}

func second[T any](_ T, err error) error { return err }
