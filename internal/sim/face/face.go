// Package face is the front of a simulated cloud: a server on loopback that ends TLS for the cloud's hosts. What the cloud
// answers is not its business.
package face

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Face is a server that has a certificate for whichever of its hosts a client names.
type Face struct {
	listener net.Listener
	server   *http.Server
}

// Issue makes the certificate of one host.
type Issue func(host string) (tls.Certificate, error)

// Open starts the server. Clients that name a host which is not the cloud's are refused.
func Open(cloud http.Handler, hosts func(name string) bool, issue Issue) (*Face, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the server
	if err != nil {
		return nil, err
	}
	f := &Face{listener: l, server: &http.Server{
		Handler:           cloud,
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{GetCertificate: onDemand(hosts, issue)},
		ErrorLog:          log.New(io.Discard, "", 0), // clients that look whether the port is open say nothing wrong
	}}
	go f.server.ServeTLS(l, "", "") //nolint:errcheck // ends by Close
	return f, nil
}

// Address is where it listens.
func (f *Face) Address() string { return f.listener.Addr().String() }

// Close ends it, and every connection.
func (f *Face) Close() error { return f.server.Close() }

// onDemand makes a host's certificate when a client first names it.
func onDemand(hosts func(string) bool, issue Issue) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	var mu sync.Mutex
	known := map[string]*tls.Certificate{}
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if !hosts(hello.ServerName) {
			return nil, errors.New("no host of the cloud: " + hello.ServerName)
		}
		mu.Lock()
		defer mu.Unlock()
		if crt := known[hello.ServerName]; crt != nil {
			return crt, nil
		}
		crt, err := issue(hello.ServerName)
		if err != nil {
			return nil, err
		}
		known[hello.ServerName] = &crt
		return &crt, nil
	}
}
