//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/daemon"
	"github.com/slipway-sh/slipway/internal/simctl"
	"github.com/slipway-sh/slipway/providers/vsphere/image/ovatest"
)

// TestVerbsWithoutACluster runs what only needs a management cluster and a vCenter, on one plane, and ends by deleting
// the management cluster.
func TestVerbsWithoutACluster(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.step(t, "config view", (*rehearsal).testConfigView)
	r.step(t, "image import", (*rehearsal).testImageImport)
	r.step(t, "as tkg", (*rehearsal).testAsTKG)
	r.step(t, "typeable advice", (*rehearsal).testAdvice)
	r.step(t, "register a management cluster", (*rehearsal).testRegister)
	r.step(t, "delete the management cluster", (*rehearsal).testDeleteManagement)
}

// TestVerbsOfACluster makes one cluster from a manifest and uses what can be done with a cluster.
func TestVerbsOfACluster(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.step(t, "create from a manifest", (*rehearsal).testManifest)
	r.step(t, "get credentials", (*rehearsal).testCredentials)
	r.step(t, "machine health checks", (*rehearsal).testHealthChecks)
	r.step(t, "get clusters", (*rehearsal).testGetClusters)
	r.step(t, "a management cluster in use", (*rehearsal).testManagementInUse)
	r.step(t, "delete", func(r *rehearsal) { r.must("delete", "cluster", "demo", "--yes", "--wait") })
	r.step(t, "delete the management cluster", (*rehearsal).testDeleteManagement)
}

// step is a subtest on the plane of its parent; the ones after it do not run when it fails.
func (r *rehearsal) step(t *testing.T, name string, test func(*rehearsal)) {
	t.Helper()
	if !t.Run(name, func(t *testing.T) { test(r.with(t)) }) {
		t.FailNow()
	}
}

// with is the same rehearsal in another test, with more in its environment.
func (r *rehearsal) with(t *testing.T, env ...string) *rehearsal {
	return &rehearsal{t: t, home: r.home, env: slices.Concat(r.env, env), as: r.as}
}

// refused is run for a command that has to end with this code and say all of this.
func (r *rehearsal) refused(code int, say []string, args ...string) {
	r.t.Helper()
	got := r.run(args...)
	if got.code != code {
		r.t.Errorf("slipway %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got.code, code, got.stdout, got.stderr)
	}
	r.wantText("stderr of slipway "+strings.Join(args, " "), got.stderr, say...)
}

func (r *rehearsal) wantText(what, text string, parts ...string) {
	r.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			r.t.Errorf("%s lacks %q:\n%s", what, part, text)
		}
	}
}

// wantFields compares a table without its padding, line by line.
func (r *rehearsal) wantFields(table string, want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, fields(table)); diff != "" {
		r.t.Error(diff)
	}
}

// fields are the lines of a table without its padding.
func fields(table string) []string {
	var out []string
	for line := range strings.Lines(table) {
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	return out
}

func (r *rehearsal) readJSON(into any, args ...string) {
	r.t.Helper()
	out := r.must(append(args, "-o", "json")...).stdout
	if err := json.Unmarshal([]byte(out), into); err != nil {
		r.t.Fatalf("slipway %s -o json: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (r *rehearsal) readFile(path string) string {
	r.t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw)
}

func (r *rehearsal) writeFile(name, text string) string {
	r.t.Helper()
	path := filepath.Join(r.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// kubeconfig is the one that rehearsed commands change.
func (r *rehearsal) kubeconfig() string { return filepath.Join(r.home, "rehearsal", "kubeconfig") }

func (r *rehearsal) testConfigView() {
	r = r.with(r.t, "VSPHERE_NUM_CPUS=6", "VSPHERE_PASSWORD=hunter2hunter2")
	var settings []struct {
		Name, Value string
		Origin      struct{ Source, Where string }
	}
	r.readJSON(&settings, "config", "view", "--origin", "-p", "dev")
	place := filepath.Join(r.home, "rehearsal", "home", "config.yaml")
	above, _, _ := strings.Cut(r.readFile(place), "VSPHERE_SERVER:")
	place += fmt.Sprintf(":%d", strings.Count(above, "\n")+1)
	want := map[string][3]string{
		"CLUSTER_PLAN":          {"dev", "flag", "--plan"},
		"VSPHERE_NUM_CPUS":      {"6", "environment", "$VSPHERE_NUM_CPUS"},
		"VSPHERE_SERVER":        {"vcenter.rehearsal.test", "file", place},
		"WORKER_MACHINE_COUNT":  {"1", "plan", "plan dev"},
		"VIP_NETWORK_INTERFACE": {"eth0", "default", "default"},
		"VSPHERE_PASSWORD":      {"<redacted>", "environment", "$VSPHERE_PASSWORD"},
	}
	for _, s := range settings {
		if wanted, ok := want[s.Name]; ok && wanted != [3]string{s.Value, s.Origin.Source, s.Origin.Where} {
			r.t.Errorf("%s is %+v, want %q", s.Name, s, wanted)
		}
		delete(want, s.Name)
	}
	if len(want) > 0 {
		r.t.Errorf("not shown: %v", want)
	}
	table := r.must("config", "view", "--origin", "-p", "dev")
	r.wantText("config view --origin", table.stdout, "$VSPHERE_NUM_CPUS", "plan dev", "--plan", place, "<redacted>")
	if strings.Contains(table.stdout+table.stderr, "hunter2") {
		r.t.Error("config view shows the password")
	}
}

// version is a version that the scene has no template of.
const version = "v1.34.9"

func (r *rehearsal) testImageImport() {
	ova := ovatest.Write(r.t, ovatest.PartsOf("SHA256", version))
	damaged := ovatest.PartsOf("SHA256", version)
	damaged[len(damaged)-1].Content[7] = 'X'
	if out := r.must("get", "kubernetesversions").stdout; strings.Contains(out, version) {
		r.t.Fatalf("%s is there before it was imported:\n%s", version, out)
	}
	r.refused(1, []string{"the OVA is refused", "node-disk1.vmdk is damaged"}, "image", "import", ovatest.Write(r.t, damaged))
	if n := r.calls("ImportVApp"); n != 0 {
		r.t.Errorf("a damaged image got as far as %d uploads", n)
	}
	first := r.must("image", "import", ova)
	r.wantText("the import", first.stderr, "The template is imported.")
	r.wantFields(first.stdout, "TEMPLATE", "/dc0/vm/clusters/ubuntu-kube")
	again := r.must("image", "import", ova)
	r.wantText("the second import", again.stderr, "there already, with the same content")
	if imported, snapshots := r.calls("ImportVApp"), r.calls("CreateSnapshot_Task"); imported != 1 || snapshots != 1 {
		r.t.Errorf("two imports of one image uploaded %d times and made %d snapshots, want 1 and 1", imported, snapshots)
	}
	var result struct {
		Path     string
		Imported bool
	}
	r.readJSON(&result, "image", "import", ova, "--name", "renamed")
	if result.Path != "/dc0/vm/clusters/renamed" || !result.Imported {
		r.t.Errorf("import --name: %+v", result)
	}
	if n := r.calls("MarkAsTemplate"); n != 2 {
		r.t.Errorf("%d templates were made, want 2", n)
	}
	if out := r.must("get", "kubernetesversions").stdout; !slices.Contains(strings.Fields(out), version) {
		r.t.Errorf("get kubernetesversions lacks %s:\n%s", version, out)
	}
}

// calls counts one method in the simulated vCenter's log.
func (r *rehearsal) calls(method string) int {
	r.t.Helper()
	all, err := r.simulator().Calls(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return len(slices.DeleteFunc(all, func(c simctl.Call) bool { return c.Method != method }))
}

// testAsTKG calls the program by the name of a link, as a machine that replaces TKG has it.
func (r *rehearsal) testAsTKG() {
	link := filepath.Join(r.t.TempDir(), "tkg")
	if err := os.Symlink(program("slipway"), link); err != nil {
		r.t.Fatal(err)
	}
	r = r.with(r.t)
	r.as = link
	r.wantFields(r.must("get", "cluster").stdout, "NAME NAMESPACE STATUS CONTROLPLANE WORKERS KUBERNETES ROLES")
	r.wantFields(r.must("get", "mc").stdout,
		"MANAGEMENT-CLUSTER-NAME CONTEXT-NAME STATUS", "mgmt * mgmt-admin@mgmt Success")
	manifest := r.must("create", "cluster", "x", "-p", "dev", "-w", "2", "-d").stdout
	r.wantText("the dry run", manifest, "kind: Cluster\n", "  name: x\n", "        replicas: 2\n")
	r.wantFields(r.must("get", "cluster").stdout, "NAME NAMESPACE STATUS CONTROLPLANE WORKERS KUBERNETES ROLES")
	r.refused(6, []string{"next:   tkg rehearse -- get clusters"}, "describe", "cluster", "no-such")
}

// testAdvice types what an error says to type.
func (r *rehearsal) testAdvice() {
	got := r.run("get", "mc", "-n", "no-such")
	_, advice, found := strings.Cut(got.stderr, "next:   slipway ")
	if !found {
		r.t.Fatalf("no advice:\n%s", got.stderr)
	}
	if got := r.exec(r.t.Context(), strings.Fields(advice)...); got.code != 0 || !strings.Contains(got.stdout, "mgmt *") {
		r.t.Errorf("slipway %s: exit %d\n%s%s", advice, got.code, got.stdout, got.stderr)
	}
}

// testRegister registers the plane once more under another name, as if it were somebody else's.
func (r *rehearsal) testRegister() {
	r.keepByHand()
	copied := strings.ReplaceAll(r.readFile(r.kubeconfig()), "mgmt-admin@mgmt", "ann@other")
	file := r.writeFile("kubeconfig", strings.ReplaceAll(copied, "mgmt", "other")+"current-context: ann@other\n")
	r.must("add", "management-cluster", "--kubeconfig", file)
	r.wantFields(r.must("get", "management-cluster").stdout, "MANAGEMENT-CLUSTER-NAME CONTEXT-NAME STATUS",
		"mgmt mgmt-admin@mgmt Success", "other * ann@other Success")
	if len(r.clusters()) != 0 {
		r.t.Error("the registered management cluster lists clusters")
	}
	r.refused(2, []string{"mgmt is registered already", "next: --overwrite"}, "add", "mc", "--kubeconfig", r.kubeconfig())
	r.refused(6, []string{"did you mean mgmt?"}, "set", "management-cluster", "mgnt")
	r.must("set", "management-cluster", "mgmt")
	r.wantFields(r.must("get", "mc", "-n", "mgmt").stdout, "MANAGEMENT-CLUSTER-NAME CONTEXT-NAME STATUS", "mgmt * mgmt-admin@mgmt Success")
	forgotten := r.must("delete", "management-cluster", "other", "--yes")
	r.wantText("delete", forgotten.stderr, "It was not made on this machine, and goes on as it is.")
	r.planePID() // fails when it does not run
	r.wantFields(r.must("get", "mc").stdout, "MANAGEMENT-CLUSTER-NAME CONTEXT-NAME STATUS", "mgmt * mgmt-admin@mgmt Success")
}

// testDeleteManagement deletes the plane and looks for what is left, in the kubeconfig of keepByHand too.
func (r *rehearsal) testDeleteManagement() {
	before := strings.Replace(r.readFile(r.kubeconfig()), "current-context: mgmt-admin@mgmt", `current-context: ""`, 1)
	pid, err := strconv.Atoi(r.planePID())
	if err != nil {
		r.t.Fatal(err)
	}
	r.must("delete", "management-cluster", "mgmt", "--yes")
	if daemon.Alive(pid) {
		r.t.Error("the plane still runs")
	}
	if _, err := os.Stat(r.planeDir()); !os.IsNotExist(err) {
		r.t.Errorf("the plane's data is still there: %v", err)
	}
	after := r.readFile(r.kubeconfig())
	if strings.Contains(after, "mgmt") || !strings.Contains(after, "https://mine.test") {
		r.t.Errorf("the wrong things are left:\n%s", after)
	}
	r.wantSubsequence(after, before)
	r.wantFields(r.must("get", "mc").stdout, "MANAGEMENT-CLUSTER-NAME CONTEXT-NAME STATUS")
	r.refused(6, []string{"there is no management cluster yet"}, "get", "clusters")
}

// wantSubsequence wants every line of some in all, in the same order: nothing was added or changed.
func (r *rehearsal) wantSubsequence(some, all string) {
	r.t.Helper()
	rest := strings.Split(all, "\n")
	for line := range strings.Lines(some) {
		i := slices.Index(rest, strings.TrimSuffix(line, "\n"))
		if i < 0 {
			r.t.Errorf("the line %q is new or has moved:\n%s", line, some)
			return
		}
		rest = rest[i+1:]
	}
}

// testManifest creates the cluster from what config cluster printed, with two workers, where the plan has one.
func (r *rehearsal) testManifest() {
	printed := r.must("config", "cluster", "demo", "-p", "dev", "-w", "2").stdout
	const field = "  clusterNetwork:"
	wrong := r.writeFile("wrong.yaml", strings.Replace(printed, field, "  clusterNetwrk:", 1))
	above, _, found := strings.Cut(printed, field)
	if !found {
		r.t.Fatalf("the manifest has no clusterNetwork:\n%s", printed)
	}
	line := strings.Count(above, "\n") + 1
	r.refused(2, []string{fmt.Sprintf("%s:%d: unknown field %q", wrong, line, "spec.clusterNetwrk")},
		"create", "cluster", "demo", "-p", "dev", "--manifest", wrong)
	if left := r.clusters(); len(left) != 0 {
		r.t.Errorf("a refused manifest made %v", left)
	}
	file := r.writeFile("demo.yaml", printed)
	if again := r.must("create", "cluster", "demo", "-p", "dev", "--manifest", file, "--dry-run").stdout; again != printed {
		r.t.Errorf("the dry run of a manifest prints another one:\n%s", cmp.Diff(printed, again))
	}
	r.must("create", "cluster", "demo", "-p", "dev", "--manifest", file)
	r.wantMachines(3)
	var changes []any
	r.readJSON(&changes, "create", "cluster", "demo", "-p", "dev", "-w", "2", "--dry-run")
	if len(changes) > 0 {
		r.t.Errorf("creating it without the manifest would change %v", changes)
	}
}

// keepByHand makes the kubeconfig one that somebody writes into by hand, and gives its text.
func (r *rehearsal) keepByHand() string {
	r.t.Helper()
	mine := strings.NewReplacer(
		"contexts:\n", "contexts:\n# mine\n- context: {cluster: mine, user: mine} # flow style\n  name: mine\n",
		"clusters:\n", "clusters:\n- {cluster: {server: 'https://mine.test'}, name: mine}\n",
		"users:\n", "users:\n-   name: mine # four spaces\n    user: {token: t}\n",
	).Replace("# kept by hand\n" + r.readFile(r.kubeconfig()))
	if err := os.WriteFile(r.kubeconfig(), []byte(mine), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return mine
}

// testCredentials merges the cluster's context into a kubeconfig that has more in it than Slipway's.
func (r *rehearsal) testCredentials() {
	mine := r.keepByHand()
	got := r.must("get", "credentials", "demo")
	merged := r.readFile(r.kubeconfig())
	r.wantSubsequence(mine, merged)
	r.wantText("the kubeconfig", merged, "name: demo-admin@demo", "name: mine # four spaces")
	if info, err := os.Stat(r.kubeconfig()); err != nil || info.Mode().Perm() != 0o600 {
		r.t.Errorf("the kubeconfig has mode %v, %v", info.Mode(), err)
	}
	r.wantNodesOf(r.kubeconfig(), "demo-admin@demo", 3)
	_, advice, _ := strings.Cut(got.stderr, "Use them with: ")
	r.wantText("what to type", advice, "HTTPS_PROXY="+r.simulator().Proxy+" kubectl --kubeconfig "+r.kubeconfig()+" --context demo-admin@demo get nodes")
	r.must("get", "credentials", "demo")
	if again := r.readFile(r.kubeconfig()); again != merged {
		r.t.Errorf("getting them again changed the kubeconfig:\n%s", cmp.Diff(merged, again))
	}
}

func (r *rehearsal) testHealthChecks() {
	const columns = "NAME NAMESPACE MACHINES HEALTHY NODE-STARTUP UNHEALTHY-CONDITIONS"
	healthy := regexp.MustCompile(`\d+/\d+`) // is counted some seconds later
	want := func(rows ...string) {
		r.t.Helper()
		r.wantFields(healthy.ReplaceAllString(r.must("get", "machinehealthcheck", "demo").stdout, "N/N"), append([]string{columns}, rows...)...)
	}
	control := "demo-control-plane default control plane N/N 20m Ready:Unknown:5m,Ready:False:12m"
	want(control, "demo-md-0 default pool md-0 N/N 20m Ready:Unknown:5m,Ready:False:12m")
	eventually(r.t, time.Minute, func() (string, bool) {
		out := r.must("get", "mhc", "demo").stdout
		return out, strings.Contains(out, " 1/1 ") && strings.Contains(out, " 2/2 ")
	})

	r.must("set", "machinehealthcheck", "demo", "--node-startup-timeout", "7m", "--unhealthy-conditions", "Ready:False:9m")
	pool := "demo-md-0 default pool md-0 N/N 7m Ready:Unknown:5m,Ready:False:9m"
	want(control, pool)
	r.must("set", "mhc", "demo", "--mhc-name", "demo-control-plane", "--unhealthy-conditions", "DiskPressure:True:1h")
	control += ",DiskPressure:True:1h"
	r.must("set", "mhc", "demo", "--mhc-name", "own", "--match-labels", "a:b")
	want(control, pool, "own default by labels N/N 20m Ready:False:5m,Ready:Unknown:5m")
	r.refused(2, []string{"Sunny", "soon"}, "set", "mhc", "demo", "--unhealthy-conditions", "Sunny:True:1m", "--node-startup-timeout", "soon")
	r.refused(2, []string{"chosen by the cluster's topology"}, "set", "mhc", "demo", "--mhc-name", "demo-md-0", "--match-labels", "a:b")
	r.refused(6, []string{"default/no-such"}, "set", "mhc", "demo", "--mhc-name", "no-such")

	r.must("delete", "machinehealthcheck", "demo", "--mhc-name", "own", "--yes")
	want(control, pool)
	r.must("delete", "machinehealthcheck", "demo", "--yes")
	want(control)
	r.refused(6, []string{"no such machine health check", "next:   slipway rehearse -- get machinehealthcheck demo"}, "delete", "mhc", "demo", "--yes")
	r.must("set", "mhc", "demo")
	want(control, "demo-md-0 default pool md-0 N/N 20m Ready:False:5m,Ready:Unknown:5m")
	r.wantMachines(3)
}

func (r *rehearsal) testGetClusters() {
	var clusters []map[string]any
	r.readJSON(&clusters, "get", "clusters", "--include-management-cluster")
	if len(clusters) != 2 || clusters[0]["name"] != "demo" || clusters[1]["name"] != "mgmt" {
		r.t.Fatalf("got %v", clusters)
	}
	if created, ok := clusters[1]["created"]; ok {
		r.t.Errorf("the plane was created at %v", created)
	}
	if _, ok := clusters[0]["created"]; !ok {
		r.t.Error("the cluster has no time of creation")
	}
	r.wantFields(r.must("get", "cluster", "--include-management-cluster").stdout,
		"NAME NAMESPACE STATUS CONTROLPLANE WORKERS KUBERNETES ROLES",
		"demo default running 1/1 2/2 v1.36.3 <none>", "mgmt tkg-system running 1/1 0/0 v1.36.3 management")
}

// testManagementInUse wants the plane to be kept while it has a cluster, and while nobody knows whether it has one.
func (r *rehearsal) testManagementInUse() {
	r.refused(2, []string{
		"mgmt: workload cluster default/demo is still there (running)", "next: slipway rehearse -- delete cluster demo -n default --wait",
	}, "delete", "management-cluster", "mgmt", "--yes")
	r.must("management-cluster", "stop")
	r.refused(2, []string{"its workload clusters cannot be counted", "next: slipway rehearse -- management-cluster start"},
		"delete", "mc", "mgmt", "--yes")
	r.must("management-cluster", "start")
	if got := r.clusters(); len(got) != 1 {
		r.t.Errorf("after the refusals: %v", got)
	}
}
