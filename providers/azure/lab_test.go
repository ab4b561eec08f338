package azure

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
	sim "github.com/slipway-sh/slipway/internal/sim/azure"
	"github.com/slipway-sh/slipway/internal/sim/face/facetest"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/providertest"
)

const (
	labTenant       = "aaaaaaaa-0000-4000-8000-000000000001"
	labSubscription = "aaaaaaaa-0000-4000-8000-000000000002"
	labClient       = "aaaaaaaa-0000-4000-8000-000000000003"
	labSecret       = "lab/s3cret+lab&s3cret"
	labOwner        = "default/prod"
)

// lab is a simulated Azure of its own for each test, reached by its hosts over TLS, with everything that a cluster needs.
type lab struct {
	t        *testing.T
	cloud    *sim.Cloud
	client   *http.Client
	provider *Provider
	settings map[string]string
}

func inventory() sim.Inventory {
	zones := []string{"1", "2", "3"}
	return sim.Inventory{
		Tenant: labTenant, Subscription: labSubscription, Client: labClient, Secret: labSecret,
		Federated: []string{"system:serviceaccount:slipway:slipway"}, Principals: []string{"aaaaaaaa-0000-4000-8000-000000000009"},
		Locations: []string{"westeurope", "eastus"}, NoVirtualNodes: []string{"eastus"},
		Registered: []string{networkProvider, computeProvider, containerService, containerInstances},
		Versions:   []string{"1.34.1", "1.35.4", "1.36.2", "1.36.3"},
		Sizes: []sim.Size{
			{Name: "Standard_D2s_v3", Family: "standardDSv3Family", Cores: 2, MemoryGiB: 8, Zones: zones},
			{Name: "Standard_D8s_v3", Family: "standardDSv3Family", Cores: 8, MemoryGiB: 32, Zones: zones[:2]},
			{Name: "Standard_E2_v3", Family: "standardEv3Family", Cores: 2, MemoryGiB: 16, Restricted: []string{"westeurope"}},
		},
		Cores: 40,
		Networks: []sim.Network{{Group: "shared", Name: "hub", Location: "westeurope", Prefix: "172.20.0.0/16", Subnets: []sim.Subnet{
			{Name: "nodes", Prefix: "172.20.0.0/22"}, {Name: "aci", Prefix: "172.20.8.0/24", Delegation: delegation},
			{Name: "plain", Prefix: "172.20.9.0/24"},
		}}},
	}
}

func newLab(t *testing.T, change ...func(*sim.Inventory)) *lab {
	t.Helper()
	holds := inventory()
	for _, f := range change {
		f(&holds)
	}
	roots := x509.NewCertPool()
	cloud, err := sim.Start(sim.Options{Inventory: holds, Certificate: facetest.SelfSigned(roots)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Stop(); err != nil {
			t.Error(err)
		}
	})
	client := facetest.Client(t, cloud.Address(), roots)
	return &lab{t: t, cloud: cloud, client: client, provider: New(Options{Client: client}), settings: map[string]string{
		keyTenant: labTenant, keySubscription: labSubscription, keyClient: labClient, keySecret: labSecret, keyLocation: "westeurope",
	}}
}

// in is the same lab for a part of its test.
func (l *lab) in(t *testing.T) *lab {
	part := *l
	part.t = t
	return &part
}

// token is one for the lab's own calls.
func (l *lab) token() string {
	l.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {labClient}, "client_secret": {labSecret}, "scope": {"https://management.azure.com/.default"}}
	answer, err := l.client.PostForm("https://"+sim.HostLogin+"/"+labTenant+"/oauth2/v2.0/token", form)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.Token == "" {
		l.t.Fatalf("token: %d %v", answer.StatusCode, err)
	}
	return got.Token
}

// call makes one call of Resource Manager, as a controller or a person would, and wants it to be done.
func (l *lab) call(method, path string, body any) map[string]any {
	l.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(l.t.Context(), method, "https://"+sim.HostManagement+path+"?api-version=2024-03-01", bytes.NewReader(raw))
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+l.token())
	answer, err := l.client.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		l.t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
	}
	var out map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			l.t.Fatal(err)
		}
	}
	return out
}

const subscriptionPath = "/subscriptions/" + labSubscription

func groupPath(name string) string { return subscriptionPath + "/resourceGroups/" + name }

func networkPath(group, name string) string {
	return groupPath(group) + "/providers/Microsoft.Network/virtualNetworks/" + name
}

func clusterPath(group, name string) string {
	return groupPath(group) + "/providers/Microsoft.ContainerService/managedClusters/" + name
}

type object = map[string]any

func owned(owner string) object { return object{ownerTag: owner} }

func (l *lab) makeGroup(name string, tags object) {
	l.t.Helper()
	l.call("PUT", groupPath(name), object{"location": "westeurope", "tags": tags})
}

func (l *lab) makeNetwork(group, name string, tags object) {
	l.t.Helper()
	l.call("PUT", networkPath(group, name), object{"location": "westeurope", "tags": tags, "properties": object{"addressSpace": object{"addressPrefixes": []string{"10.0.0.0/16"}}}})
}

func (l *lab) makeSubnet(network, name, cidr, delegated string) {
	l.t.Helper()
	properties := object{"addressPrefix": cidr}
	if delegated != "" {
		properties["delegations"] = []object{{"name": "d", "properties": object{"serviceName": delegated}}}
	}
	l.call("PUT", network+"/subnets/"+name, object{"properties": properties})
}

// makeCluster makes one of AKS with a virtual node, of one node.
func (l *lab) makeCluster(group, name, network, nodes, virtual string, tags object) {
	l.t.Helper()
	l.call("PUT", clusterPath(group, name), object{
		"location": "westeurope", "tags": tags, "identity": object{"type": "SystemAssigned"},
		"properties": object{
			"dnsPrefix": name, "kubernetesVersion": "1.35.4",
			"networkProfile":    object{"networkPlugin": "azure", "serviceCidr": "100.64.0.0/16", "dnsServiceIP": "100.64.0.10"},
			"addonProfiles":     object{addOn: object{"enabled": true, "config": object{"SubnetName": virtual}}},
			"agentPoolProfiles": []object{{"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D2s_v3", "maxPods": 30, "vnetSubnetID": network + "/subnets/" + nodes, "orchestratorVersion": "1.35.4"}},
		},
	})
}

// make is a cluster of its own with all that belongs to it, as the controllers make it.
func (l *lab) make(name, owner string) {
	l.t.Helper()
	l.makeGroup(name, owned(owner))
	l.makeNetwork(name, name, owned(owner))
	network := networkPath(name, name)
	l.makeSubnet(network, "node", "10.0.1.0/24", "")
	l.makeSubnet(network, "virtual-node", "10.0.2.0/24", delegation)
	l.makeCluster(name, name, network, "node", "virtual-node", owned(owner))
}

// request is a cluster prod of one and one, with settings changed by pairs; an empty value takes a setting away.
func (l *lab) request(pairs map[string]string) providers.Request {
	l.t.Helper()
	env := maps.Clone(l.settings)
	maps.Copy(env, pairs)
	return providers.Request{
		Config: load(l.t, env), Name: "prod", Namespace: "default", Plan: "dev",
		KubernetesVersion: "v1.36.3", ControlPlane: 1, Workers: 1,
	}
}

func load(t *testing.T, pairs map[string]string) *config.Config {
	t.Helper()
	return providertest.Load(t, config.Table{Provider: "azure", Variables: Variables()}, pairs)
}

// virtualNode are the settings that have one.
func virtualNode(more map[string]string) map[string]string {
	settings := map[string]string{keyVirtualNode: "true"}
	maps.Copy(settings, more)
	return settings
}

// preflight runs all checks and fails the test when they stop early, or when a finding lacks its parts or tells a secret.
func (l *lab) preflight(r providers.Request) uerr.Findings {
	l.t.Helper()
	findings, err := l.provider.Preflight(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range findings {
		if strings.Contains(f.Problem+f.Next, labSecret) || strings.Contains(f.Problem+f.Next, labClient) {
			l.t.Errorf("a finding holds a secret: %+v", f)
		}
		if f.Where == "" || f.Next == "" {
			l.t.Errorf("a finding without place or remedy: %+v", f)
		}
	}
	return findings
}

// refuses wants the findings to be these refusals and no other, each by its place, a part of its problem and of its remedy.
func refuses(t *testing.T, findings uerr.Findings, want ...[3]string) {
	t.Helper()
	var got []uerr.Finding
	for _, f := range findings {
		if f.Severity == uerr.Refusal {
			got = append(got, f)
		}
	}
	for _, w := range want {
		n := slices.IndexFunc(got, func(f uerr.Finding) bool {
			return strings.Contains(f.Where, w[0]) && strings.Contains(f.Problem, w[1]) && strings.Contains(f.Next, w[2])
		})
		if n < 0 {
			t.Errorf("no refusal at %s of %q with %q in\n%v", w[0], w[1], w[2], list(findings))
			continue
		}
		got = slices.Delete(got, n, n+1)
	}
	if len(got) > 0 {
		t.Errorf("refused too:\n%v", list(got))
	}
}

func list(findings uerr.Findings) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.Where + ": " + f.Problem + " | " + f.Next + "\n")
	}
	return b.String()
}

// changes are the calls so far that do not only look.
func (l *lab) changes() string {
	var b strings.Builder
	for _, c := range l.cloud.Calls() {
		if !strings.HasSuffix(c.Method, "/read") && !slices.Contains([]string{"token", "discovery", "openid-configuration"}, c.Method) {
			b.WriteString(c.Method + " " + c.Object + "\n")
		}
	}
	return b.String()
}
