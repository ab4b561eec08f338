package azure

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/face/facetest"
)

const (
	testTenant       = "aaaaaaaa-0000-4000-8000-000000000001"
	testSubscription = "aaaaaaaa-0000-4000-8000-000000000002"
	testClient       = "aaaaaaaa-0000-4000-8000-000000000003"
	testObject       = "aaaaaaaa-0000-4000-8000-000000000004"
	testPrincipal    = "aaaaaaaa-0000-4000-8000-000000000005"
	testSecret       = "right"

	testGroup   = "/subscriptions/" + testSubscription + "/resourceGroups/web"
	testNetwork = testGroup + "/providers/Microsoft.Network/virtualNetworks/net"
	testCluster = testGroup + "/providers/Microsoft.ContainerService/managedClusters/web1"

	shortTime, longTime = time.Second, 10 * time.Second
)

// lab is a simulated Azure that is reached as a person's program reaches Azure: by its hosts, over TLS. Its clock stands
// still until a test moves it.
type lab struct {
	*Cloud
	t      *testing.T
	client *http.Client
	clock  *clock
	token  string
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func testInventory() Inventory {
	return Inventory{
		Tenant: testTenant, Subscription: testSubscription, Client: testClient, Secret: testSecret, Object: testObject,
		Federated: []string{"system:serviceaccount:capz:capz"}, Principals: []string{testPrincipal},
		Locations: []string{"eastus", "westeurope"}, NoVirtualNodes: []string{"westeurope"},
		Registered: []string{network, compute, containerService, containerInstances},
		Versions:   []string{"1.34.1", "1.35.4", "1.36.2", "v1.36.3"},
		Sizes: []Size{
			{Name: "Standard_D2s_v3", Family: "standardDSv3Family", Cores: 2, MemoryGiB: 8, Zones: []string{"1", "2"}},
			{Name: "Standard_E2_v3", Family: "standardEv3Family", Cores: 2, MemoryGiB: 16, Restricted: []string{"eastus"}},
		},
		Cores: 20,
	}
}

// newLab has a token already.
func newLab(t *testing.T, change ...func(*Options)) *lab {
	t.Helper()
	roots := x509.NewCertPool()
	clock := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	o := Options{
		Inventory: testInventory(), Certificate: facetest.SelfSigned(roots), ShortDelay: shortTime, LongDelay: longTime, Now: clock.Now,
		Kubeconfig: func(k Cluster) ([]byte, error) { return []byte("server: https://" + k.FQDN + ":443"), nil },
	}
	for _, f := range change {
		f(&o)
	}
	cloud, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Stop(); err != nil {
			t.Error(err)
		}
	})
	l := &lab{Cloud: cloud, t: t, client: facetest.Client(t, cloud.Address(), roots), clock: clock}
	status, body := l.login(testTenant, url.Values{"client_id": {testClient}, "client_secret": {testSecret}})
	if status != http.StatusOK {
		t.Fatalf("token: %d %v", status, body)
	}
	l.token = body.text("access_token")
	return l
}

// login asks for a token; what the form does not say is as it should be.
func (l *lab) login(tenant string, form url.Values) (int, object) {
	l.t.Helper()
	for field, value := range map[string]string{"grant_type": "client_credentials", "scope": "https://management.azure.com/.default"} {
		if !form.Has(field) {
			form.Set(field, value)
		}
	}
	r, err := http.NewRequest(http.MethodPost, "https://"+HostLogin+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body, _ := l.send(r)
	return status, body
}

func (l *lab) send(r *http.Request) (int, object, http.Header) {
	l.t.Helper()
	response, err := l.client.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	var body object
	if len(raw) > 0 && strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &body); err != nil {
			l.t.Fatalf("%s %s: %v: %s", r.Method, r.URL.Path, err, raw)
		}
	}
	return response.StatusCode, body, response.Header
}

// call calls Azure Resource Manager. A path without a query gets an api-version, as every program gives one.
func (l *lab) call(method, path string, body any) (int, object, http.Header) {
	l.t.Helper()
	if !strings.Contains(path, "?") {
		path += "?api-version=2024-09-01"
	}
	if !strings.HasPrefix(path, "https://") {
		path = "https://" + HostManagement + path
	}
	raw, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	if text, is := body.(string); is {
		raw = []byte(text)
	}
	r, err := http.NewRequest(method, path, bytes.NewReader(raw))
	if err != nil {
		l.t.Fatal(err)
	}
	if l.token != "" {
		r.Header.Set("Authorization", "Bearer "+l.token)
	}
	return l.send(r)
}

// step is a call and what it must answer.
type step struct {
	method, path string
	body         any
	status       int
	code         string // of the error, if it is one
	then         time.Duration
}

// run makes calls in order.
func (l *lab) run(steps ...step) {
	l.t.Helper()
	for n, s := range steps {
		status, body, _ := l.call(s.method, s.path, s.body)
		if status != s.status || body.text("error", "code") != s.code {
			l.t.Fatalf("step %d: %s %s: got %d %v, want %d %s", n, s.method, s.path, status, body, s.status, s.code)
		}
		if s.code != "" && body.text("error", "message") == "" {
			l.t.Errorf("step %d: %s says nothing", n, s.code)
		}
		l.clock.pass(s.then)
	}
}

// read is a GET that must succeed.
func (l *lab) read(path string) object {
	l.t.Helper()
	status, body, _ := l.call(http.MethodGet, path, nil)
	if status != http.StatusOK {
		l.t.Fatalf("GET %s: %d %v", path, status, body)
	}
	return body
}

// names of what a list has.
func (l *lab) names(path string) string {
	l.t.Helper()
	var out []string
	for _, item := range l.read(path).objects("value") {
		out = append(out, item.text("name"))
	}
	return strings.Join(out, " ")
}
