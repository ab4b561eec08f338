package kube

import (
	"testing"
	"time"
)

func TestManyWaitsTakeTurns(t *testing.T) {
	c := &Client{}
	for waits, want := range map[int64]time.Duration{0: noteEvery, 1: noteEvery, 50: 10 * time.Second} {
		c.waiting.Store(waits)
		if got := c.pause(noteEvery, noteOfAll); got != want {
			t.Errorf("one of %d waits pauses %s, want %s", waits, got, want)
		}
	}
}
