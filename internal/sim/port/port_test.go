package port

import (
	"net"
	"testing"
)

// hold listens as a test's own server does.
func hold(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestWhatSomebodyListensOnIsNotFree(t *testing.T) {
	held := hold(t)
	if got, err := free(held, held); err == nil {
		t.Errorf("%d is free, and somebody listens on it", got)
	}
	for range 20 { // it begins anywhere
		got, err := free(held-1, held)
		if err != nil {
			t.Skipf("port %d is taken too: %v", held-1, err)
		}
		if got != held-1 {
			t.Fatalf("%d, want %d", got, held-1)
		}
	}
}

func TestAFreePortIsNoneThatConnectionsGet(t *testing.T) {
	for range 20 {
		got, err := Free()
		if err != nil || got < lowest || got > highest {
			t.Fatalf("%d (%v), want one from %d to %d", got, err, lowest, highest)
		}
	}
	if given := hold(t); given <= highest {
		t.Errorf("the system gives port %d to a listener that names none", given)
	}
}
