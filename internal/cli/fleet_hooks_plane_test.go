package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-sh/slipway/internal/audit"
	"github.com/slipway-sh/slipway/internal/cli"
	"github.com/slipway-sh/slipway/internal/hook"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

const hookKey = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestApplyTellsHooks applies a fleet with a cluster whose cloud refuses, and without one that is there: a webhook gets to
// know both, and a command that fails is a warning and a line of the audit log.
func TestApplyTellsHooks(t *testing.T) {
	config := kubetest.Plane(t)
	c := kubetest.Client(t, config)
	gone := kubetest.Cluster("default", "gone")
	gone.Labels[kube.FleetLabel] = "hooked"
	if err := c.API().Create(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	told := map[string]hook.Data{}
	var mu sync.Mutex
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e struct {
			Type string
			Data hook.Data
		}
		key, err := standardwebhooks.NewWebhook(hookKey)
		if err == nil {
			err = key.Verify(body, r.Header)
		}
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		if err != nil {
			t.Errorf("%v: %s", err, body)
		}
		mu.Lock()
		defer mu.Unlock()
		told[e.Type] = e.Data
	}))
	defer receiver.Close()

	home := t.TempDir()
	kubeconfig, file := filepath.Join(home, "kubeconfig"), filepath.Join(home, "fleet.yaml")
	if err := clientcmd.WriteToFile(kubeconfigOf(config), kubeconfig); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("URL", receiver.URL).Replace(`fleet: hooked
VSPHERE_SERVER: 127.0.0.1
VSPHERE_USERNAME: u
VSPHERE_PASSWORD: hunter2
VSPHERE_DATACENTER: /dc0
VSPHERE_DATASTORE: ds
VSPHERE_NETWORK: VM Network
hooks:
  - webhook: URL/T0KEN
    secretEnv: HOOK_KEY
  - command: [sh, -c, 'cat >> told; echo the password is hunter2 >&2; exit 3']
    events: [cluster.deleted]
  - command: [sh, -c, 'echo never > ready']
    events: [cluster.ready]
clusters:
  - name: edge1
    variables: {VSPHERE_CONTROL_PLANE_ENDPOINT: 192.0.2.11}
`)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	code := cli.Run(t.Context(), cli.Deps{
		Streams: view.Streams{In: strings.NewReader(""), Out: t.Output(), Err: io.MultiWriter(t.Output(), &stderr)}, UserHome: home, InvokedAs: "slipway",
		Environ: []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "HOOK_KEY=whsec_" + hookKey}, Now: time.Now, Tables: tables,
		Providers: []providers.Provider{vsphere.New(vsphere.Options{})},
	}, []string{"apply", "--kubeconfig", kubeconfig, "-f", file, "--prune", "--yes", "--continue-on-error"})
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	checkTold(t, told)
	if !strings.Contains(stderr.String(), "fleet.yaml:11 (hooks[1]): cluster.deleted of default/gone did not reach sh: exit status 3: the password is <redacted>") {
		t.Error("the command that failed is no warning")
	}
	if raw, err := os.ReadFile(filepath.Join(home, "told")); err != nil || !strings.Contains(string(raw), `"type":"sh.slipway.cluster.deleted"`) {
		t.Errorf("the command got %q, %v", raw, err)
	}
	if _, err := os.Stat(filepath.Join(home, "ready")); err == nil {
		t.Error("a cluster is said to be ready")
	}
	log, err := os.ReadFile(filepath.Join(home, ".slipway", audit.FileName))
	if err != nil || !strings.Contains(string(log), `"action":"hook"`) || strings.Contains(string(log), "hunter2") || strings.Contains(string(log), "T0KEN") {
		t.Errorf("the audit log: %v\n%s", err, log)
	}
	if first, _, _ := strings.Cut(string(log), "\n"); !strings.Contains(first, `"result":"begun"`) {
		t.Errorf("an apply that is killed from now on left %s", first)
	}
}

func checkTold(t *testing.T, told map[string]hook.Data) {
	t.Helper()
	failed := told["sh.slipway.cluster.failed"]
	if !strings.Contains(failed.Message, "127.0.0.1") || strings.Contains(failed.Message, "hunter2") {
		t.Errorf("the message is %q", failed.Message)
	}
	for name, data := range told {
		data.Message, data.Seconds = "", 0
		told[name] = data
	}
	want := map[string]hook.Data{
		"sh.slipway.cluster.failed":  {Cluster: "edge1", Namespace: "default", Infrastructure: "vsphere", Fleet: "hooked", Action: "refuse", Status: "failed"},
		"sh.slipway.cluster.deleted": {Cluster: "gone", Namespace: "default", Fleet: "hooked", Action: "delete", Status: "done"},
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
