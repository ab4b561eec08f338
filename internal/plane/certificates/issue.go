package certificates

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// cert-manager's defaults: 90 days, renewed when a third is left.
const (
	defaultDuration = 90 * 24 * time.Hour
	leftToRenew     = 3 // one part in so many
)

// spec is what we read of a Certificate.
type spec struct {
	SecretName  string           `json:"secretName"`
	CommonName  string           `json:"commonName"`
	DNSNames    []string         `json:"dnsNames"`
	IPAddresses []string         `json:"ipAddresses"`
	Duration    *metav1.Duration `json:"duration"`
	RenewBefore *metav1.Duration `json:"renewBefore"`
	IsCA        bool             `json:"isCA"`
	Subject     struct {
		Organizations []string `json:"organizations"`
	} `json:"subject"`
	IssuerRef struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	} `json:"issuerRef"`
	SecretTemplate struct {
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"secretTemplate"`
}

func (s spec) duration() time.Duration {
	if s.Duration != nil && s.Duration.Duration > 0 {
		return s.Duration.Duration
	}
	return defaultDuration
}

// renewal is when a certificate that ends then should be replaced.
func (s spec) renewal(notAfter time.Time) time.Time {
	before := s.duration() / leftToRenew
	if s.RenewBefore != nil && s.RenewBefore.Duration > 0 && s.RenewBefore.Duration < s.duration() {
		before = s.RenewBefore.Duration
	}
	return notAfter.Add(-before)
}

// issue makes a key and a certificate signed by itself, as a self-signed Issuer does; the authority is the certificate.
func (s spec) issue(now time.Time) (map[string][]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := s.template(now)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return map[string][]byte{
		corev1.TLSCertKey:       cert,
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		caKey:                   cert,
	}, nil
}

func (s spec) template(now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: s.CommonName, Organization: s.Subject.Organizations},
		DNSNames:              s.DNSNames,
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(s.duration()),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  s.IsCA,
	}
	if s.IsCA {
		t.KeyUsage |= x509.KeyUsageCertSign
	}
	for _, text := range s.IPAddresses {
		address := net.ParseIP(text)
		if address == nil {
			return nil, fmt.Errorf("ipAddresses: %q is no IP address", text)
		}
		t.IPAddresses = append(t.IPAddresses, address)
	}
	return t, nil
}

// current reads the certificate in the Secret's data; why is not empty when another one has to be issued.
func (s spec) current(data map[string][]byte, now time.Time) (cert *x509.Certificate, why string) {
	pair, err := tls.X509KeyPair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, "the Secret holds no certificate"
	}
	cert = pair.Leaf
	if _, ok := pair.PrivateKey.(crypto.Signer); !ok || !bytes.Equal(data[caKey], data[corev1.TLSCertKey]) {
		return nil, "the Secret was changed by hand"
	}
	if cert.Subject.CommonName != s.CommonName || !slices.Equal(sorted(cert.DNSNames), sorted(s.DNSNames)) || cert.IsCA != s.IsCA || len(cert.IPAddresses) != len(s.IPAddresses) {
		return nil, "the names asked for have changed"
	}
	for _, address := range cert.IPAddresses {
		if !slices.ContainsFunc(s.IPAddresses, func(text string) bool { return address.Equal(net.ParseIP(text)) }) {
			return nil, "the addresses asked for have changed"
		}
	}
	if !now.Before(s.renewal(cert.NotAfter)) {
		return nil, "the certificate is about to expire"
	}
	return cert, ""
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
