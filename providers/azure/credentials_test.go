package azure

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sim "github.com/slipway-sh/slipway/internal/sim/azure"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// names are what the controllers get, without what it says.
func names(data map[string][]byte) string { return strings.Join(slices.Sorted(maps.Keys(data)), " ") }

func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "az")
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return file
}

func makeCertificate(t *testing.T) (certificate, withKey string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "slipway"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return certificate, certificate + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func TestACertificateLogsIn(t *testing.T) {
	certificate, withKey := makeCertificate(t)
	l := newLab(t, func(i *sim.Inventory) { i.Certificate = certificate })
	r := l.request(map[string]string{keySecret: "", keyCertificate: write(t, withKey, 0o600)})
	refuses(t, l.preflight(r))
	v := l.values(r)
	if got := names(v.Credentials); got != "AZURE_CLIENT_CERTIFICATE AZURE_CLIENT_ID AZURE_SUBSCRIPTION_ID AZURE_TENANT_ID" || string(v.Credentials[keyCertificate]) != withKey {
		t.Errorf("the controllers get %s", got)
	}
	_, another := makeCertificate(t)
	findings := l.preflight(l.request(map[string]string{keySecret: "", keyCertificate: write(t, another, 0o600)}))
	refuses(t, findings, [3]string{keyCertificate, "AADSTS700027", "check"})
	refuses(t, l.preflight(l.request(map[string]string{keySecret: "", keyCertificate: write(t, certificate, 0o600)})), [3]string{keyCertificate, "holds no certificate that can be used", "with a certificate and its key"})
}

func TestMachinesWantACertificateWithoutAPassword(t *testing.T) {
	l := newLab(t)
	settings := map[string]string{keySecret: "", keyCertificate: "/home/me/slipway.pfx", keyClusterType: typeVM, keySSH: "c3NoLWVkMjU1MTkgQUFBQSB5b3U=", keyZone: "1"}
	values := func() uerr.Findings { return l.provider.inspect(l.request(settings)).checkValues(t.Context()) }
	refuses(t, values())
	settings[keyCertificatePassword] = "p455"
	refuses(t, values(), [3]string{keyCertificatePassword, "no certificate that has a password", "take " + keyCertificatePassword + " out"})
}

func TestAFederatedTokenLogsIn(t *testing.T) {
	l := newLab(t)
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	token := func(subject string) string {
		return write(t, part(`{"alg":"RS256","typ":"JWT"}`)+"."+part(`{"sub":"`+subject+`"}`)+"."+part("signed"), 0o600)
	}
	r := l.request(map[string]string{keySecret: "", keyFederated: token("system:serviceaccount:slipway:slipway")})
	refuses(t, l.preflight(r))
	if v := l.values(r); string(v.Credentials["AUTH_MODE"]) != "workloadidentity" || v.Credentials[keySecret] != nil {
		t.Errorf("the controllers get %s", names(v.Credentials))
	}
	refuses(t, l.preflight(l.request(map[string]string{keySecret: "", keyFederated: token("somebody")})), [3]string{keyFederated, "AADSTS700213", "check"})
}

// The az program is a script here, which gives the token that the real one would get from the same Entra ID.
func TestALoginOfAPersonLooksAndMakesNoCluster(t *testing.T) {
	l := newLab(t)
	log := filepath.Join(t.TempDir(), "calls")
	az := write(t, fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s\necho '{\"accessToken\": \"%s\", \"expires_on\": %d}'\n", log, l.token(), time.Now().Add(time.Hour).Unix()), 0o700)
	t.Setenv("PATH", filepath.Dir(az)+":"+os.Getenv("PATH"))
	r := l.request(map[string]string{keySecret: "", keyClient: ""})
	refuses(t, l.preflight(r), [3]string{keyClient, "cannot use the login of the az program", "az ad sp create-for-rbac"})
	if left, err := l.provider.Leftovers(t.Context(), r); err != nil || len(left) > 0 {
		t.Errorf("leftovers: %v, %v", left, err)
	}
	calls, err := os.ReadFile(log)
	if n := strings.Count(string(calls), "get-access-token"); err != nil || n != 2 {
		t.Errorf("the az program ran %d times in two commands: %v", n, err)
	}
}

func TestWithoutAnyLoginOneIsAskedFor(t *testing.T) {
	l := newLab(t)
	t.Setenv("PATH", t.TempDir())
	findings := l.preflight(l.request(map[string]string{keySecret: "", keyClient: ""}))
	refuses(t, findings, [3]string{keyClient, "", "az login --tenant " + labTenant})
	if uerr.ExitCode(findings) != uerr.Credentials {
		t.Errorf("exit code %d", uerr.ExitCode(findings))
	}
	refuses(t, l.preflight(l.request(map[string]string{keyClient: ""})), [3]string{keySecret, keyClient + " is not", "application's id"})
}
