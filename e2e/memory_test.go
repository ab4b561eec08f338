//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// memory is a home whose management cluster has upstream's provider for development, without any rehearsal. That
// provider listens on ports of its own choice from 19000 on, so that a machine can have one such management cluster.
type memory struct{ *rehearsal }

// inMemory is a home with such a management cluster. Its machines take a second to start, so that settings are seen to
// arrive.
func inMemory(t *testing.T) memory {
	t.Helper()
	m := memory{newRehearsal(t)}
	m.env = append(m.env, "IN_MEMORY_MACHINE_STARTUP=1s", "IN_MEMORY_NODE_STARTUP=500ms")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if got := m.exec(ctx, "management-cluster", "stop"); got.code != 0 {
			t.Errorf("management-cluster stop: exit %d\n%s", got.code, got.stderr)
		}
	})
	m.must("init", "-i", "docker", "--local", "--name", "mgmt")
	return m
}

// run is a command line as a person types it.
func (m memory) run(args ...string) result {
	m.t.Helper()
	return m.exec(m.t.Context(), args...)
}

func (m memory) must(args ...string) result {
	m.t.Helper()
	got := m.run(args...)
	if got.code != 0 {
		m.t.Fatalf("slipway %s: exit %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got
}

// create makes a cluster; its machines are those of the plan.
func (m memory) create(name string) result {
	m.t.Helper()
	return m.run("create", "cluster", name, "-i", "docker", "-p", "dev", "--kubernetes-version", "v1.36.3")
}

// wantNodes fetches the cluster's credentials and asks its API server: names of ready nodes, each of a machine of its own
// cluster, all of one version.
func (m memory) wantNodes(cluster, version string, want int) {
	m.t.Helper()
	file := filepath.Join(m.t.TempDir(), "kubeconfig")
	m.must("get", "credentials", cluster, "--export-file", file)
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		m.t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		m.t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(m.t.Context(), metav1.ListOptions{})
	if err != nil {
		m.t.Fatal(err)
	}
	ready := 0
	for _, node := range nodes.Items {
		for _, c := range node.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue && node.Status.NodeInfo.KubeletVersion == version &&
				strings.HasPrefix(node.Name, cluster+"-") {
				ready++
			}
		}
	}
	if ready != want || len(nodes.Items) != want {
		m.t.Errorf("%s has %d nodes, of that %d ready ones of %s, want %d", cluster, len(nodes.Items), ready, version, want)
	}
}

// objects of the management cluster, by their plural.
func (m memory) objects(group, resource string) []map[string]any {
	m.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(m.home, "plane", "admin.kubeconfig"))
	if err != nil {
		m.t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		m.t.Fatal(err)
	}
	kind := schema.GroupVersionResource{Group: group + "cluster.x-k8s.io", Version: "v1beta2", Resource: resource}
	list, err := client.Resource(kind).Namespace("default").List(m.t.Context(), metav1.ListOptions{})
	if err != nil {
		m.t.Fatal(err)
	}
	var out []map[string]any
	for _, item := range list.Items {
		out = append(out, item.Object)
	}
	return out
}

// running are those of the several clusters that get clusters shows as such.
func (m memory) running() []string {
	m.t.Helper()
	var clusters []struct{ Name, Status string }
	if err := json.Unmarshal([]byte(m.must("get", "clusters", "-o", "json").stdout), &clusters); err != nil {
		m.t.Fatal(err)
	}
	var names []string
	for _, c := range clusters {
		if c.Status == "running" && strings.HasPrefix(c.Name, "many-") {
			names = append(names, c.Name)
		}
	}
	return names
}

// atOnce is how many clusters are made side by side.
const atOnce = 5

// TestClustersInMemory has no cloud and no simulator: the life of one cluster, and several at once beside it. Most of a
// creation is upstream's wait before it connects to a new control plane again.
func TestClustersInMemory(t *testing.T) {
	t.Parallel()
	m := inMemory(t)
	t.Run("refusals", func(t *testing.T) { memory{m.with(t)}.testRefusals() })
	t.Run("side by side", func(t *testing.T) {
		t.Run("life", func(t *testing.T) {
			t.Parallel()
			memory{m.with(t)}.testLife()
		})
		t.Run("several at once", func(t *testing.T) {
			t.Parallel()
			memory{m.with(t)}.testSeveral()
		})
	})
	m.wantNone()
}

func (m memory) testRefusals() {
	for say, args := range map[string][]string{
		"no clusters of containers yet": {"--type", "docker", "--kubernetes-version", "v1.36.3"},
		"KUBERNETES_VERSION is not set": nil,
	} {
		got := m.run(append([]string{"create", "cluster", "one", "-i", "docker", "-p", "dev"}, args...)...)
		if got.code != 2 || !strings.Contains(got.stderr, say) {
			m.t.Errorf("%v: exit %d\n%s", args, got.code, got.stderr)
		}
	}
	m.wantNone()
}

func (m memory) testLife() {
	got := m.create("one")
	if got.code != 0 || strings.Contains(got.stderr, "warning") {
		m.t.Fatalf("create: exit %d\n%s", got.code, got.stderr)
	}
	m.wantNodes("one", "v1.36.3", 2)
	for _, machine := range m.objects("infrastructure.", "devmachines") {
		spec := machine["spec"].(map[string]any)["backend"].(map[string]any)["inMemory"]
		takes := func(d string) any { return map[string]any{"provisioning": map[string]any{"startupDuration": d}} }
		if diff := cmp.Diff(map[string]any{"vm": takes("1s"), "node": takes("500ms")}, spec); diff != "" {
			m.t.Errorf("a machine (-want +got):\n%s", diff)
		}
	}
	if sets := m.objects("addons.", "clusterresourcesets"); len(sets) != 0 {
		m.t.Errorf("add-ons of a cluster in which nothing can run: %v", sets)
	}
	m.must("upgrade", "cluster", "one", "--kubernetes-version", "v1.37.0", "--yes", "--wait") // while it is small: each machine is replaced
	m.wantNodes("one", "v1.37.0", 2)
	m.must("scale", "cluster", "one", "-c", "3", "-w", "2", "--wait")
	m.wantNodes("one", "v1.37.0", 5)
	m.must("delete", "cluster", "one", "--yes", "--wait")
	if out := m.must("leftovers", "one", "-i", "docker", "-o", "name").stdout; strings.TrimSpace(out) != "" {
		m.t.Errorf("left behind:\n%s", out)
	}
}

// testSeveral is the loop of a shell that starts each command in the background.
func (m memory) testSeveral() {
	m.each(func(name string) result { return m.create(name) })
	if got := m.running(); len(got) != atOnce {
		m.t.Errorf("running are %v", got)
	}
	for i := range atOnce {
		m.wantNodes(fmt.Sprintf("many-%d", i), "v1.36.3", 2)
	}
	m.each(func(name string) result { return m.run("delete", "cluster", name, "--yes", "--wait") })
}

func (m memory) each(do func(name string) result) {
	m.t.Helper()
	var all sync.WaitGroup
	for i := range atOnce {
		all.Go(func() {
			name := fmt.Sprintf("many-%d", i)
			if got := do(name); got.code != 0 {
				m.t.Errorf("%s: exit %d\n%s", name, got.code, got.stderr)
			}
		})
	}
	all.Wait()
}

func (m memory) wantNone() {
	m.t.Helper()
	for resource, group := range map[string]string{
		"clusters": "", "machines": "", "clusterclasses": "", "devclusters": "infrastructure.", "devmachines": "infrastructure.",
		"devmachinetemplates": "infrastructure.",
	} {
		eventually(m.t, time.Minute, func() (string, bool) {
			left := m.objects(group, resource)
			return fmt.Sprintf("%s left behind: %v", resource, left), len(left) == 0
		})
	}
}
