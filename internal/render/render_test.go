package render_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

// load makes a configuration of the given variables, from nothing else.
func load(t testing.TB, variables map[string]string) *config.Config {
	t.Helper()
	home := t.TempDir()
	c, err := config.Load(config.Options{Home: home, Environ: []string{"HOME=" + home}, Flags: variables})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dev is one small cluster, with no more than what is required.
func dev(t testing.TB) render.Input {
	return render.Input{
		Infrastructure: "vsphere",
		Templates:      templates.FS(),
		Request: providers.Request{
			Config: load(t, nil), Name: "dev1", Namespace: "default", Plan: "dev", ControlPlane: 1, Workers: 1,
		},
		Values: providers.Values{
			KubernetesVersion: "v1.36.3",
			Variables: map[string]any{
				"server": "vc.example.org", "datacenter": "/DC0", "network": "/DC0/network/VM Network",
				"template":             "/DC0/vm/ubuntu-2404-kube-v1.36.3",
				"controlPlaneEndpoint": map[string]any{"host": "10.20.0.5"},
				"folder":               "", "storagePolicy": nil,
			},
			Credentials: map[string][]byte{"username": []byte("administrator@vsphere.local"), "password": []byte("s3cr3t!")},
			CloudProvider: providers.CloudProvider{
				Config:      []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vsphere-cloud-config\n"),
				Credentials: []byte("apiVersion: v1\nkind: Secret\nmetadata:\n  name: vsphere-cloud-secret\nstringData:\n  password: s3cr3t!\n"),
			},
		},
	}
}

// prod is a large cluster with every variable set.
func prod(t testing.TB) render.Input {
	in := dev(t)
	in.Request = providers.Request{
		Config: load(t, map[string]string{
			"NODE_STARTUP_TIMEOUT": "30m", "MHC_FALSE_STATUS_TIMEOUT": "15m", "CLUSTER_CIDR": "10.96.0.0/12",
			"SERVICE_CIDR": "10.112.0.0/16", "CNI": "antrea",
		}),
		Name: "prod1", Namespace: "team-a", Plan: "prod", ControlPlane: 3, Workers: 3,
	}
	in.Addons = fstest.MapFS{"antrea.yaml": {Data: []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: antrea\n")}}
	size := map[string]any{"numCPUs": 4, "memoryMiB": 16384, "diskGiB": 80}
	for name, value := range map[string]any{
		"thumbprint": "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD", "datastore": "/DC0/datastore/ssd",
		"folder": "/DC0/vm/clusters", "resourcePool": "/DC0/host/C0/Resources/k8s", "cloneMode": "linkedClone",
		"storagePolicy": "gold", "vipInterface": "eth0", "sshKey": "ssh-ed25519 AAAAC3Nz user@example.org",
		"controlPlane": size, "worker": size,
		"controlPlaneEndpoint": map[string]any{"host": "10.20.0.6", "port": 8443},
		"proxy":                map[string]any{"http": "http://proxy.example.org:3128", "noProxy": "10.20.0.0/16,.example.org", "ca": certificate},
		"registry":             map[string]any{"mirror": "harbor.example.org/k8s", "ca": certificate},
	} {
		in.Values.Variables[name] = value
	}
	return in
}

func TestGolden(t *testing.T) {
	for name, input := range map[string]func(testing.TB) render.Input{
		"vsphere/dev": dev, "vsphere/prod": prod, "aws/dev": awsDev, "aws/prod": awsProd, "aws/eks": eks,
		"azure/aks": aks, "azure/aks-prod": aksProd, "azure/aks-virtual": aksVirtual,
		"azure/dev": azureDev, "azure/prod": azureProd, "docker/dev": memoryDev,
	} {
		t.Run(name, func(t *testing.T) {
			objects := rendered(t, input(t))
			folder := filepath.Join("testdata", filepath.FromSlash(name))
			golden(t, filepath.Join(folder, "class.yaml"), documents(t, objects.Class))
			golden(t, filepath.Join(folder, "addons.yaml"), documents(t, objects.Addons))
			golden(t, filepath.Join(folder, "cluster.yaml"), document(t, objects.Cluster))
		})
	}
}

func TestYAMLIsEverythingButTheSecrets(t *testing.T) {
	objects := rendered(t, prod(t))
	out, err := objects.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "kind: Secret\nmetadata") || strings.Contains(string(out), "s3cr3t!") {
		t.Error("a Secret is printed")
	}
	var kinds []string
	for _, d := range strings.Split(string(out), "\n---\n") {
		var object struct{ Kind string }
		if err := yaml.Unmarshal([]byte(d), &object); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, object.Kind)
	}
	want := []string{
		"Namespace", "VSphereClusterTemplate", "VSphereMachineTemplate", "VSphereMachineTemplate",
		"KubeadmControlPlaneTemplate", "KubeadmConfigTemplate", "ClusterClass",
		"ConfigMap", "ConfigMap", "ClusterResourceSet", "Cluster",
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	var plain []string
	for _, object := range objects.ApplyOrder() {
		if object.GetObjectKind().GroupVersionKind().Kind != "Secret" {
			plain = append(plain, document(t, object))
		}
	}
	if diff := cmp.Diff(strings.Join(plain, "---\n"), string(out)); diff != "" {
		t.Errorf("not as sigs.k8s.io/yaml writes it (-want +got):\n%s", diff)
	}
	again, err := rendered(t, prod(t)).YAML()
	if err != nil || string(again) != string(out) {
		t.Error("the same input gave other bytes")
	}
}

func TestIdentityIsOfTheClusterAndNamedAsTheClassSays(t *testing.T) {
	objects := rendered(t, dev(t))
	if objects.Identity.Name != "dev1-vsphere" || string(objects.Identity.Data["password"]) != "s3cr3t!" {
		t.Errorf("identity is %s with %d keys", objects.Identity.Name, len(objects.Identity.Data))
	}
	if out := documents(t, objects.Class); !strings.Contains(out, `printf "%s-vsphere" .builtin.cluster.name`) {
		t.Error("the ClusterClass names the identity by another rule")
	}
}

func TestClassNameFollowsContent(t *testing.T) {
	file, err := fs.ReadFile(templates.FS(), "vsphere/clusterclass.yaml")
	if err != nil {
		t.Fatal(err)
	}
	name := func(content string) string {
		in := dev(t)
		in.Templates = templates.WithOverrides(fstest.MapFS{"vsphere/clusterclass.yaml": {Data: []byte(content)}})
		return rendered(t, in).Cluster.Spec.Topology.ClassRef.Name
	}
	builtin := rendered(t, dev(t)).Cluster.Spec.Topology.ClassRef.Name
	if got := name("# a comment\n" + string(file)); got != builtin {
		t.Errorf("a comment changed the name from %s to %s", builtin, got)
	}
	if got := name(strings.Replace(string(file), "powerOffMode: trySoft", "powerOffMode: hard", 1)); got == builtin {
		t.Error("another template has the same name")
	}
}

func TestRenderingNeverChangesItsInput(t *testing.T) {
	in := prod(t)
	in.Values.Variables["controlPlane"] = map[string]any{"numCPUs": 4, "diskGiB": nil}
	rendered(t, in)
	want := map[string]any{"numCPUs": 4, "diskGiB": nil}
	if diff := cmp.Diff(want, in.Values.Variables["controlPlane"]); diff != "" {
		t.Errorf("the adapter's values changed (-want +got):\n%s", diff)
	}
}

func TestHealthChecks(t *testing.T) {
	for name, tc := range map[string]struct {
		variables map[string]string
		want      string
	}{
		"as the class says":  {nil, "{}\n"},
		"off":                {map[string]string{"ENABLE_MHC": "false"}, "enabled: false\n"},
		"off, by TKG 1.2":    {map[string]string{"MACHINE_HEALTH_CHECK_ENABLED": "false"}, "enabled: false\n"},
		"one timeout of all": {map[string]string{"MHC_UNKNOWN_STATUS_TIMEOUT": "90s"}, "checks:\n  nodeStartupTimeoutSeconds: 1200\n  unhealthyNodeConditions:\n  - status: Unknown\n    timeoutSeconds: 90\n    type: Ready\n  - status: \"False\"\n    timeoutSeconds: 720\n    type: Ready\n"},
	} {
		t.Run(name, func(t *testing.T) {
			in := dev(t)
			in.Request.Config = load(t, tc.variables)
			topology := rendered(t, in).Cluster.Spec.Topology
			for _, got := range []any{topology.ControlPlane.HealthCheck, topology.Workers.MachineDeployments[0].HealthCheck} {
				out, err := yaml.Marshal(got)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, string(out)); diff != "" {
					t.Errorf("health check (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestErrorsNameTheVariable(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*render.Input)
		want   []string
	}{
		"missing and unknown, both": {
			func(in *render.Input) {
				delete(in.Values.Variables, "template")
				in.Values.Variables["network"] = ""
				in.Values.Variables["dataStore"] = "ds"
			},
			[]string{`variable "template" has no value`, `variable "network" has no value`, `variable "dataStore" has a value`},
		},
		"no version":           {func(in *render.Input) { in.Values.KubernetesVersion = "" }, []string{"no Kubernetes version"}},
		"unknown provider":     {func(in *render.Input) { in.Infrastructure = "moon" }, []string{"moon/clusterclass.yaml"}},
		"reference to nowhere": {func(in *render.Input) { in.Templates = broken(t) }, []string{`KubeadmConfigTemplate "other"`, "not in the file"}},
		"unknown class":        {func(in *render.Input) { in.Values.Class = "other" }, []string{"vsphere/other.yaml"}},
		"machines below zero": {
			func(in *render.Input) { in.Values.Pools = []providers.Pool{{Name: "md-0", Replicas: -1}} }, []string{"pool md-0", "-1 machines"},
		},
		"add-on too large": {
			func(in *render.Input) { in.Addons = fstest.MapFS{"big.yaml": {Data: make([]byte, 1<<20)}} }, []string{"big.yaml", "split"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := dev(t)
			tc.change(&in)
			_, err := render.Cluster(in)
			if err == nil {
				t.Fatal("rendered")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func broken(t *testing.T) fs.FS {
	file, err := fs.ReadFile(templates.FS(), "vsphere/clusterclass.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(file), "            name: slipway-vsphere-worker", "            name: other", 1)
	return fstest.MapFS{"vsphere/clusterclass.yaml": {Data: []byte(text)}}
}

func TestPodNetworkWarning(t *testing.T) {
	for name, tc := range map[string]struct {
		cni, file string
		want      int
	}{
		"asked for and not there": {"calico", "antrea.yaml", 1},
		"asked for and there":     {"calico", "calico-v3.yaml", 0},
		"not asked for":           {"none", "x.yaml", 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := dev(t)
			in.Request.Config = load(t, map[string]string{"CNI": tc.cni})
			in.Addons = fstest.MapFS{tc.file: {Data: []byte("kind: Namespace\n")}}
			findings := rendered(t, in).Findings
			if len(findings) != tc.want || findings.Err() != nil {
				t.Errorf("findings: %v", findings)
			}
		})
	}
}

func TestCloudProviderHasTheMinorOfTheCluster(t *testing.T) {
	for name, tc := range map[string]struct {
		input          render.Input
		version, image string
	}{
		"vSphere, older":  {dev(t), "v1.33.4", "cloud-provider-vsphere:v1.33.0"},
		"vSphere, newest": {dev(t), "v1.36.3", "cloud-provider-vsphere:v1.36.0"},
		"vSphere, newer":  {dev(t), "v1.39.0", "cloud-provider-vsphere:v1.36.0"},
		"AWS, older":      {awsDev(t), "v1.33.4", "provider-aws/cloud-controller-manager:v1.33.0"},
		"AWS, newer":      {awsDev(t), "v1.36.3", "provider-aws/cloud-controller-manager:v1.35.0"},
	} {
		tc.input.Values.KubernetesVersion = tc.version
		if out := documents(t, rendered(t, tc.input).Addons); !strings.Contains(out, tc.image+"\n") {
			t.Errorf("%s: Kubernetes %s does not get image %s", name, tc.version, tc.image)
		}
	}
}

func BenchmarkCluster(b *testing.B) {
	in := prod(b)
	for b.Loop() {
		objects, err := render.Cluster(in)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := objects.YAML(); err != nil {
			b.Fatal(err)
		}
	}
}

func rendered(t testing.TB, in render.Input) *render.Objects {
	t.Helper()
	objects, err := render.Cluster(in)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func document(t *testing.T, object any) string {
	t.Helper()
	out, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func documents[T any](t *testing.T, objects []T) string {
	t.Helper()
	var all []string
	for _, o := range objects {
		all = append(all, document(t, o))
	}
	return strings.Join(all, "---\n")
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}
