package sim

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// proxy is the rehearsal's whole internet: an HTTP proxy that knows where each simulated host really listens, and
// refuses and remembers every other. What goes through it is not looked at.
type proxy struct {
	mu      sync.Mutex
	routes  map[string]route // by "host:port", or "*.suffix:port"
	refused []string
}

// route gives the loopback address behind a host; it may have to start what listens there.
type route func() (address string, err error)

func newProxy() *proxy { return &proxy{routes: map[string]route{}} }

// route makes a simulated host known, or all hosts of a "*.suffix"; a nil route forgets it.
func (p *proxy) route(host string, to route) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to == nil {
		delete(p.routes, host)
		return
	}
	p.routes[host] = to
}

// fixed is a route to what listens already.
func fixed(address string) route { return func() (string, error) { return address, nil } }

// refusals lists the hosts that were asked for and are not simulated.
func (p *proxy) refusals() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.refused)
}

// find gives the route to a host; there is none to a host that is not simulated.
func (p *proxy) find(host string) route {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to, ok := p.routes[host]; ok {
		return to
	}
	for pattern, to := range p.routes {
		if suffix, ok := strings.CutPrefix(pattern, "*"); ok && strings.HasSuffix(host, suffix) {
			return to
		}
	}
	if !slices.Contains(p.refused, host) {
		p.refused = append(p.refused, host)
	}
	return nil
}

// ServeHTTP answers CONNECT; there is no plain HTTP in a rehearsal.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if r.Method != http.MethodConnect {
		host = r.URL.Host
	}
	to := p.find(host)
	if r.Method != http.MethodConnect || to == nil {
		http.Error(w, "the rehearsal has no host "+host, http.StatusForbidden)
		return
	}
	address, err := to()
	if err != nil {
		log.Print(err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	far, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(r.Context(), "tcp", address)
	if err != nil {
		http.Error(w, host+" does not answer", http.StatusBadGateway)
		return
	}
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_, _ = near.Close(), far.Close()
		return
	}
	tunnel(near, far, buffered)
}

// tunnel copies both ways until one side ends.
func tunnel(near, far net.Conn, buffered io.Reader) {
	ctx, cancel := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
	go func() {
		defer cancel()
		_, _ = io.Copy(far, buffered)
	}()
	defer cancel()
	_, _ = io.Copy(near, far)
}
