package vsphere

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/vmware/govmomi/vim25/soap"
)

// trust decides which certificates are accepted.
//
// govmomi compares thumbprints in a dial function of its own, which net/http does not call for a connection through a
// proxy, and only after the system's roots refused the certificate. Here a thumbprint is a pin: it is compared on every
// handshake, whichever way the connection goes.
type trust struct {
	thumbprint string
	insecure   bool
	roots      *x509.CertPool

	mu   sync.Mutex
	seen string // SHA-256 thumbprint of vCenter's certificate
}

// thumbprintError is a certificate that is not the pinned one.
type thumbprintError struct{ seen string }

func (e *thumbprintError) Error() string {
	return fmt.Sprintf("the server's certificate has the thumbprint %s", e.seen)
}

// apply replaces the transports of a client. Hosts that vCenter sends uploads to have certificates of their own, which
// vCenter announces; they get a transport each.
func (t *trust) apply(c *soap.Client, o Options) {
	main := c.DefaultTransport()
	main.Proxy, main.DialContext, main.DialTLSContext = o.Proxy, o.Dial, nil
	main.TLSClientConfig = &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: t.roots,
		InsecureSkipVerify: t.insecure || t.thumbprint != "", //nolint:gosec // a pin replaces the roots, in verify
		VerifyConnection:   t.verify,
	}
	c.Transport = &transports{trust: t, client: c, main: main, vcenter: c.URL().Host, others: map[string]*http.Transport{}}
}

// verify is called after the roots were consulted, if they are.
func (t *trust) verify(state tls.ConnectionState) error {
	leaf := state.PeerCertificates[0]
	t.mu.Lock()
	t.seen = soap.ThumbprintSHA256(leaf)
	t.mu.Unlock()
	if t.insecure || t.thumbprint == "" || matches(t.thumbprint, leaf) {
		return nil
	}
	return &thumbprintError{seen: soap.ThumbprintSHA256(leaf)}
}

// lastSeen is the SHA-256 thumbprint of the certificate that vCenter showed and that was accepted.
func (t *trust) lastSeen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

func matches(thumbprint string, cert *x509.Certificate) bool {
	return thumbprint == soap.ThumbprintSHA256(cert) || thumbprint == soap.ThumbprintSHA1(cert)
}

// transports sends requests for vCenter over one transport and those for each other host over one of its own.
type transports struct {
	trust   *trust
	client  *soap.Client
	main    *http.Transport
	vcenter string

	mu     sync.Mutex
	others map[string]*http.Transport
}

// RoundTrip picks the transport by host.
func (t *transports) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == t.vcenter {
		res, err := t.main.RoundTrip(req)
		if err == nil {
			res.Body = readToEnd{res.Body}
		}
		return res, err
	}
	return t.other(req.URL.Host, req.URL.Hostname()).RoundTrip(req)
}

// readToEnd is the body of an answer that is read to its end when it is closed. govmomi stops reading behind the
// envelope, and net/http drops a connection whose answer was not read whole: the next call then costs a handshake.
type readToEnd struct{ io.ReadCloser }

// restOfBody bounds what is read: dropping the connection is cheaper than a long rest.
const restOfBody = 16 << 10

func (b readToEnd) Close() error {
	_, _ = io.CopyN(io.Discard, b.ReadCloser, restOfBody) // what cannot be read costs a connection, as before
	return b.ReadCloser.Close()
}

// CloseIdleConnections lets http.Client close all of them.
func (t *transports) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.main.CloseIdleConnections()
	for _, other := range t.others {
		other.CloseIdleConnections()
	}
}

func (t *transports) other(host, name string) *http.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	if found, ok := t.others[host]; ok {
		return found
	}
	made := t.main.Clone()
	made.TLSClientConfig = &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: name,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection decides
		VerifyConnection: func(state tls.ConnectionState) error {
			return t.trust.verifyOther(state, t.client.Thumbprint(host), name)
		},
	}
	t.others[host] = made
	return made
}

// verifyOther accepts the certificate that vCenter announced for a host, or one that the roots vouch for.
func (t *trust) verifyOther(state tls.ConnectionState, announced, name string) error {
	leaf := state.PeerCertificates[0]
	if t.insecure || announced != "" && matches(normalThumbprint(announced), leaf) {
		return nil
	}
	between := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: t.roots, Intermediates: between, DNSName: name})
	return err
}
