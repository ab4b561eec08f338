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
		if got := c.pause(t.Context(), nil, noteEvery, noteOfAll); got != want {
			t.Errorf("one of %d waits pauses %s, want %s", waits, got, want)
		}
	}
}

// stale is a copy of everything that is up to date by its own word.
type stale struct {
	cache.Cache
	asked int // for informers
}

func (s *stale) GetInformer(context.Context, client.Object, ...cache.InformerGetOption) (cache.Informer, error) {
	s.asked++
	return informed{}, nil
}

type informed struct{ cache.Informer }

func (informed) HasSynced() bool { return true }

func share(c *Client) *shared {
	s := &shared{kept: &stale{}, informers: map[schema.GroupVersionKind]cache.Informer{}}
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

func TestInformersAreAskedForOnce(t *testing.T) {
	s := share(&Client{})
	for range 3 {
		s.has(t.Context(), clusterKind())
		s.has(t.Context(), classKind())
	}
	if asked := s.kept.(*stale).asked; asked != 2 {
		t.Errorf("asked %d times for the informers of 2 kinds", asked)
	}
}

// TestCopyIsOfItsNamespaces looks for what is outside of the copy, such as a definition, without a copy of all of that kind.
func TestCopyIsOfItsNamespaces(t *testing.T) {
	c := &Client{}
	s := share(c)
	s.namespaces = []string{"a"}
	for _, outside := range []string{"", "b"} {
		if from, _ := c.readers(t.Context(), []target{{gvk: clusterKind(), namespace: outside}}); from == s {
			t.Errorf("the copy is looked at for what is in namespace %q", outside)
		}
	}
	if asked := s.kept.(*stale).asked; asked > 0 {
		t.Errorf("%d kinds outside of the copy are kept", asked)
	}
	if from, _ := c.readers(t.Context(), []target{{gvk: clusterKind(), namespace: "a"}}); from != s {
		t.Error("the copy is not looked at for what is in it")
	}
}
