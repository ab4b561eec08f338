package sim

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/cluster-api/util/secret"
)

const (
	testHost     = "vcenter.test"
	testEndpoint = "10.20.0.10:6443"
	testLimit    = 30 * time.Second
)

// start runs a simulator, with further arguments on its command line, until the test ends and gives what it published.
func start(t *testing.T, args ...string) state {
	t.Helper()
	dir := t.TempDir()
	inventory := filepath.Join(dir, "inventory.json")
	if err := os.WriteFile(inventory, []byte(`{"vsphere":{"host":"vcenter.test","username":"user","password":"right","network":"net0"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		var stderr bytes.Buffer
		var err error
		if code := Main(ctx, append([]string{"--dir", dir, "--inventory", inventory}, args...), &stderr); code != 0 {
			err = fmt.Errorf("exit %d: %s", code, &stderr)
		}
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	var s state
	eventually(t, "state.json", func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, "state.json"))
		return err == nil && json.Unmarshal(raw, &s) == nil
	})
	return s
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(testLimit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s after %s", what, testLimit)
		}
	}
}

// login opens a session at the simulated vCenter by its name, through the proxy, trusting the rehearsal's CA only.
func login(t *testing.T, s state, password string) (*vim25.Client, error) {
	t.Helper()
	c := soap.NewClient(&url.URL{Scheme: "https", Host: testHost, Path: "/sdk"}, false)
	proxy, err := url.Parse(s.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	c.DefaultTransport().Proxy = http.ProxyURL(proxy)
	if err := c.SetRootCAs(s.CAFile); err != nil {
		t.Fatal(err)
	}
	client, err := vim25.NewClient(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return client, session.NewManager(client).Login(t.Context(), url.UserPassword("user", password))
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	if _, err := login(t, start(t), "wrong"); err == nil || !strings.Contains(err.Error(), "Login failure") {
		t.Errorf("login with a wrong password: %v", err)
	}
}

func TestAnUnknownHostIsRefusedAndListed(t *testing.T) {
	s := start(t)
	proxy, _ := url.Parse(s.Proxy)
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	if _, err := client.Get("https://elsewhere.example.org/"); err == nil { //nolint:bodyclose // there is no response
		t.Error("a host that is not simulated answered")
	}
	var refused []string
	ask(t, s, "/refused", &refused)
	if !slices.Contains(refused, "elsewhere.example.org:443") {
		t.Errorf("refused: %v", refused)
	}
}

func ask(t *testing.T, s state, path string, v any) {
	t.Helper()
	response, err := http.Get(s.Control + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// TestAMachineBecomesANode clones and powers on a control plane and a worker with user data as the bootstrap provider
// writes it, asks their API server through the proxy by the endpoint's own address, and destroys them.
func TestAMachineBecomesANode(t *testing.T) {
	s := start(t)
	client, err := login(t, s, "right")
	if err != nil {
		t.Fatal(err)
	}
	authorities := secret.NewCertificatesForInitialControlPlane(nil)
	if err := authorities.Generate(); err != nil {
		t.Fatal(err)
	}
	first := cloneMachine(t, client, "demo-control-plane-a", controlPlaneData(authorities))
	api := workloadClient(t, s, authorities)
	wantNodes(t, api, "demo-control-plane-a")
	worker := cloneMachine(t, client, "demo-worker-b", workerData())
	wantNodes(t, api, "demo-control-plane-a", "demo-worker-b")

	node, err := api.CoreV1().Nodes().Get(t.Context(), "demo-worker-b", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "vsphere://" + worker.UUID(t.Context()); node.Spec.ProviderID != want {
		t.Errorf("provider ID %s, want %s", node.Spec.ProviderID, want)
	}
	if node.Status.NodeInfo.KubeletVersion != "v1.36.3" {
		t.Errorf("kubelet %s, want the template's version", node.Status.NodeInfo.KubeletVersion)
	}

	destroy(t, worker)
	wantNodes(t, api, "demo-control-plane-a")
	destroy(t, first)
	eventually(t, "end of the cluster", func() bool {
		_, err := api.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		return err != nil
	})
}

type machine struct{ *object.VirtualMachine }

func cloneMachine(t *testing.T, client *vim25.Client, name, data string) machine {
	t.Helper()
	vm, err := tryClone(t, client, name, data)
	if err != nil {
		t.Fatal(err)
	}
	if err := wait(t.Context())(vm.PowerOn(t.Context())); err != nil {
		t.Fatal(err)
	}
	return machine{vm}
}

func tryClone(t *testing.T, client *vim25.Client, name, data string) (*object.VirtualMachine, error) {
	t.Helper()
	finder := find.NewFinder(client)
	dc, err := finder.DefaultDatacenter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	finder.SetDatacenter(dc)
	template, err := finder.VirtualMachine(t.Context(), "ubuntu-2404-kube-v1.36.3")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := finder.ResourcePool(t.Context(), "*/Resources")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := dc.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ref := pool.Reference()
	task, err := template.Clone(t.Context(), folders.VmFolder, name, types.VirtualMachineCloneSpec{
		Location: types.VirtualMachineRelocateSpec{Pool: &ref},
		Config: &types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
			&types.OptionValue{Key: "guestinfo.userdata", Value: base64.StdEncoding.EncodeToString([]byte(data))},
		}},
	})
	if err != nil {
		return nil, err
	}
	done, err := task.WaitForResult(t.Context())
	if err != nil {
		return nil, err
	}
	return object.NewVirtualMachine(client, done.Result.(types.ManagedObjectReference)), nil
}

func destroy(t *testing.T, m machine) {
	t.Helper()
	if err := wait(t.Context())(m.PowerOff(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := wait(t.Context())(m.Destroy(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// controlPlaneData is user data in the shape of the kubeadm bootstrap provider's.
func controlPlaneData(authorities secret.Certificates) string {
	var b strings.Builder
	b.WriteString("## template: jinja\n#cloud-config\nwrite_files:\n")
	file := func(path, content string) {
		b.WriteString("- path: " + path + "\n  content: |\n    " + strings.ReplaceAll(strings.TrimSpace(content), "\n", "\n    ") + "\n")
	}
	for _, c := range authorities {
		file(c.CertFile, string(c.KeyPair.Cert))
		file(c.KeyFile, string(c.KeyPair.Key))
	}
	file("/run/kubeadm/kubeadm.yaml", "kind: ClusterConfiguration\nclusterName: demo\ncontrolPlaneEndpoint: "+testEndpoint+
		"\n---\nkind: InitConfiguration\n")
	b.WriteString("runcmd:\n- kubeadm init --config /run/kubeadm/kubeadm.yaml\n")
	return b.String()
}

func workerData() string {
	return "#cloud-config\nwrite_files:\n- path: /run/kubeadm/kubeadm-join-config.yaml\n  content: |\n    kind: JoinConfiguration\n" +
		"    discovery:\n      bootstrapToken:\n        apiServerEndpoint: " + testEndpoint + "\n" +
		"runcmd:\n- [kubeadm, join]\n- kubeadm join --config /run/kubeadm/kubeadm-join-config.yaml\n"
}

// workloadClient speaks to the cluster as its administrator, verifying the endpoint's certificate.
func workloadClient(t *testing.T, s state, authorities secret.Certificates) kubernetes.Interface {
	t.Helper()
	pair := authorities.GetByPurpose(secret.ClusterCA).KeyPair
	ca, err := certs.DecodeCertPEM(pair.Cert)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := url.Parse(s.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	api, err := kubernetes.NewForConfig(&rest.Config{
		Host: "https://" + testEndpoint, Proxy: http.ProxyURL(proxy),
		TLSClientConfig: rest.TLSClientConfig{CAData: certs.EncodeCertPEM(ca)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func wantNodes(t *testing.T, api kubernetes.Interface, want ...string) {
	t.Helper()
	var got []string
	eventually(t, "nodes "+strings.Join(want, ", "), func() bool {
		list, err := api.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return false
		}
		got = nil
		for _, n := range list.Items {
			if slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
				return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
			}) {
				got = append(got, n.Name)
			}
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}
