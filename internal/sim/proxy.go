package sim

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// proxy is the rehearsal's whole internet: an HTTP proxy that knows where each simulated host really listens, and
// refuses and remembers every other. What goes through it is not looked at.
type proxy struct {
	mu      sync.Mutex
	routes  map[string]string // "host:port" -> loopback address
	refused []string
}

func newProxy() *proxy { return &proxy{routes: map[string]string{}} }

// route makes a simulated host known; an empty address forgets it.
func (p *proxy) route(host, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if address == "" {
		delete(p.routes, host)
		return
	}
	p.routes[host] = address
}

// refusals lists the hosts that were asked for and are not simulated.
func (p *proxy) refusals() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.refused)
}

// find gives the address behind a host; the reason says why there is none.
func (p *proxy) find(host string) (address, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if address, ok := p.routes[host]; ok {
		return address, ""
	}
	if !slices.Contains(p.refused, host) {
		p.refused = append(p.refused, host)
	}
	return "", "the rehearsal has no host " + host
}

// ServeHTTP answers CONNECT; there is no plain HTTP in a rehearsal.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if r.Method != http.MethodConnect {
		host = r.URL.Host
	}
	address, reason := p.find(host)
	if r.Method != http.MethodConnect || address == "" {
		http.Error(w, reason, http.StatusForbidden)
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
