package azure

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestToken(t *testing.T) {
	key, certificate := certified(t)
	other, _ := certified(t)
	l := newLab(t, func(o *Options) { o.Inventory.Certificate = certificate })
	federated := func(subject string) url.Values {
		return url.Values{"client_id": {testClient}, "client_assertion": {jwt(t, object{}, subject, nil)}}
	}
	signed := func(alg, subject string, by *rsa.PrivateKey) url.Values {
		return url.Values{"client_id": {testClient}, "client_assertion": {jwt(t, object{"alg": alg, "x5t#S256": "x"}, subject, by)}}
	}
	for name, test := range map[string]struct {
		tenant string
		form   url.Values
		status int
		error  string
	}{
		"secret":            {testTenant, url.Values{"client_id": {testClient}, "client_secret": {testSecret}}, 200, ""},
		"wrong secret":      {testTenant, url.Values{"client_id": {testClient}, "client_secret": {"wrong"}}, 401, "AADSTS7000215:"},
		"no secret":         {testTenant, url.Values{"client_id": {testClient}}, 401, "AADSTS7000218:"},
		"unknown client":    {testTenant, url.Values{"client_id": {"other"}, "client_secret": {testSecret}}, 400, "AADSTS700016:"},
		"unknown tenant":    {"other", url.Values{"client_id": {testClient}, "client_secret": {testSecret}}, 400, "AADSTS90002:"},
		"unknown audience":  {testTenant, url.Values{"client_id": {testClient}, "client_secret": {testSecret}, "scope": {"https://graph.microsoft.com/.default"}}, 400, "AADSTS500011:"},
		"other grant":       {testTenant, url.Values{"grant_type": {"password"}}, 400, "AADSTS70003:"},
		"federated":         {testTenant, federated("system:serviceaccount:capz:capz"), 200, ""},
		"no JWT":            {testTenant, url.Values{"client_id": {testClient}, "client_assertion": {"x"}}, 401, "AADSTS50027:"},
		"certificate":       {testTenant, signed("PS256", testClient, key), 200, ""},
		"old signature":     {testTenant, signed("RS256", testClient, key), 200, ""},
		"other key":         {testTenant, signed("PS256", testClient, other), 401, "AADSTS700027:"},
		"for somebody else": {testTenant, signed("PS256", "other", key), 401, "AADSTS700027:"},
		"unknown federated": {testTenant, federated("system:serviceaccount:a:b"), 401, "AADSTS700213:"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := l.login(test.tenant, test.form)
			if status != test.status || !strings.HasPrefix(body.text("error_description"), test.error) || (body.text("access_token") != "") != (status == 200) {
				t.Errorf("got %d %v, want %d %s", status, body, test.status, test.error)
			}
		})
	}
}

func certified(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// jwt is signed as its header says, or not at all without a key.
func jwt(t *testing.T, header object, subject string, key *rsa.PrivateKey) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	text := encode(head) + "." + encode([]byte(`{"sub":"`+subject+`"}`))
	if key == nil {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
	if header.text("alg") == "RS256" {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(signature)
}

func TestTokenNamesItsHolder(t *testing.T) {
	l := newLab(t)
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(l.token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims object
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.text("oid") != testObject || claims.text("appid") != testClient || claims.text("tid") != testTenant {
		t.Errorf("claims: %v", claims)
	}
}

func TestDiscovery(t *testing.T) {
	l := newLab(t)
	if got := l.read("https://" + HostLogin + "/common/discovery/instance?api-version=1.1"); got.objects("metadata")[0].text("preferred_network") != HostLogin {
		t.Errorf("discovery: %v", got)
	}
	got := l.read("https://" + HostLogin + "/" + testTenant + "/v2.0/.well-known/openid-configuration")
	if want := "https://" + HostLogin + "/" + testTenant + "/oauth2/v2.0/token"; got.text("token_endpoint") != want {
		t.Errorf("token endpoint: %v", got)
	}
	status, body, _ := l.call(http.MethodGet, "https://"+HostLogin+"/other/v2.0/.well-known/openid-configuration", nil)
	if status != http.StatusBadRequest || !strings.HasPrefix(body.text("error_description"), "AADSTS90002:") {
		t.Errorf("unknown tenant: %d %v", status, body)
	}
}

func TestBearer(t *testing.T) {
	l := newLab(t)
	path, good := "/subscriptions/"+testSubscription, l.token
	l.token = ""
	l.run(step{"GET", path, nil, 401, "AuthenticationFailed", 0})
	l.token = "made up"
	l.run(step{"GET", path, nil, 401, "InvalidAuthenticationToken", 0})
	l.token = good
	l.run(step{"GET", path, nil, 200, "", tokenLife}, step{"GET", path, nil, 401, "ExpiredAuthenticationToken", 0})
}
