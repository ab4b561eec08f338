package fleet

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// AKS takes 20 creations of clusters at once, and one a minute from then on (Microsoft's quotas of AKS).
const (
	scarceBurst = 20
	scarceEvery = time.Minute
)

// limits gives each cloud slots of its own, so that one which hangs holds up nobody else's work.
type limits struct {
	perCloud int

	mu     sync.Mutex
	slots  map[string]chan struct{}
	scarce map[string]*rate.Limiter
}

func newLimits(perCloud int) *limits {
	return &limits{perCloud: max(perCloud, 1), slots: map[string]chan struct{}{}, scarce: map[string]*rate.Limiter{}}
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
func (l *limits) creation(ctx context.Context, scarce string) error {
	if scarce == "" {
		return nil
	}
	l.mu.Lock()
	limiter := l.scarce[scarce]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Every(scarceEvery), scarceBurst)
		l.scarce[scarce] = limiter
	}
	l.mu.Unlock()
	return limiter.Wait(ctx)
}
