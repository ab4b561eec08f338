package kube

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestManyWaitsTakeTurns(t *testing.T) {
	c := &Client{}
	for waits, want := range map[int64]time.Duration{0: noteEvery, 1: noteEvery, 50: 10 * time.Second} {
		c.waiting.Store(waits)
		if got := c.pause(t.Context(), noteEvery, noteOfAll); got != want {
			t.Errorf("one of %d waits pauses %s, want %s", waits, got, want)
		}
	}
}

// stale is a copy of everything that is up to date by its own word.
type stale struct{ cache.Cache }

func (stale) GetInformer(context.Context, client.Object, ...cache.InformerGetOption) (cache.Informer, error) {
	return informed{}, nil
}

type informed struct{ cache.Informer }

func (informed) HasSynced() bool { return true }

// TestSharedNeverEndsAWait has a copy that is of before the change: it shows what is waited for, which is not so yet.
func TestSharedNeverEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := &Client{now: time.Now}, &shared{kept: stale{}}
		c.shared.Store(s)
		asked := 0
		err := c.until(t.Context(), nil, func(_ context.Context, from client.Reader) (bool, error) {
			if from == s {
				return true, nil
			}
			asked++
			return asked == 3, nil
		})
		if err != nil || asked != 3 {
			t.Errorf("%v, after asking the management cluster %d times, want 3", err, asked)
		}
	})
}
