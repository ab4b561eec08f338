package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/audit"
	"github.com/slipway-sh/slipway/internal/cli"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/view"
)

// TestACommandIsNotedOnItsCluster scales clusters on a real API server, and finds who did it in both places.
func TestACommandIsNotedOnItsCluster(t *testing.T) {
	config := kubetest.Plane(t)
	c := kubetest.Client(t, config)
	home := t.TempDir()
	kubeconfig := filepath.Join(home, "kubeconfig")
	if err := clientcmd.WriteToFile(kubeconfigOf(config), kubeconfig); err != nil {
		t.Fatal(err)
	}
	cluster := kubetest.Cluster("default", "dev1")
	if err := c.API().Create(t.Context(), cluster); err != nil {
		t.Fatal(err)
	}
	scale := func(args ...string) int {
		return int(cli.Run(t.Context(), cli.Deps{
			Streams: view.Streams{In: strings.NewReader(""), Out: t.Output(), Err: t.Output()}, Environ: []string{"HOME=" + home},
			UserHome: home, InvokedAs: "slipway", Now: time.Now, Tables: tables,
		}, append([]string{"scale", "cluster", "--kubeconfig", kubeconfig}, args...)))
	}
	if code := scale("dev1", "-w", "3"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if code := scale("dev1", "-w", "2", "--node-pool", "none"); code == 0 {
		t.Fatal("a pool that is not there was scaled")
	}
	if code := scale("dev2", "-w", "3"); code != 6 {
		t.Fatalf("exit code %d of a cluster that is not there", code)
	}

	list := &corev1.EventList{}
	if err := c.API().List(t.Context(), list, client.InNamespace("default"), client.MatchingFields{"involvedObject.kind": "Cluster"}); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, e := range list.Items {
		if e.Reason != "SlipwayScale" || e.InvolvedObject.UID != cluster.UID || e.InvolvedObject.Name != "dev1" {
			t.Errorf("event %s on %v", e.Reason, e.InvolvedObject)
		}
		kinds[e.Type] = e.Message
	}
	if len(list.Items) != 2 || !strings.Contains(kinds["Normal"], "dev1 -w 3: ok") || !strings.Contains(kinds["Warning"], "--node-pool none: failed: ") {
		t.Errorf("%d events: %q", len(list.Items), kinds)
	}
	raw, err := os.ReadFile(filepath.Join(home, ".slipway", audit.FileName))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	var first audit.Entry
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 || first.Result != audit.OK || first.Cluster != "default/dev1" || first.Management != config.Host || first.PID != os.Getpid() || first.User == "" {
		t.Errorf("%d lines, the first %+v", len(lines), first)
	}
}

func kubeconfigOf(config *rest.Config) clientcmdapi.Config {
	out := clientcmdapi.NewConfig()
	out.Clusters["c"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData, CertificateAuthority: config.CAFile}
	out.AuthInfos["u"] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, ClientCertificate: config.CertFile, ClientKey: config.KeyFile, Token: config.BearerToken,
	}
	out.Contexts["c"], out.CurrentContext = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}, "c"
	return *out
}
