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
	give, err := l.take(t.Context(), "hangs")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.take(t.Context(), "answers"); err != nil {
		t.Errorf("the slot of another cloud: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.take(ended, "hangs"); err == nil {
		t.Error("the only slot was given twice")
	}
	give()
	if _, err := l.take(t.Context(), "hangs"); err != nil {
		t.Errorf("the slot that was given back: %v", err)
	}
}
