//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	text := "fleet: shops\nclusters:\n  - name: batch\n    workers: 2\n    variables:\n      VSPHERE_WORKER_MEM_MIB: 8192\n      VSPHERE_CONTROL_PLANE_ENDPOINT: 10.10.0.31\n"
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
	if err := os.WriteFile(file, []byte("fleet: shops\nclusters: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.run("apply", "-f", file, "--prune"); got.code != 2 {
		t.Errorf("a deletion that nobody confirmed: exit %d", got.code)
	}
	r.must("apply", "-f", file, "--prune", "--yes")
	if all := r.clusters(); len(all) != 1 || all[0]["name"] != "loops" {
		t.Errorf("after the prune: %v", all)
	}
}
