//go:build e2e

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// wantMachines asks the simulated vCenter, which is the only one to know what is really there.
func (r *rehearsal) wantMachines(want int) {
	r.t.Helper()
	machines, err := r.simulator().Machines(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if len(machines) != want {
		r.t.Errorf("the simulated vCenter holds %d machines, want %d: %+v", len(machines), want, machines)
	}
}

// wantCloned looks into the log of calls for the clones of these machines.
func (r *rehearsal) wantCloned(prefixes ...string) {
	r.t.Helper()
	calls, err := r.simulator().Calls(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	powered := ""
	clones := 0
	for _, c := range calls {
		switch c.Method {
		case "CloneVM_Task":
			clones++
		case "PowerOnVM_Task":
			powered += c.Object + "\n"
		}
	}
	if clones < len(prefixes) {
		r.t.Errorf("%d clones, want at least %d", clones, len(prefixes))
	}
	for _, prefix := range prefixes {
		if !strings.Contains(powered, prefix) {
			r.t.Errorf("no machine %s… was powered on:\n%s", prefix, powered)
		}
	}
}

// client reaches the simulated clouds as any program does: by their hosts, through the proxy.
func (r *rehearsal) client() *http.Client {
	r.t.Helper()
	state := r.simulator()
	pem, err := os.ReadFile(state.CAFile)
	if err != nil {
		r.t.Fatal(err)
	}
	proxy, err := url.Parse(state.Proxy)
	if err != nil {
		r.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// wantNodes fetches the cluster's credentials as a person would and asks its own API server, through the proxy.
func (r *rehearsal) wantNodes(cluster string, want int) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "kubeconfig")
	r.must("get", "credentials", cluster, "--export-file", file)
	r.wantNodesOf(file, "", want)
}

// wantNodesOf asks the API server of a context of the kubeconfig, "" being the current one, through the proxy.
func (r *rehearsal) wantNodesOf(file, contextName string, want int) {
	r.t.Helper()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: file}, &clientcmd.ConfigOverrides{CurrentContext: contextName}).ClientConfig()
	if err != nil {
		r.t.Fatal(err)
	}
	proxy, err := url.Parse(r.simulator().Proxy)
	if err != nil {
		r.t.Fatal(err)
	}
	config.Proxy = http.ProxyURL(proxy)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		r.t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(r.t.Context(), metav1.ListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	ready := 0
	for _, node := range nodes.Items {
		for _, c := range node.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	if ready != want {
		r.t.Errorf("%s of %s has %d ready nodes, want %d", contextName, file, ready, want)
	}
}

// wantNothing looks into the default namespace of the management cluster for what a deleted cluster left behind.
func (r *rehearsal) wantNothing(resources ...string) {
	r.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(r.planeDir(), "admin.kubeconfig"))
	if err != nil {
		r.t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, resource := range resources {
		kind := schema.GroupVersionResource{Group: "cluster.x-k8s.io", Version: "v1beta2", Resource: resource}
		if resource == "secrets" {
			kind = corev1.SchemeGroupVersion.WithResource(resource)
		}
		eventually(r.t, time.Minute, func() (string, bool) {
			list, err := client.Resource(kind).Namespace("default").List(r.t.Context(), metav1.ListOptions{})
			if err != nil {
				return err.Error(), false
			}
			return resource + " left behind: " + names(list), len(list.Items) == 0
		})
	}
}

func names(list *unstructured.UnstructuredList) string {
	var out []string
	for _, item := range list.Items {
		out = append(out, item.GetName())
	}
	return strings.Join(out, ", ")
}

// planePID reads which process the rehearsal's plane is.
func (r *rehearsal) planePID() string {
	r.t.Helper()
	var state struct {
		PID int `json:"pid"`
	}
	if err := json.Unmarshal([]byte(r.must("management-cluster", "status", "-o", "json").stdout), &state); err != nil {
		r.t.Fatal(err)
	}
	if state.PID == 0 {
		r.t.Fatal("the plane does not run")
	}
	return strconv.Itoa(state.PID)
}
