package vsphere

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vmware/govmomi/vim25/soap"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// tunnel is an HTTP proxy that passes CONNECT on; it refuses hosts that do not answer, as proxies do.
type tunnel struct {
	*httptest.Server
	passed atomic.Int32
}

func newTunnel(t *testing.T) *tunnel {
	tu := &tunnel{}
	tu.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		far, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.Host)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		tu.passed.Add(1)
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}))
	t.Cleanup(tu.CloseClientConnections)
	t.Cleanup(tu.Close)
	return tu
}

func (tu *tunnel) proxy(*http.Request) (*url.URL, error) { return url.Parse(tu.URL) }

func TestThumbprintIsCheckedDirectlyAndThroughAProxy(t *testing.T) {
	l := newLab(t)
	tu := newTunnel(t)
	sha1, sha256 := soap.ThumbprintSHA1(l.server.Certificate()), soap.ThumbprintSHA256(l.server.Certificate())
	other := strings.Repeat("AB:", 31) + "AB"
	for name, c := range map[string]struct {
		thumbprint, insecure string
		roots                bool
		wantSeen             bool // the error shows the certificate's thumbprint
	}{
		"pin by SHA-1":                       {thumbprint: sha1},
		"pin by SHA-256":                     {thumbprint: sha256},
		"pin in lower case":                  {thumbprint: strings.ToLower(sha256)},
		"another pin":                        {thumbprint: other, wantSeen: true},
		"another pin though the roots agree": {thumbprint: other, roots: true, wantSeen: true},
		"no pin and roots that agree":        {roots: true},
		"no pin and roots that do not":       {wantSeen: true},
		"no pin and no check":                {insecure: "true"},
		"another pin and no check":           {thumbprint: other, insecure: "true"},
	} {
		for _, way := range []string{"directly", "through a proxy"} {
			t.Run(name+" "+way, func(t *testing.T) {
				o := Options{Roots: x509.NewCertPool()}
				if c.roots {
					o.Roots = l.roots()
				}
				before := tu.passed.Load()
				if way != "directly" {
					o.Proxy = tu.proxy
				}
				err := l.login(o, map[string]string{keyThumbprint: c.thumbprint, keyInsecure: c.insecure})
				if c.wantSeen != (err != nil) {
					t.Fatalf("got %v", err)
				}
				var e *preflight.CallError
				if c.wantSeen && (!errors.As(err, &e) || e.Key != keyThumbprint || !strings.Contains(e.Next, sha256)) {
					t.Errorf("the error does not say what to set to what: %v", err)
				}
				if used := tu.passed.Load() > before; used != (way != "directly") {
					t.Errorf("proxy used: %v", used)
				}
			})
		}
	}
}

// login connects and logs out again.
func (l *lab) login(o Options, settings map[string]string) error {
	l.t.Helper()
	target, findings := newTarget(l.request(settings).Config)
	if findings != nil {
		l.t.Fatal(findings)
	}
	conn, err := l.newProvider(o).connect(l.t.Context(), target)
	if err != nil {
		return err
	}
	conn.close(l.t.Context())
	return nil
}

func TestAProxyThatRefusesIsSaidToBeTheTrouble(t *testing.T) {
	l := newLab(t)
	tu := newTunnel(t)
	err := l.login(Options{Proxy: tu.proxy}, map[string]string{keyServer: "127.0.0.1:1"})
	var e *uerr.Error
	if !errors.As(err, &e) || !strings.Contains(e.What, "cannot be reached") || !strings.Contains(e.Next, "HTTPS_PROXY") {
		t.Errorf("got %v", err)
	}
}

// Uploads go to hosts whose certificates vCenter announces; a pin for vCenter must not shut them out, nor let others in.
func TestOtherHostsAreTrustedByTheThumbprintThatVCenterAnnounced(t *testing.T) {
	l := newLab(t)
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "host") }))
	t.Cleanup(host.Close)
	u, _ := url.Parse(host.URL)
	target, _ := newTarget(l.request(nil).Config)
	conn, err := l.newProvider(Options{}).connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.close(context.Background()) })
	get := func() error {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, host.URL, nil)
		res, err := conn.client.Client.Client.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	if err := get(); err == nil {
		t.Fatal("a host that nobody vouches for is trusted")
	}
	conn.client.SetThumbprint(u.Host, strings.Repeat("AB:", 19)+"AB")
	if err := get(); err == nil {
		t.Fatal("a host with another certificate than announced is trusted")
	}
	conn.client.SetThumbprint(u.Host, soap.ThumbprintSHA1(host.Certificate()))
	if err := get(); err != nil {
		t.Errorf("a host with the certificate announced is not trusted: %v", err)
	}
}

// An answer that is not read to its end costs the next call a connection and a handshake.
func TestOneConnectionServesAWholeCommand(t *testing.T) {
	l := newLab(t)
	var dials atomic.Int32
	p := l.newProvider(Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}})
	if _, err := p.Values(t.Context(), l.request(nil)); err != nil {
		t.Fatal(err)
	}
	if got := dials.Load(); got != 1 {
		t.Errorf("%d connections were made, want 1", got)
	}
}

func TestErrorsHoldNoPassword(t *testing.T) {
	l := newLab(t)
	target, _ := newTarget(l.request(nil).Config)
	for _, spelled := range []string{labPassword, url.QueryEscape(labPassword), url.PathEscape(labPassword), "s3cret&amp;&#39;&#34;&lt;+ %"} {
		err := target.explain(t.Context(), errors.New("login with "+spelled+" was refused"))
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q is shown: %v", spelled, err)
		}
	}
}

func TestEndpointIsProbedThroughTheProxy(t *testing.T) {
	l := newLab(t)
	tu := newTunnel(t)
	answering := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(answering.Close)
	lazy, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // accepts, and never shakes hands
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lazy.Close() })
	p := l.newProvider(Options{Proxy: tu.proxy})
	for address, want := range map[string]bool{
		answering.Listener.Addr().String(): true, lazy.Addr().String(): false, "127.0.0.1:1": false,
	} {
		if got := p.answers(t.Context(), address); got != want {
			t.Errorf("%s answers: %v, want %v", address, got, want)
		}
	}
	if !l.newProvider(Options{}).answers(t.Context(), lazy.Addr().String()) {
		t.Error("directly, a connection is an answer")
	}
}

func TestServerURL(t *testing.T) {
	for in, want := range map[string]string{
		"vc.example.org": "https://vc.example.org/sdk", "vc.example.org:8443": "https://vc.example.org:8443/sdk",
		"192.0.2.1": "https://192.0.2.1/sdk", "fd00::1": "https://[fd00::1]/sdk", "https://vc.example.org": "https://vc.example.org/sdk",
	} {
		u, err := serverURL(in)
		if err != nil || u.String() != want {
			t.Errorf("%s: got %v, %v, want %s", in, u, err, want)
		}
	}
}
