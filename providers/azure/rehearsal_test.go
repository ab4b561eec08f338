package azure

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	sim "github.com/slipway-sh/slipway/internal/sim/azure"
)

// rehearsed loads a config.yaml and gives it with what the simulated Azure is told of it.
func rehearsed(t *testing.T, text string) (*config.Config, sim.Inventory) {
	t.Helper()
	home := t.TempDir()
	file := filepath.Join(home, "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Options{File: file, Home: home, Tables: []config.Table{{Provider: "azure", Variables: Variables()}}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(New(Options{}).RehearsalInventory(c))
	if err != nil {
		t.Fatal(err)
	}
	var inventory sim.Inventory
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&inventory); err != nil {
		t.Fatal(err)
	}
	return c, inventory
}

// openRehearsed opens the adapter in a simulated Azure that holds the inventory.
func openRehearsed(t *testing.T, c *config.Config, inventory sim.Inventory) *cloud {
	t.Helper()
	cloud, err := sim.Start(sim.Options{Inventory: inventory, Certificate: func(host string) (tls.Certificate, error) {
		der, key := certificateOf(t, host)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // whose certificate it is, is not what is tested
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, cloud.Address())
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := cloud.Stop(); err != nil {
			t.Error(err)
		}
	})
	opened, err := New(Options{Client: &http.Client{Transport: transport}}).open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func certificateOf(t *testing.T, name string) ([]byte, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// TestARehearsalTakesWhatProvesTheApplication signs in with each kind of proof, and with the wrong one.
func TestARehearsalTakesWhatProvesTheApplication(t *testing.T) {
	der, key := certificateOf(t, "app")
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificate, token := filepath.Join(folder, "app.pem"), filepath.Join(folder, "token")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	encode := base64.RawURLEncoding.EncodeToString
	jwt := encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(`{"sub":"system:serviceaccount:a:b"}`)) + "." + encode([]byte("x"))
	for file, content := range map[string][]byte{certificate: both, token: []byte(jwt)} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own := string(rehearsalConfig)
	person := strings.ReplaceAll(own, keySecret+": only-a-rehearsal\n", "")
	for name, text := range map[string]string{
		"nobody's configuration": own,
		"certificate":            person + keyCertificate + ": " + certificate + "\n",
		"federated token":        person + keyFederated + ": " + token + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, inventory := rehearsed(t, text)
			if strings.Contains(inventory.Certificate, "PRIVATE") {
				t.Error("the inventory holds the key of the certificate")
			}
			got, err := openRehearsed(t, c, inventory).subscriptions.NewClient().Get(t.Context(), c.String(keySubscription), nil)
			if err != nil || value(got.SubscriptionID) != c.String(keySubscription) {
				t.Errorf("subscription: %v %v", value(got.SubscriptionID), err)
			}
			inventory.Secret, inventory.Certificate, inventory.Federated = "another", "", nil
			if _, err := openRehearsed(t, c, inventory).subscriptions.NewClient().Get(t.Context(), c.String(keySubscription), nil); err == nil {
				t.Error("Azure takes what it was not told")
			}
		})
	}
}

func TestARehearsalHoldsWhatTheConfigurationNames(t *testing.T) {
	_, inventory := rehearsed(t, strings.ReplaceAll(string(rehearsalConfig), "eastus", "West US 3")+
		"KUBERNETES_VERSION: v1.34.2\nAZURE_NODE_MACHINE_TYPE: Standard_E16ds_v5\nAZURE_VNET_NAME: there\n")
	if diff := cmp.Diff([]string{"eastus", "westeurope", "westus3"}, inventory.Locations); diff != "" {
		t.Errorf("locations (-want +got): %s", diff)
	}
	if diff := cmp.Diff([]string{"1.34.2", "1.35.4", "1.36.3"}, inventory.Versions); diff != "" {
		t.Errorf("versions (-want +got): %s", diff)
	}
	want := sim.Size{Name: "Standard_E16ds_v5", Family: "standardEFamily", Cores: 16, MemoryGiB: 64, Zones: []string{"1", "2", "3"}}
	found := false
	for _, s := range inventory.Sizes {
		found = found || cmp.Equal(s, want)
	}
	if !found {
		t.Errorf("sizes: %v, want %v among them", inventory.Sizes, want)
	}
	if len(inventory.Networks) != 0 {
		t.Errorf("networks: %v", inventory.Networks)
	}
}

func TestVersionsOfARehearsal(t *testing.T) {
	for asked, want := range map[string]string{
		"": "1.35.4 1.36.3", "v1.36.3": "1.35.4 1.36.3", "1.36": "1.35.4 1.36.3", "v1.37": "1.35.4 1.36.3 1.37.0", "v1.34.2+x": "1.34.2 1.35.4 1.36.3",
	} {
		if got := strings.Join(rehearsedVersions(asked), " "); got != want {
			t.Errorf("%q: %s, want %s", asked, got, want)
		}
	}
}
