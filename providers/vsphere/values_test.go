package vsphere

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/soap"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/providertest"
	"github.com/slipway-sh/slipway/templates"
)

const labCA = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"

func TestValues(t *testing.T) {
	l := newLab(t)
	encoded := base64.StdEncoding.EncodeToString([]byte(labCA))
	base := map[string]any{
		"server": l.server.URL.Host, "thumbprint": soap.ThumbprintSHA1(l.server.Certificate()), "datacenter": "/DC0", "datastore": "LocalDS_0",
		"resourcePool": "/DC0/host/DC0_C0/Resources", "network": "VM Network", "template": "/DC0/vm/ubuntu", "cloneMode": "fullClone",
		"controlPlaneEndpoint": map[string]any{"host": "192.0.2.10", "port": 6443.0}, "vipInterface": "eth0", "sshKey": labKey,
		"controlPlane": map[string]any{"numCPUs": 2.0, "memoryMiB": 8192.0, "diskGiB": 20.0},
		"worker":       map[string]any{"numCPUs": 2.0, "memoryMiB": 4096.0, "diskGiB": 20.0},
	}
	for name, c := range map[string]struct {
		settings map[string]string
		roots    bool
		change   map[string]any // on top of base; nil takes away
	}{
		"as configured": {},
		"everything": {
			settings: map[string]string{
				keyFolder: "/DC0/vm", keyCloneMode: linkedClone, keyPolicy: "vSAN Default Storage Policy", keyEndpointPort: "8443", "SIZE": "large",
				keyHTTPProxy: "http://proxy:3128", keyNoProxy: ".example.org", keyProxyCA: encoded,
				"TKG_CUSTOM_IMAGE_REPOSITORY": "registry.example.org/k8s", "TKG_CUSTOM_IMAGE_REPOSITORY_SKIP_TLS_VERIFY": "true",
				"TKG_CUSTOM_IMAGE_REPOSITORY_CA_CERTIFICATE": encoded, keyDatastore: "",
			},
			change: map[string]any{
				"folder": "/DC0/vm", "cloneMode": linkedClone, "storagePolicy": "vSAN Default Storage Policy", "datastore": nil,
				"controlPlaneEndpoint": map[string]any{"host": "192.0.2.10", "port": 8443.0},
				"controlPlane":         map[string]any{"numCPUs": 4.0, "memoryMiB": 16384.0, "diskGiB": 40.0},
				"worker":               map[string]any{"numCPUs": 4.0, "memoryMiB": 16384.0, "diskGiB": 40.0},
				"proxy":                map[string]any{"http": "http://proxy:3128", "https": "http://proxy:3128", "noProxy": ".example.org", "ca": labCA},
				"registry":             map[string]any{"mirror": "registry.example.org/k8s", "insecure": true, "ca": labCA},
			},
		},
		"policy by its id": {
			settings: map[string]string{keyPolicy: "aa6d5a82-1c88-45da-85d3-3d74b91a5bad"},
			change:   map[string]any{"storagePolicy": "vSAN Default Storage Policy"},
		},
		"proxy with a password": {
			settings: map[string]string{keyHTTPSProxy: "http://me:hush@proxy:3128"},
			change:   map[string]any{"proxy": map[string]any{"secretName": "prod-vsphere"}},
		},
		"a certificate that the roots vouch for is pinned": {
			settings: map[string]string{keyThumbprint: ""}, roots: true,
			change: map[string]any{"thumbprint": soap.ThumbprintSHA256(l.server.Certificate())},
		},
		"no check": {settings: map[string]string{keyThumbprint: "", keyInsecure: "true"}, change: map[string]any{"thumbprint": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			l.provider = l.newProvider(Options{})
			if c.roots {
				l.provider = l.newProvider(Options{Roots: l.roots()})
			}
			got, err := l.provider.Values(t.Context(), l.request(c.settings))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{}
			for _, m := range []map[string]any{base, c.change} {
				for k, v := range m {
					if want[k] = v; v == nil {
						delete(want, k)
					}
				}
			}
			if diff := cmp.Diff(want, got.Variables); diff != "" {
				t.Error(diff)
			}
			if got.KubernetesVersion != "v1.36.3+vmware.1" {
				t.Errorf("got version %s", got.KubernetesVersion)
			}
			if raw, _ := json.Marshal(got.Variables); strings.Contains(string(raw), "s3cret") || strings.Contains(string(raw), "hush") {
				t.Error("a password is in the variables")
			}
			providertest.Suite{Provider: l.provider, Templates: templates.FS()}.CheckClass(t, got)
		})
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

func TestValuesGivesTheCredentialsApart(t *testing.T) {
	l := newLab(t)
	got, err := l.provider.Values(t.Context(), l.request(map[string]string{keyHTTPProxy: "http://me:50%25@proxy:3128", keyNoProxy: "intern"}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"username": []byte(labUser), "password": []byte(labPassword), proxyKey: []byte("[Service]\n" +
		`Environment="HTTP_PROXY=http://me:50%%25@proxy:3128"` + "\n" + `Environment="HTTPS_PROXY=http://me:50%%25@proxy:3128"` + "\n" +
		`Environment="NO_PROXY=localhost,127.0.0.1,.svc,.svc.cluster.local,100.96.0.0/11,100.64.0.0/13,192.0.2.10,intern"` + "\n")}
	if diff := cmp.Diff(want, got.Credentials); diff != "" {
		t.Error(diff)
	}
	if got.Controller.Variables[keyPassword] != "" {
		t.Errorf("the controller is given %v, and each cluster brings its own credentials", got.Controller)
	}
}

func TestValuesConfiguresTheCloudProvider(t *testing.T) {
	l := newLab(t)
	got, err := l.provider.Values(t.Context(), l.request(map[string]string{"VSPHERE_REGION": "eu", "VSPHERE_ZONE": "a"}))
	if err != nil {
		t.Fatal(err)
	}
	var object struct{ Data map[string]string }
	if err := yaml.Unmarshal(got.CloudProvider.Config, &object); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"region: eu", "zone: a", "- /DC0", "excludeInternalNetworkSubnetCidr: 192.0.2.10/32", "thumbprint:"} {
		if !strings.Contains(object.Data["vsphere.conf"], want) {
			t.Errorf("no %q in\n%s", want, object.Data["vsphere.conf"])
		}
	}
	if strings.Contains(string(got.CloudProvider.Config), labPassword) {
		t.Error("the password stands where everybody may read it")
	}
	if err := yaml.Unmarshal(got.CloudProvider.Credentials, &object); err != nil {
		t.Fatal(err)
	}
	found := false
	for key, value := range object.Data {
		raw, err := base64.StdEncoding.DecodeString(value)
		found = found || strings.HasSuffix(key, ".password") && err == nil && string(raw) == labPassword
	}
	if !found {
		t.Error("the cloud provider gets no password")
	}
}

func TestValuesKeepsTheTemplateInUse(t *testing.T) {
	l := newLab(t)
	r := l.request(nil)
	first, err := l.provider.Values(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.KubernetesVersion, r.Current = "v1.36.3", first.Variables
	l.makeTemplate("DC0_C0_RP0_VM1", "newer-build", map[string]string{"VERSION": "v1.36.3+vmware.2"})
	again, err := l.provider.Values(t.Context(), r)
	if err != nil || again.Variables["template"] != first.Variables["template"] {
		t.Errorf("a cluster that is there: template %v, want %v (%v)", again.Variables["template"], first.Variables["template"], err)
	}
	r.Current = nil
	fresh, err := l.provider.Values(t.Context(), r)
	if err != nil || fresh.Variables["template"] == first.Variables["template"] {
		t.Errorf("a new cluster does not take the newer build: %v, %v", fresh.Variables["template"], err)
	}
}

func TestValuesOfAManagementPlaneNeedNoVCenter(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{keyServer: "127.0.0.1:1"})
	r.ControlPlane, r.Workers = 0, 0
	got, err := l.provider.Values(t.Context(), r)
	if err != nil || string(got.Credentials["username"]) != labUser || got.Variables != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestValuesRefuse(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		settings map[string]string
		want     string
		code     uerr.Code
	}{
		"password":        {map[string]string{keyPassword: "wrong"}, "refuses", uerr.Credentials},
		"no datacenter":   {map[string]string{keyDatacenter: "DC9"}, "DC9", uerr.Usage},
		"another version": {map[string]string{keyTemplate: "DC0_C0_RP0_VM1"}, "not a template", uerr.Usage},
		"proxy's CA":      {map[string]string{keyHTTPProxy: "http://p:1", keyProxyCA: "bm8="}, "no certificate", uerr.Usage},
		"registry's CA":   {map[string]string{"TKG_CUSTOM_IMAGE_REPOSITORY": "r", "TKG_CUSTOM_IMAGE_REPOSITORY_CA_CERTIFICATE": "bm8="}, "no certificate", uerr.Usage},
		"size":            {map[string]string{"SIZE": "huge"}, "huge", uerr.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.provider.Values(t.Context(), l.request(c.settings))
			if err == nil || !strings.Contains(err.Error(), c.want) || uerr.ExitCode(err) != c.code {
				t.Errorf("got %v (%d)", err, uerr.ExitCode(err))
			}
		})
	}
}

func TestKubernetesVersions(t *testing.T) {
	l := newLab(t)
	l.makeTemplate("DC0_C0_RP0_VM1", "older", map[string]string{"KUBERNETES_SEMVER": "v1.35.9"})
	l.makeTemplate("DC0_C0_RP0_VM2", "same", map[string]string{"KUBERNETES_SEMVER": "v1.36.3+vmware.1"})
	l.makeTemplate("DC0_C0_RP0_VM3", "none", map[string]string{"KUBERNETES_SEMVER": "soon"})
	got, err := l.provider.KubernetesVersions(t.Context(), l.request(nil))
	if diff := cmp.Diff([]string{"v1.35.9", "v1.36.3+vmware.1"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := l.provider.KubernetesVersions(t.Context(), l.request(map[string]string{keyPassword: "wrong"})); uerr.ExitCode(err) != uerr.Credentials {
		t.Errorf("got %v", err)
	}
}
