// Package facetest is for tests of what stands behind a face: it issues certificates and reaches the cloud's hosts.
package facetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/face"
)

// SelfSigned issues certificates that vouch for themselves, each of which it puts into roots.
func SelfSigned(roots *x509.CertPool) face.Issue {
	return func(host string) (tls.Certificate, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return tls.Certificate{}, err
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return tls.Certificate{}, err
		}
		crt, err := x509.ParseCertificate(der)
		if err != nil {
			return tls.Certificate{}, err
		}
		roots.AddCert(crt)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
	}
}

// Client reaches every host at the address of a face, whatever its name resolves to.
func Client(t *testing.T, address string, roots *x509.CertPool) *http.Client {
	t.Helper()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
