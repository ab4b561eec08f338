package preflight

import (
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// TestTimedOut tells a server that lets the time run out from one that is not there.
func TestTimedOut(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	nothing, err := config.Load(config.Options{Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 50 * time.Millisecond}
	for address, want := range map[string]bool{silent.Addr().String(): true, gone.Addr().String(): false} {
		answer, err := client.Get("http://" + address)
		if err == nil {
			_ = answer.Body.Close()
			t.Fatal("an answer")
		}
		if TimedOut(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
		failed := NewCallError("", "cloud")
		failed.Silent = TimedOut(err)
		if findings := Trouble(nothing, "cloud", "log in", failed); uerr.Silent(findings) != want {
			t.Errorf("the finding of %v: %v", err, !want)
		}
	}
	if TimedOut(errors.New("refused")) {
		t.Error("any error is a silence")
	}
}
