//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/planectl"
	"github.com/slipway-sh/slipway/internal/secret"
)

// What a plane is to upstream's own tools, built from the versions that Slipway uses and not changed: a management
// cluster like any other. Slipway's command line takes no part but to start the simulator.

// upstream is a bare plane whose internet is the simulator, and upstream's tools with it.
type upstream struct {
	*rehearsal
	plane               planectl.Plane
	clusterctl, kubectl string
	config              string // clusterctl.yaml
}

// kubectlProgram builds kubectl.
func kubectlProgram(t testing.TB) string {
	t.Helper()
	return buildUpstream(t, "managers/kubectl", "k8s.io/kubernetes/cmd/kubectl")
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	r := newRehearsal(t)
	r.must("version")
	u := &upstream{rehearsal: r, clusterctl: buildClusterctl(t), kubectl: kubectlProgram(t), config: filepath.Join(t.TempDir(), "clusterctl.yaml")}
	u.plane = planectl.Plane{Dir: r.planeDir(), Program: program("slipway-plane"), Repository: repository(t), Env: u.environ(), NoFsync: true}
	if _, err := u.plane.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := clusterctlVariables + "VSPHERE_USERNAME: operator@rehearsal.test\nVSPHERE_PASSWORD: unused\nCLUSTER_TOPOLOGY: \"true\"\n" +
		"cert-manager:\n  externallyProvisioned: \"true\"\nproviders:\n"
	for _, p := range [][3]string{
		{"cluster-api", "CoreProvider", "cluster-api/*/core"}, {"kubeadm", "BootstrapProvider", "bootstrap-kubeadm/*/bootstrap"},
		{"kubeadm", "ControlPlaneProvider", "control-plane-kubeadm/*/control-plane"}, {"vsphere", "InfrastructureProvider", "infrastructure-vsphere/*/infrastructure"},
	} {
		found, err := filepath.Glob(filepath.Join(repository(t), p[2]+"-components.yaml"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", p[2], found, err)
		}
		text += "- {name: " + p[0] + ", type: " + p[1] + ", url: " + found[0] + "}\n"
	}
	if err := os.WriteFile(u.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return u
}

// environ is what a program needs whose internet is the simulator.
func (r *rehearsal) environ() []string {
	return append(r.simulator().Environ(r.env), "CLUSTERCTL_DISABLE_VERSIONCHECK=true",
		"VSPHERE_TEMPLATE=/dc0/vm/ubuntu-2404-kube-v1.36.3")
}

// tool runs one of upstream's programs, which has to end well, and gives what it printed.
func (r *rehearsal) tool(path, stdin string, args ...string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = r.environ(), strings.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("%s %s: %v\n%s%s", filepath.Base(path), strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

func (u *upstream) ctl(args ...string) string {
	u.t.Helper()
	return u.tool(u.clusterctl, "", append(args, "--config", u.config, "--kubeconfig", filepath.Join(u.planeDir(), "admin.kubeconfig"))...)
}

func (u *upstream) kube(stdin string, args ...string) string {
	u.t.Helper()
	return u.tool(u.kubectl, stdin, append([]string{"--kubeconfig", filepath.Join(u.planeDir(), "admin.kubeconfig")}, args...)...)
}

// controllers are the names of those that the plane runs.
func (u *upstream) controllers() string {
	u.t.Helper()
	state, err := u.plane.Status()
	if err != nil {
		u.t.Fatal(err)
	}
	var out []string
	for _, c := range state.Controllers {
		out = append(out, c.Name)
	}
	return strings.Join(out, " ")
}

// TestUpstreamClusterctl lets clusterctl install the providers in a bare plane, make a cluster of a template, describe
// it, and take the providers away again.
func TestUpstreamClusterctl(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.ctl("init", "--infrastructure", "vsphere", "--wait-providers")
	if got := u.controllers(); !strings.Contains(got, "capi") || !strings.Contains(got, "capv") {
		t.Errorf("the plane runs %q after clusterctl init", got)
	}
	if out := u.kube("", "get", "providers", "-A"); strings.Count(out, "vsphere") < 2 || strings.Count(out, "kubeadm") < 4 {
		t.Errorf("providers after clusterctl init:\n%s", out)
	}
	if out := u.ctl("upgrade", "plan"); !strings.Contains(out, "cert-manager") && !strings.Contains(out, "up to date") {
		t.Errorf("clusterctl upgrade plan:\n%s", out)
	}

	u.kube("", "create", "secret", "generic", "demo-vsphere", "--from-literal=username="+u.setting("VSPHERE_USERNAME"),
		"--from-literal=password="+u.setting("VSPHERE_PASSWORD"))
	manifest := u.ctl("generate", "cluster", "demo", "--from", "testdata/cluster-template-slipway.yaml",
		"--kubernetes-version", "v1.36.3", "--control-plane-machine-count", "1", "--worker-machine-count", "1", "--target-namespace", "default")
	u.kube(manifest, "apply", "--server-side", "-f", "-")
	u.kube("", "wait", "--for=condition=Available", "cluster/demo", "--timeout=4m")
	u.wantMachines(2)
	u.wantDescribed(u.ctl("describe", "cluster", "demo"))
	u.wantKubectlNodes(u.kubectl, u.ctl("get", "kubeconfig", "demo"), 2)

	u.kube("", "delete", "cluster", "demo", "--timeout=4m")
	u.wantMachines(0)
	u.ctl("delete", "--all")
	eventually(t, time.Minute, func() (string, bool) {
		got := u.controllers()
		return "the plane still runs " + got, got == ""
	})
}

// setting reads one value of the rehearsal's configuration.
func (r *rehearsal) setting(name string) string {
	r.t.Helper()
	raw, err := os.ReadFile(filepath.Join(r.home, "rehearsal", "home", "config.yaml"))
	if err != nil {
		r.t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(raw), "\n"+name+": ")
	if !found {
		r.t.Fatalf("no %s in the rehearsal's configuration", name)
	}
	value, _, _ := strings.Cut(rest, "\n")
	plain, err := secret.Decode(value)
	if err != nil {
		r.t.Fatal(err)
	}
	return plain
}

// wantKubectlNodes has kubectl ask a workload cluster, through the simulator's proxy.
func (r *rehearsal) wantKubectlNodes(kubectl, kubeconfig string, want int) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "workload")
	if err := os.WriteFile(file, []byte(kubeconfig), 0o600); err != nil {
		r.t.Fatal(err)
	}
	out := r.tool(kubectl, "", "--kubeconfig", file, "get", "nodes", "-o",
		`jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}`)
	if strings.Count(out, " True\n") != want || strings.Count(out, "\n") != want {
		r.t.Errorf("kubectl get nodes, want %d that are ready:\n%s", want, out)
	}
}

// wantDescribed reads clusterctl's tree of a cluster that is complete: columns replicas, available, ready, up to date.
func (r *rehearsal) wantDescribed(tree string) {
	r.t.Helper()
	for _, want := range []string{
		`Cluster default/demo, v1\.36\.3 +2/2 +2 +2 +2 `, `VSphereCluster default/demo`,
		`KubeadmControlPlane default/demo-control-plane, v1\.36\.3 +1/1 +1 +1 +1 `, `MachineDeployment default/demo-md-0\S*, v1\.36\.3 +1/1 +1 +1 +1 `,
	} {
		if !regexp.MustCompile(want).MatchString(tree) {
			r.t.Errorf("clusterctl describe has no line like %s:\n%s", want, tree)
		}
	}
}

// TestUpstreamToolsOnACluster has kubectl and clusterctl look at a cluster that Slipway made.
func TestUpstreamToolsOnACluster(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.must("create", "cluster", "demo", "-p", "dev")
	kubectl, admin := kubectlProgram(t), filepath.Join(r.planeDir(), "admin.kubeconfig")
	if out := r.tool(kubectl, "", "--kubeconfig", admin, "get", "clusters"); !strings.Contains(out, "demo") || !strings.Contains(out, "Provisioned") {
		t.Errorf("kubectl get clusters:\n%s", out)
	}
	r.wantDescribed(r.tool(buildClusterctl(t), "", "--kubeconfig", admin, "describe", "cluster", "demo"))

	manifest := r.must("config", "cluster", "demo", "-p", "dev", "-w", "3").stdout
	out := r.tool(kubectl, manifest, "--kubeconfig", admin, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
	if !strings.Contains(out, "cluster.cluster.x-k8s.io/demo serverside-applied (server dry run)") {
		t.Errorf("kubectl apply --dry-run=server:\n%s", out)
	}
	if got := r.clusters()[0]["workers"]; got != "1/1" {
		t.Errorf("a dry run has changed the workers to %v", got)
	}

	file := filepath.Join(t.TempDir(), "kubeconfig")
	r.must("get", "credentials", "demo", "--export-file", file)
	kubeconfig, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r.wantKubectlNodes(kubectl, string(kubeconfig), 2)
}
