package azure

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// assertion is a JWT by which a program proves who it is, instead of a secret.
type assertion struct {
	header, claims object
	signed         string
	signature      []byte
}

func parseAssertion(jwt string) (assertion, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return assertion{}, errors.New("no JWT")
	}
	out := assertion{signed: parts[0] + "." + parts[1]}
	for i, into := range []*object{&out.header, &out.claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return assertion{}, err
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return assertion{}, err
		}
	}
	var err error
	out.signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	return out, err
}

// ofCertificate says whether the program signed it itself, with a certificate; else an issuer of federated tokens did.
func (a assertion) ofCertificate() bool { return a.header["x5t"] != nil || a.header["x5t#S256"] != nil }

// verify checks the signature with the public key of a certificate, in the two ways that Entra ID takes.
func (a assertion) verify(certificate string) error {
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		return errors.New("the application has no certificate")
	}
	crt, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	key, is := crt.PublicKey.(*rsa.PublicKey)
	if !is {
		return errors.New("the key of the certificate is not of RSA")
	}
	sum := sha256.Sum256([]byte(a.signed))
	if a.header.text("alg") == "PS256" {
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], a.signature, nil)
	}
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], a.signature)
}

// proveByAssertion checks a JWT signed with the client's certificate, or the subject of a federated token, whose issuer
// is not played and whose signature so proves nothing here.
func (c *Cloud) proveByAssertion(form url.Values) *denial {
	client := form.Get("client_id")
	a, err := parseAssertion(form.Get("client_assertion"))
	switch {
	case err != nil:
		return &denial{http.StatusUnauthorized, "invalid_client", 50027, "JWT token is invalid or malformed."}
	case a.ofCertificate() && (a.verify(c.inventory.Certificate) != nil || !same(a.claims.text("sub"), client)):
		return &denial{http.StatusUnauthorized, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application '" + client + "'."}
	case !a.ofCertificate() && !slices.Contains(c.inventory.Federated, a.claims.text("sub")):
		return &denial{http.StatusUnauthorized, "invalid_client", 700213, "No matching federated identity record found for presented assertion subject '" + a.claims.text("sub") + "'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."}
	}
	return nil
}
