//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
)

// TestFleetMakesWhatALoopMakes compares the objects of a batch with those of TKG's way: variables of the environment and
// one create cluster after the other.
func TestFleetMakesWhatALoopMakes(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	file := filepath.Join(r.home, "fleet.yaml")
	hooks, told := listen(t)
	text := "fleet: shops\n" + hooks + "clusters:\n  - name: batch\n    workers: 2\n    variables:\n      VSPHERE_WORKER_MEM_MIB: 8192\n      VSPHERE_CONTROL_PLANE_ENDPOINT: 10.10.0.31\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.run("diff", "-f", file); got.code != 2 {
		t.Errorf("diff: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	r.must("apply", "-f", file)
	if got := r.run("diff", "-f", file); got.code != 0 {
		t.Errorf("diff after apply: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	plain := r.env
	r.env = append(r.env, "VSPHERE_WORKER_MEM_MIB=8192", "VSPHERE_CONTROL_PLANE_ENDPOINT=10.10.0.32")
	r.must("create", "cluster", "loops", "-p", "dev", "-w", "2")
	r.env = plain
	c, err := kube.Connect(filepath.Join(r.planeDir(), "admin.kubeconfig"), "")
	if err != nil {
		t.Fatal(err)
	}
	same := strings.NewReplacer("loops", "NAME", "batch", "NAME", "10.10.0.32", "ADDRESS", "10.10.0.31", "ADDRESS")
	read := func(name string) string {
		live, err := c.Cluster(t.Context(), kube.Key{Namespace: "default", Name: name})
		if err != nil {
			t.Fatal(err)
		}
		spec, err := kube.SpecOf(live)
		if err != nil {
			t.Fatal(err)
		}
		delete(live.Labels, kube.FleetLabel)
		var secrets corev1.SecretList
		if err := c.API().List(t.Context(), &secrets, client.InNamespace("default"), client.MatchingLabels{
			kube.ManagedByLabel: kube.FieldOwner, "cluster.x-k8s.io/cluster-name": name,
		}); err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprint(spec, live.Labels)
		for i := range secrets.Items {
			s := secrets.Items[i]
			delete(s.Data, kube.SealKey)
			out += "\n" + fmt.Sprintf("%s %v %s", s.Name, s.Labels, s.Data) // maps are printed in order
		}
		return same.Replace(out)
	}
	if loop, batch := read("loops"), read("batch"); loop != batch {
		t.Errorf("(-loop +batch):\n%s", cmp.Diff(strings.Split(loop, "\n"), strings.Split(batch, "\n")))
	}
	told(filepath.Join(r.home, "told"), "cluster.ready")
	if err := os.WriteFile(file, []byte("fleet: shops\n"+hooks+"clusters: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.run("apply", "-f", file, "--prune"); got.code != 2 {
		t.Errorf("a deletion that nobody confirmed: exit %d", got.code)
	}
	r.must("apply", "-f", file, "--prune", "--yes")
	if all := r.clusters(); len(all) != 1 || all[0]["name"] != "loops" {
		t.Errorf("after the prune: %v", all)
	}
	told(filepath.Join(r.home, "told"), "cluster.ready", "cluster.deleted")
}

// listen gives a webhook and a command for a fleet file, and a check that both were told of the cluster batch just this.
func listen(t *testing.T) (hooks string, told func(file string, want ...string)) {
	t.Helper()
	const key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	var mu sync.Mutex
	var got []string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e struct{ Type, Subject string }
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		if verifier, bad := standardwebhooks.NewWebhook(key); err != nil || bad != nil || verifier.Verify(body, r.Header) != nil {
			t.Errorf("not what a receiver takes: %s", body)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, strings.TrimPrefix(e.Type, "sh.slipway.")+" "+e.Subject)
	}))
	t.Cleanup(receiver.Close)
	hooks = "hooks:\n  - webhook: " + receiver.URL + "\n    secret: whsec_" + key +
		"\n  - command: [sh, -c, 'echo \"$SLIPWAY_EVENT $SLIPWAY_NAMESPACE/$SLIPWAY_CLUSTER\" >> told']\n"
	return hooks, func(file string, want ...string) {
		t.Helper()
		for i := range want {
			want[i] += " default/batch"
		}
		written, err := os.ReadFile(file)
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff(want, got); diff != "" || err != nil || string(written) != strings.Join(want, "\n")+"\n" {
			t.Errorf("hooks (-want +got):\n%sthe command wrote %q, %v", diff, written, err)
		}
	}
}
