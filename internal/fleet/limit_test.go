package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/providers"
)

func TestACloudTakesOnlySoManyCreations(t *testing.T) {
	l := newLimits(1)
	scarce := providers.Limits{Cloud: "aks one", Burst: 2, Every: time.Hour}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for n := range 2 {
		if err := l.creation(ctx, scarce); err != nil {
			t.Fatalf("creation %d: %v", n+1, err)
		}
	}
	if err := l.creation(ctx, scarce); err == nil {
		t.Error("a third creation was let through, which would have to wait for longer than there is time")
	}
	other := providers.Limits{Cloud: "aks two", Burst: 1, Every: time.Hour}
	if err := l.creation(ctx, other); err != nil {
		t.Errorf("another cloud has to wait, too: %v", err)
	}
	for range 100 {
		if err := l.creation(ctx, providers.Limits{Cloud: "vcenter"}); err != nil {
			t.Fatalf("a cloud that is not counted: %v", err)
		}
	}
}

func TestEachCloudHasSlotsOfItsOwn(t *testing.T) {
	l := newLimits(1)
	give, err := l.queue("hangs").take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.queue("answers").take(t.Context()); err != nil {
		t.Errorf("the slot of another cloud: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.queue("hangs").take(ended); err == nil {
		t.Error("the only slot was given twice")
	}
	give()
	if _, err := l.queue("hangs").take(t.Context()); err != nil {
		t.Errorf("the slot that was given back: %v", err)
	}
}

// TestWorkBeginsInItsOrder has goroutines ask in the opposite order to that in which they were queued.
func TestWorkBeginsInItsOrder(t *testing.T) {
	l := newLimits(1)
	var queued []*place
	for range 50 {
		queued = append(queued, l.queue("one"))
	}
	order := make(chan int, len(queued))
	for n := len(queued) - 1; n >= 0; n-- {
		go func() {
			give, err := queued[n].take(t.Context())
			order <- n
			if err == nil {
				give()
			}
		}()
	}
	for want := range queued {
		if got := <-order; got != want {
			t.Fatalf("%d begins when it is the turn of %d", got, want)
		}
	}
}
