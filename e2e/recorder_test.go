//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// recorder stands before a management cluster and keeps what it is asked by those who come through it.
type recorder struct {
	kubeconfig string

	mu    sync.Mutex
	calls []string // "GET /api/v1/..."
}

func (r *rehearsal) recorder(t *testing.T) *recorder {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(r.planeDir(), "admin.kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(target)
	behind.Transport = transport
	out := &recorder{kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		out.mu.Lock()
		out.calls = append(out.calls, request.Method+" "+request.URL.RequestURI())
		out.mu.Unlock()
		behind.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	file := api.Config{
		Clusters: map[string]*api.Cluster{"recorded": {Server: server.URL}}, AuthInfos: map[string]*api.AuthInfo{"recorded": {}},
		Contexts: map[string]*api.Context{"recorded": {Cluster: "recorded", AuthInfo: "recorded"}}, CurrentContext: "recorded",
	}
	if err := clientcmd.WriteToFile(file, out.kubeconfig); err != nil {
		t.Fatal(err)
	}
	return out
}

// wantReads checks that something was asked since the last time, and nothing but reads.
func (r *recorder) wantReads(t *testing.T, who string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.calls) == 0 {
		t.Errorf("%s has asked the management cluster nothing", who)
	}
	for _, call := range r.calls {
		method := ""
		if _, err := fmt.Sscan(call, &method); err != nil || !slices.Contains([]string{http.MethodGet, http.MethodHead}, method) {
			t.Errorf("%s is more than a look at the management cluster: %s", who, call)
		}
	}
	r.calls = nil
}
