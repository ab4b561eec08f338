package sim

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"sigs.k8s.io/cluster-api/util/certs"
)

// front is the face of a cluster's API server: it answers with a certificate for the endpoint that machines and clients
// use, which the in-memory API server cannot, and takes clients that show a certificate of the cluster's CA.
type front struct {
	listener net.Listener
	server   *http.Server
}

func newFront(host, backend string, ca *x509.Certificate, key *rsa.PrivateKey) (*front, error) {
	config := &certs.Config{
		CommonName: "kube-apiserver",
		AltNames:   certs.AltNames{DNSNames: []string{"kubernetes", "kubernetes.default.svc", "localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}},
		Usages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		config.AltNames.IPs = append(config.AltNames.IPs, ip)
	} else {
		config.AltNames.DNSNames = append(config.AltNames.DNSNames, host)
	}
	own, err := certs.NewPrivateKey()
	if err != nil {
		return nil, err
	}
	crt, err := config.NewSignedCert(own, ca, key)
	if err != nil {
		return nil, err
	}
	clients := x509.NewCertPool()
	clients.AddCert(ca)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the server
	if err != nil {
		return nil, err
	}
	f := &front{listener: listener, server: &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler:           toBackend(backend),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{crt.Raw}, PrivateKey: own}},
			ClientAuth:   tls.VerifyClientCertIfGiven, // the health check of the endpoint shows none
			ClientCAs:    clients,
		},
		ErrorLog: log.New(io.Discard, "", 0), // clients that look whether the port is open say nothing wrong
	}}
	go f.server.ServeTLS(listener, "", "") //nolint:errcheck // ends by close
	return f, nil
}

// toBackend passes requests on under the name by which the in-memory API server tells its clusters apart; watches are
// flushed at once, and upgraded connections, such as port-forwards to etcd, are copied both ways.
func toBackend(backend string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: backend})
			r.Out.Host = backend
		},
		FlushInterval: -1,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it is in this process
		},
	}
}

func (f *front) address() string { return f.listener.Addr().String() }

func (f *front) close() error { return f.server.Close() }
