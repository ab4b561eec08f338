package kubetest

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/slipway-sh/slipway/internal/kube"
)

// counting counts the requests that are so.
type counting struct {
	http.RoundTripper
	is    func(*http.Request) bool
	count *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.is(r) {
		c.count.Add(1)
	}
	return c.RoundTripper.RoundTrip(r)
}

// Counting is another client of the same management cluster, and how many of its requests were so.
func Counting(t testing.TB, c *kube.Client, is func(*http.Request) bool) (*kube.Client, *atomic.Int64) {
	t.Helper()
	config, count := c.Config(), &atomic.Int64{}
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper { return counting{inner, is, count} })
	own, err := kube.ForConfig(config)
	must(t, err)
	return own, count
}
