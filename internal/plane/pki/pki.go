// Package pki makes the keys and certificates of one plane: its authorities, the API server's and etcd's own, the
// administrator's, and those of the controllers that run as child processes. It knows no Kubernetes objects.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity of everything here. A plane is trusted by nobody but its owner's files, and a certificate that expired
// earlier than its authority would only stop a plane that has been running for long.
const validity = 10 * 365 * 24 * time.Hour

// backdate lets a certificate be valid on a machine whose clock was set back a little.
const backdate = time.Hour

// Pair is a certificate with its key, both PEM.
type Pair struct{ Cert, Key []byte }

// Authority signs certificates.
type Authority struct {
	Pair
	cert *x509.Certificate
	key  crypto.Signer
}

// Request is what to certify.
type Request struct {
	CommonName    string
	Organizations []string
	DNSNames      []string
	Addresses     []net.IP
	Server        bool // for serving; otherwise for a client, unless Both
	Both          bool
}

// Dir is the folder of a plane's keys; the folder is 0700 and each file in it 0600.
type Dir string

// Path of a file in the folder.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name) }

// Authority reads the authority of this name, or makes it at the first start.
func (d Dir) Authority(name string) (*Authority, error) {
	pair, err := d.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		if pair, err = newAuthority(name); err == nil {
			err = d.write(name, pair)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("authority %s: %w", name, err)
	}
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, fmt.Errorf("authority %s: %w", name, err)
	}
	signer, ok := loaded.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("authority %s: its key cannot sign", name)
	}
	return &Authority{Pair: pair, cert: loaded.Leaf, key: signer}, nil
}

// Certificate reads the pair of this name, or has it signed at the first start.
func (d Dir) Certificate(name string, by *Authority, r Request) (Pair, error) {
	pair, err := d.read(name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return pair, err
	}
	if pair, err = by.Sign(r); err != nil {
		return Pair{}, fmt.Errorf("certificate %s: %w", name, err)
	}
	return pair, d.write(name, pair)
}

// Key reads a bare private key and its public half, or makes them at the first start.
func (d Dir) Key(name string) error {
	if _, err := os.Stat(d.Path(name + ".key")); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := encodeKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := WriteFile(d.Path(name+".pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})); err != nil {
		return err
	}
	return WriteFile(d.Path(name+".key"), private)
}

// Sign certifies a new key.
func (a *Authority) Sign(r Request) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	template, err := r.template()
	if err != nil {
		return Pair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return Pair{}, err
	}
	private, err := encodeKey(key)
	return Pair{Cert: encodeCert(der), Key: private}, err
}

func (r Request) template() (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	switch {
	case r.Both:
		usage = append(usage, x509.ExtKeyUsageServerAuth)
	case r.Server:
		usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: r.CommonName, Organization: r.Organizations},
		DNSNames:              r.DNSNames,
		IPAddresses:           r.Addresses,
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(validity),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           usage,
		BasicConstraintsValid: true,
	}, nil
}

func newAuthority(name string) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	template, err := Request{CommonName: "slipway-plane " + name}.template()
	if err != nil {
		return Pair{}, err
	}
	template.IsCA, template.ExtKeyUsage = true, nil
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Pair{}, err
	}
	private, err := encodeKey(key)
	return Pair{Cert: encodeCert(der), Key: private}, err
}

func (d Dir) read(name string) (Pair, error) {
	cert, err := os.ReadFile(d.Path(name + ".crt"))
	if err != nil {
		return Pair{}, err
	}
	key, err := os.ReadFile(d.Path(name + ".key"))
	return Pair{Cert: cert, Key: key}, err
}

// write puts the key first: a process killed in between leaves no certificate, and the next start makes both anew.
func (d Dir) write(name string, pair Pair) error {
	if err := WriteFile(d.Path(name+".key"), pair.Key); err != nil {
		return err
	}
	return WriteFile(d.Path(name+".crt"), pair.Cert)
}

// WriteFile replaces a file at once, readable by its owner only, and makes its folder if need be.
func WriteFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // created 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when all went well
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
