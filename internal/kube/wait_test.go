package kube

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
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

func share(c *Client) *shared {
	s := &shared{kept: stale{}, informers: map[schema.GroupVersionKind]cache.Informer{}}
	c.shared.Store(s)
	return s
}

// TestSharedNeverEndsAWait has a copy that is of before the change: it shows what is waited for, which is not so yet.
func TestSharedNeverEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{now: time.Now}
		s := share(c)
		asked := 0
		err := c.until(t.Context(), nil, func(_ context.Context, from client.Reader) (bool, error) {
			if from == s {
				return true, nil
			}
			asked++
			return asked >= 3, nil
		})
		if err != nil || asked != 4 {
			t.Errorf("%v, after asking the management cluster %d times, want 3 and once more to make sure", err, asked)
		}
	})
}

// TestOutageBehindACopy has a copy that goes on to answer when the management cluster does not.
func TestOutageBehindACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, began := &Client{now: time.Now}, time.Now()
		s := share(c)
		err := c.until(t.Context(), nil, func(_ context.Context, from client.Reader) (bool, error) {
			if from == s {
				return false, nil
			}
			return false, syscall.ECONNREFUSED
		})
		if took := time.Since(began); !errors.Is(err, syscall.ECONNREFUSED) || took < outageLimit || took > 2*outageLimit {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// counted counts what it is asked for.
type counted struct {
	stale
	asked int
}

func (c *counted) GetInformer(context.Context, client.Object, ...cache.InformerGetOption) (cache.Informer, error) {
	c.asked++
	return informed{}, nil
}

func TestInformersAreAskedForOnce(t *testing.T) {
	c := &counted{}
	s := &shared{kept: c, informers: map[schema.GroupVersionKind]cache.Informer{}}
	for range 3 {
		s.has(t.Context(), clusterKind())
		s.has(t.Context(), classKind())
	}
	if c.asked != 2 {
		t.Errorf("asked %d times for the informers of 2 kinds", c.asked)
	}
}
