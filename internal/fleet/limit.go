package fleet

import (
	"context"
	"sync"

	"golang.org/x/time/rate"

	"github.com/slipway-sh/slipway/providers"
)

// limits gives each cloud slots of its own, so that one which hangs holds up nobody else's work.
type limits struct {
	perCloud int

	mu      sync.Mutex
	slots   map[string]chan struct{}
	counted map[string]*rate.Limiter
}

func newLimits(perCloud int) *limits {
	return &limits{perCloud: max(perCloud, 1), slots: map[string]chan struct{}{}, counted: map[string]*rate.Limiter{}}
}

// take waits for a slot of a cloud and gives what returns it; the error is that of a context that ended before.
func (l *limits) take(ctx context.Context, cloud string) (func(), error) {
	l.mu.Lock()
	slots := l.slots[cloud]
	if slots == nil {
		slots = make(chan struct{}, l.perCloud)
		l.slots[cloud] = slots
	}
	l.mu.Unlock()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
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
