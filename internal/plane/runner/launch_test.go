package runner

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const pflagHelp = `Usage of manager:
      --credentials-file string             path to the credentials file (default "/etc/capv/credentials.yaml")
      --health-addr string                  The address the health endpoint binds to. (default ":9440")
      --leader-elect                        Enable leader election for controller manager.
                                            Default: false
  -v, --v Level                             number for the log level verbosity (default 0)
      --webhook-cert-dir string             Webhook cert dir. (default "/tmp/k8s-webhook-server/serving-certs/")
      --webhook-port int                    Webhook Server port (default 9443)
pflag: help requested
`

const goHelp = `Usage of manager:
  -metrics-addr string
    	The address the metric endpoint binds to. (default ":8080")
  -enable-leader-election
    	Enable leader election.
`

const operatorHelp = `Usage of azureserviceoperator v2.13.0:
  -crd-management string
    	Instructs the operator on how it should manage the Custom Resource Definitions. One of 'auto', 'none' (default "auto")
  -crd-pattern string
    	Install these CRDs. CRDs already in the cluster will also always be upgraded.
  -enable-leader-election
    	Enable leader election for controllers manager.
  -health-addr string
    	The address the healthz endpoint binds to.
  -metrics-addr string
    	The address the metric endpoint binds to. (default "0")
  -secure-metrics
    	Enable secure metrics. (default true)
  -webhook-port int
    	The port the webhook endpoint binds to. (default 9443)
`

func TestParseHelp(t *testing.T) {
	for name, c := range map[string]struct {
		help string
		want flags
	}{
		"pflag": {pflagHelp, flags{
			"credentials-file": "/etc/capv/credentials.yaml", "health-addr": ":9440", "leader-elect": "", "v": "0",
			"webhook-cert-dir": "/tmp/k8s-webhook-server/serving-certs/", "webhook-port": "9443",
		}},
		"flag":    {goHelp, flags{"metrics-addr": ":8080", "enable-leader-election": ""}},
		"no help": {"unknown command\n", flags{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, parseHelp(c.help)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCommandLineReplacesWhatThePlaneDecides(t *testing.T) {
	l := &launch{
		flags: parseHelp(pflagHelp),
		args:  []string{"--leader-elect", "--v=4", "--health-addr", ":9440", "--webhook-port=9443", "--diagnostics-address=:8443"},
	}
	var ports [purposes]int
	ports[webhook], ports[health], ports[metrics] = 1, 2, 3
	want := []string{"--v=4", "--diagnostics-address=:8443", "--webhook-port=1", "--health-addr=127.0.0.1:2", "--leader-elect=false"}
	if diff := cmp.Diff(want, l.commandLine(ports)); diff != "" {
		t.Error(diff)
	}
}

func TestCommandLineSuitsAzureServiceOperator(t *testing.T) {
	l := &launch{
		flags: parseHelp(operatorHelp),
		args:  []string{"--metrics-addr=0.0.0.0:8443", "--secure-metrics=true", "--health-addr=:8081", "--enable-leader-election", "--crd-pattern= ", "--webhook-port=9443"},
	}
	var ports [purposes]int
	ports[webhook], ports[health], ports[metrics] = 1, 2, 3
	want := []string{
		"--secure-metrics=true", "--crd-pattern= ", "--webhook-port=1", "--health-addr=127.0.0.1:2", "--metrics-addr=127.0.0.1:3",
		"--enable-leader-election=false", "--crd-management=none",
	}
	if diff := cmp.Diff(want, l.commandLine(ports)); diff != "" {
		t.Error(diff)
	}
}

func TestFindTellsTheProgramsOfAProviderApart(t *testing.T) {
	p := &programs{repository: t.TempDir()}
	for _, file := range []string{"azure/v1.21.0/manager", "azure/v1.21.0/operator_v2.13.0", "two/v1.0.0/manager", "two/v1.1.0/manager", "azure/.fetch-1/manager"} {
		path := filepath.Join(p.repository, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ label, image, program, version string }{
		"own":                    {"azure", "example.org:5000/x/controller:v1.21.0", "azure/v1.21.0/manager", "v1.21.0"},
		"further":                {"azure", "example.org/y/operator:v2.13.0", "azure/v1.21.0/operator_v2.13.0", "v2.13.0"},
		"further with a digest":  {"azure", "example.org/y/operator:v2.13.0@sha256:01", "azure/v1.21.0/operator_v2.13.0", "v2.13.0"},
		"another tag, only one":  {"azure", "example.org/x/controller:main", "azure/v1.21.0/manager", "v1.21.0"},
		"no tag, only one":       {"azure", "example.org:5000/x/controller", "azure/v1.21.0/manager", "v1.21.0"},
		"one of two":             {"two", "controller:v1.1.0", "two/v1.1.0/manager", "v1.1.0"},
		"another tag, and two":   {"two", "controller:v2.0.0", "", ""},
		"a provider of no files": {"none", "controller:v2.0.0", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			program, version, err := p.find(c.label, c.image)
			if (err != nil) != (c.program == "") {
				t.Fatalf("error is %v", err)
			}
			if rel, _ := filepath.Rel(p.repository, program); c.program != "" && (rel != c.program || version != c.version) {
				t.Errorf("got %s %s, want %s %s", rel, version, c.program, c.version)
			}
		})
	}
}

func TestLocaliseRewritesArgumentsAndDefaults(t *testing.T) {
	m := mounts{{"/tmp/k8s-webhook-server/serving-certs", "/run/cert"}, {"/etc/capv", "/run/creds"}}
	got := m.localise([]string{"--config=/etc/capv/x.yaml", "--other=/etc/capvx", "--path", "/etc/capv"}, parseHelp(pflagHelp))
	want := []string{
		"--config=/run/creds/x.yaml", "--other=/etc/capvx", "--path", "/run/creds",
		"--credentials-file=/run/creds/credentials.yaml", "--webhook-cert-dir=/run/cert",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	given := m.localise([]string{"--webhook-cert-dir=/elsewhere", "--credentials-file=/x"}, parseHelp(pflagHelp))
	if diff := cmp.Diff([]string{"--webhook-cert-dir=/elsewhere", "--credentials-file=/x"}, given); diff != "" {
		t.Errorf("a flag that was given was given again: %s", diff)
	}
}

func TestLocaliseRewritesVariables(t *testing.T) {
	m := mounts{{"/home/.aws", "/run/credentials"}}
	got := m.localiseAll(map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/home/.aws/credentials", "OTHER": "/home/.awsome"})
	want := map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/run/credentials/credentials", "OTHER": "/home/.awsome"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExpand(t *testing.T) {
	vars := map[string]string{"A": "1", "B": "$(A)"}
	for text, want := range map[string]string{
		"plain": "plain", "$(A)": "1", "x$(A)y$(A)": "x1y1", "$(NONE)": "$(NONE)", "$$(A)": "$(A)", "$(B)": "$(A)",
		"$": "$", "a$": "a$", "$(A": "$(A", "$A": "$A", "": "",
	} {
		if got := expand(text, vars); got != want {
			t.Errorf("expand(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("$(A) $$(A) $(")
	f.Fuzz(func(t *testing.T, text string) {
		if got := expand(text, nil); len(got) > len(text) {
			t.Errorf("expand(%q) = %q grew without variables", text, got)
		}
	})
}

func TestTag(t *testing.T) {
	for image, want := range map[string]string{
		"example.org/a/b:v1.2.3": "v1.2.3", "example.org:5000/a/b": "", "example.org:5000/a/b:v1": "v1",
		"example.org/a:v2@sha256:0123": "v2", "a": "",
	} {
		if got := tag(image); got != want {
			t.Errorf("tag(%q) = %q, want %q", image, got, want)
		}
	}
}

func TestServiceTargetsFindTheirPurpose(t *testing.T) {
	l := &launch{ports: []corev1.ContainerPort{{Name: "webhook-server", ContainerPort: 9443}, {Name: "metrics", ContainerPort: 8443}}}
	for name, c := range map[string]struct {
		target intstr.IntOrString
		want   purpose
		ok     bool
	}{
		"by name":         {intstr.FromString("webhook-server"), webhook, true},
		"by number":       {intstr.FromInt32(9443), webhook, true},
		"metrics":         {intstr.FromString("metrics"), metrics, true},
		"not declared":    {intstr.FromInt32(9440), health, true},
		"unknown name":    {intstr.FromString("grpc"), 0, false},
		"unknown number":  {intstr.FromInt32(1234), 0, false},
		"the wrong place": {intstr.FromInt32(443), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := l.purposeOfTarget(c.target)
			if got != c.want || ok != c.ok {
				t.Errorf("got %v, %t", got, ok)
			}
		})
	}
}

func TestFilesStayInTheirVolume(t *testing.T) {
	l := &launch{}
	err := l.addFiles("/run/x", "Secret s", map[string][]byte{"k": nil}, []corev1.KeyToPath{{Key: "k", Path: "../../escape"}})
	if err == nil {
		t.Error("a path that leaves the volume was accepted")
	}
	if err := l.addFiles("/run/x", "Secret s", map[string][]byte{"k": []byte("v"), "b": nil}, nil); err != nil {
		t.Fatal(err)
	}
	want := []file{{path: "/run/x/b", data: []byte{}}, {path: "/run/x/k", data: []byte("v")}}
	if diff := cmp.Diff(want, l.files, cmp.AllowUnexported(file{})); diff != "" {
		t.Error(diff)
	}
}

func TestChildrenInheritNoCredentials(t *testing.T) {
	r := &Runner{options: Options{Environ: []string{"HTTPS_PROXY=p", "no_proxy=n", "SSL_CERT_FILE=f", "VSPHERE_PASSWORD=x", "AWS_SECRET_ACCESS_KEY=x", "HOME=/root"}}}
	got := r.environment(&launch{folder: "/run/x"}, map[string]string{"POD_NAME": "a", "KUBECONFIG": "theirs"})
	want := []string{"HOME=/run/x", "HTTPS_PROXY=p", "KUBECONFIG=/run/x/kubeconfig", "POD_NAME=a", "SSL_CERT_FILE=f", "no_proxy=n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
