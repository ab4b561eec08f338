package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/time/rate"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// limits gives each cloud slots of its own, so that one which hangs holds up nobody else's work.
type limits struct {
	perCloud int

	mu      sync.Mutex
	slots   map[string]chan struct{}
	last    map[string]*place
	counted map[string]*rate.Limiter
	silent  map[string]error // of clouds that did not answer
}

func newLimits(perCloud int) *limits {
	return &limits{
		perCloud: max(perCloud, 1), slots: map[string]chan struct{}{}, last: map[string]*place{}, counted: map[string]*rate.Limiter{}, silent: map[string]error{},
	}
}

// place is one in the queue for the slots of a cloud, so that work begins in the order in which people read of it.
type place struct {
	slots  chan struct{}
	before *place // nil at the head of the queue
	gone   chan struct{}
}

func (l *limits) queue(cloud string) *place {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.slots[cloud] == nil {
		l.slots[cloud] = make(chan struct{}, l.perCloud)
	}
	p := &place{slots: l.slots[cloud], before: l.last[cloud], gone: make(chan struct{})}
	l.last[cloud] = p
	return p
}

// take waits for the slot and gives what returns it; the error is that of a context that ended before.
func (p *place) take(ctx context.Context) (func(), error) {
	defer close(p.gone)
	if p.before != nil {
		select {
		case <-p.before.gone:
			p.before = nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// creation waits until a cloud takes another creation.
func (l *limits) creation(ctx context.Context, of providers.Limits) error {
	if of.Burst == 0 {
		return nil
	}
	l.mu.Lock()
	limiter := l.counted[of.Cloud]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Every(of.Every), of.Burst)
		l.counted[of.Cloud] = limiter
	}
	l.mu.Unlock()
	return limiter.Wait(ctx)
}

// ask asks a cloud, for no longer than askedForMost. One that did not answer is not asked again: what was found out about
// it for one cluster is the answer for its others, or they would wait as long one after the other.
func (l *limits) ask(ctx context.Context, cloud string, question func(context.Context) error) error {
	l.mu.Lock()
	known := l.silent[cloud]
	l.mu.Unlock()
	if known != nil {
		return known
	}
	asked, cancel := context.WithTimeout(ctx, askedForMost)
	defer cancel()
	err := question(asked)
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(asked.Err(), context.DeadlineExceeded):
		err = &uerr.Error{
			Code: uerr.Failure, What: fmt.Sprintf("its cloud did not answer within %s", askedForMost), Object: cloud, Cause: err,
			Next: "check that it is up and can be reached from here; then type the same command again",
		}
	case !uerr.Silent(err):
		return err
	}
	l.mu.Lock()
	l.silent[cloud] = err
	l.mu.Unlock()
	return err
}
