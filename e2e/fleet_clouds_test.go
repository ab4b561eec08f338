//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
)

// cloudFleet is the fleet that is shipped as an example, in a rehearsal whose management cluster has all its clouds.
type cloudFleet struct {
	*rehearsal
	file string
}

func threeClouds(t *testing.T) cloudFleet {
	t.Helper()
	r := newRehearsal(t)
	r.must("version") // starts the simulator
	permissions := r.start("config", "permissions", "aws")
	for i, cloud := range []string{"vsphere", "aws", "azure"} {
		args := []string{"init", "-i", cloud, "--local"}
		if i == 0 {
			args = append(args, "--name", "mgmt")
		}
		r.must(args...)
	}
	if got := permissions.wait(); got.code != 0 {
		t.Fatalf("config permissions: exit %d\n%s", got.code, got.stderr)
	}
	if got := r.must("get", "management-cluster", "-o", "name").stdout; strings.Count(got, "\n") != 1 {
		t.Errorf("one plane is registered as several management clusters:\n%s", got)
	}
	text, err := os.ReadFile("../docs/fleet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return cloudFleet{r, r.writeFile("fleet.yaml", string(text))}
}

// edit replaces parts of the file, each an old text and a new one.
func (f cloudFleet) edit(oldNew ...string) {
	f.t.Helper()
	text := f.readFile(f.file)
	for i := 0; i < len(oldNew); i += 2 {
		if strings.Count(text, oldNew[i]) != 1 {
			f.t.Fatalf("%q is not once in the file:\n%s", oldNew[i], text)
		}
		text = strings.Replace(text, oldNew[i], oldNew[i+1], 1)
	}
	f.write(text)
}

func (f cloudFleet) write(text string) {
	f.t.Helper()
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// entry is the text of one cluster in the file.
func (f cloudFleet) entry(name string) string {
	f.t.Helper()
	_, text, found := strings.Cut(f.readFile(f.file), "  - name: "+name+"\n")
	if !found {
		f.t.Fatalf("no cluster %s in the file", name)
	}
	text, _, _ = strings.Cut(text, "\n\n")
	return "  - name: " + name + "\n" + strings.TrimSuffix(text, "\n") + "\n"
}

// ends runs a command about the file and checks how it ends and what it says.
func (f cloudFleet) ends(code int, say []string, args ...string) result {
	f.t.Helper()
	got := f.run(append([]string{args[0], "-f", f.file}, args[1:]...)...)
	if got.code != code {
		f.t.Errorf("slipway %s: exit %d, want %d", strings.Join(args, " "), got.code, code)
	}
	f.wantText(strings.Join(args, " "), got.stdout+got.stderr, say...)
	return got
}

// TestFleetOfThreeClouds takes the shipped example through its life: made, killed while it is made, looked at, changed while
// one cloud refuses, pruned in part and deleted.
func TestFleetOfThreeClouds(t *testing.T) {
	t.Parallel()
	f := threeClouds(t)
	spare := f.start("create", "cluster", "spare", "-p", "dev") // is in nobody's fleet
	f.step(t, "create", cloudFleet.testCreation)
	if got := spare.wait(); got.code != 0 {
		t.Fatalf("create cluster spare: exit %d\n%s", got.code, got.stderr)
	}
	f.step(t, "nothing to do", cloudFleet.testNothingToDo)
	f.step(t, "all refuse", cloudFleet.testAllRefused)
	f.step(t, "change", cloudFleet.testChange)
	tills := f.entry("tills")
	f.step(t, "prune", cloudFleet.testPrune)
	f.step(t, "end", func(f cloudFleet) { f.testEnd(tills) })
}

// step is a subtest; the ones after it do not run when it fails.
func (f cloudFleet) step(t *testing.T, name string, test func(cloudFleet)) {
	t.Helper()
	if !t.Run(name, func(t *testing.T) { test(cloudFleet{f.with(t), f.file}) }) {
		t.FailNow()
	}
}

// testCreation kills apply while some of the clusters are being made, and types it again.
func (f cloudFleet) testCreation() {
	f.ends(2, []string{"create  tills", "create  web", "create  events", "3 to create, 0 to change, 0 to delete"}, "diff")
	for _, phase := range []string{"cluster class", "infrastructure ready"} {
		f.killedAt(`"phase":"`+phase+`","status":"started"`, "apply", "-f", f.file)
		if got := f.ends(2, nil, "diff"); strings.Contains(got.stdout, "refuse") || !strings.Contains(got.stdout, "0 to delete") {
			f.t.Errorf("diff after apply was killed at %s:\n%s", phase, got.stdout)
		}
	}
	got := f.ends(0, []string{"3 done, 0 failed"}, "apply")
	f.wantEvents(got.stdout, map[string]string{"tills": "done", "web": "done", "events": "done"})
	f.wantNoted("apply -f", "tills", "web", "events")
	for _, name := range []string{"tills", "web", "events"} { // a virtual node is one of the last one's
		f.wantNodes(name, 2)
	}
}

// killedAt runs a command and kills it with SIGKILL as soon as it has written such a line to stdout.
func (f cloudFleet) killedAt(marker string, args ...string) {
	f.t.Helper()
	cmd := f.command(f.t.Context(), append([]string{"rehearse", "--"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	lines, seen := bufio.NewScanner(stdout), false
	for !seen && lines.Scan() {
		seen = strings.Contains(lines.Text(), marker)
	}
	_ = cmd.Process.Kill() // it may have ended, which seen tells
	_ = cmd.Wait()
	if !seen {
		f.t.Fatalf("slipway %s ended before %s", strings.Join(args, " "), marker)
	}
}

// fleetEvent is a line of apply's stdout.
type fleetEvent struct {
	Time                            time.Time
	Cluster, Phase, Status, Message string
}

// wantEvents checks every line of apply's stdout: its form, the order of the times, that each phase that began has ended, and
// how it ended for each cluster, which is the last that is said of it.
func (f cloudFleet) wantEvents(stdout string, ends map[string]string) {
	f.t.Helper()
	var before time.Time
	open, last := map[string]bool{}, map[string]fleetEvent{}
	for line := range strings.Lines(stdout) {
		var e fleetEvent
		known := json.NewDecoder(strings.NewReader(line))
		known.DisallowUnknownFields()
		if err := known.Decode(&e); err != nil || e.Cluster == "" || e.Status == "" || e.Time.Before(before) {
			f.t.Errorf("not the next event: %v: %s", err, line)
		}
		before = e.Time
		last[e.Cluster] = e
		if id := e.Cluster + " " + e.Phase; e.Status == "started" {
			open[id] = true
		} else if e.Status != "waiting" {
			delete(open, id)
		}
	}
	if len(open) > 0 {
		f.t.Errorf("began and did not end: %v", slices.Sorted(maps.Keys(open)))
	}
	got := map[string]string{}
	for name, e := range last {
		got[name] = e.Status + e.Phase // of the cluster as a whole no phase is named
	}
	if diff := cmp.Diff(ends, got); diff != "" {
		f.t.Errorf("the last events (-want +got):\n%s", diff)
	}
}

// wantNoted looks for Events of clusters, which kubectl describe shows.
func (f cloudFleet) wantNoted(command string, clusters ...string) {
	f.t.Helper()
	c, err := kube.Connect(filepath.Join(f.planeDir(), "admin.kubeconfig"), "")
	if err != nil {
		f.t.Fatal(err)
	}
	var events corev1.EventList
	if err := c.API().List(f.t.Context(), &events, client.InNamespace("default")); err != nil {
		f.t.Fatal(err)
	}
	for _, name := range clusters {
		if !slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
			return e.InvolvedObject.Kind == "Cluster" && e.InvolvedObject.Name == name && e.Reason == "SlipwayApply" &&
				e.Type == corev1.EventTypeNormal && strings.Contains(e.Message, command)
		}) {
			f.t.Errorf("no Event of %s tells of %q", name, command)
		}
	}
}

// wantInClouds counts what there is in the clouds of each cluster: machines, or a managed cluster. Of AWS a bastion is one.
func (f cloudFleet) wantInClouds(want map[string]int) {
	f.t.Helper()
	machines, err := f.simulator().Machines(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	resources, err := f.simulator().Resources(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	got := map[string]int{}
	for _, m := range machines {
		if name, _, _ := strings.Cut(m.Name, "-"); name != "aks" { // those of a pool, which Azure makes
			got[name]++
		}
	}
	for _, r := range resources {
		if strings.EqualFold(r.Kind, "Microsoft.ContainerService/managedClusters") {
			got[path.Base(r.Name)]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("in the clouds (-want +got): %s\n%+v\n%+v", diff, machines, resources)
	}
}

// testNothingToDo applies the file again where no cloud can be reached, which takes nothing but reads of the management
// cluster.
func (f cloudFleet) testNothingToDo() {
	f.wantInClouds(map[string]int{"tills": 2, "web": 3, "events": 1, "spare": 2})
	through := f.recorder(f.t)
	f.ends(0, []string{"3 left alone"}, "diff", "--kubeconfig", through.kubeconfig)
	through.wantReads(f.t, "diff")
	own := f.with(f.t)
	own.env = append(f.simulator().Environ(f.env), "HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1",
		"SLIPWAY_HOME="+filepath.Join(f.home, "rehearsal", "home"), "TKG_CONFIG="+filepath.Join(f.home, "rehearsal", "home", "config.yaml"))
	got := own.exec(f.t.Context(), "apply", "-f", f.file, "--kubeconfig", through.kubeconfig)
	if got.code != 0 || got.stdout != "" || !strings.Contains(got.stderr, "3 left alone") {
		f.t.Errorf("apply of what is there: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	through.wantReads(f.t, "apply of what is there")
}

// testAllRefused changes all clusters while every cloud refuses the credentials.
func (f cloudFleet) testAllRefused() {
	f.edit("name: counter\n        workers: 1", "name: counter\n        workers: 2", "infrastructure: aws\n    workers: 1", "infrastructure: aws\n    workers: 2",
		"v1.35.4", "v1.36.3")
	own := f
	own.rehearsal = f.with(f.t, "VSPHERE_PASSWORD=wrong", "AWS_SECRET_ACCESS_KEY=wrong", "AZURE_CLIENT_SECRET=wrong")
	got := own.ends(7, []string{"0 done, 3 failed"}, "apply", "--yes", "--continue-on-error")
	f.wantEvents(got.stdout, map[string]string{"tills": "failed", "web": "failed", "events": "failed"})
}

// testChange has Azure refuse an upgrade for good while the other clouds do their part.
func (f cloudFleet) testChange() {
	through := f.recorder(f.t)
	f.ends(2, []string{
		"change  tills\n        spec.topology.workers.machineDeployments[name=counter].replicas: 1 -> 2\n",
		"change  web\n        spec.topology.workers.machineDeployments[name=md-1].replicas: 0 -> 1\n",
		"change  events (replaces machines)\n        spec.topology.version: v1.35.4 -> v1.36.3\n",
		"0 to create, 3 to change, 0 to delete, 0 to finish, 0 left alone",
	}, "diff", "--kubeconfig", through.kubeconfig)
	through.wantReads(f.t, "diff of what changes")
	f.ends(2, []string{"add --yes"}, "apply")

	const refusal = "The VM size is not allowed in your subscription in location 'eastus'."
	if err := f.simulator().Break(f.t.Context(), writeCluster, "SkuNotAvailable", refusal); err != nil {
		f.t.Fatal(err)
	}
	got := f.ends(1, []string{refusal, "retry cluster events", "2 done, 1 failed, 0 not begun, 0 left alone"}, "apply", "--yes", "--continue-on-error")
	f.wantEvents(got.stdout, map[string]string{"tills": "done", "web": "done", "events": "failed"})
	f.wantNodes("tills", 3)
	f.wantNodes("web", 3)

	f.must("retry", "cluster", "events")
	f.ends(0, []string{"1 done, 0 failed, 0 not begun, 2 left alone"}, "apply", "--yes")
	f.wantNodes("events", 2)
	for _, c := range f.clusters() {
		if c["kubernetes"] != "v1.36.3" || c["status"] != "running" {
			f.t.Errorf("after the change: %v", c)
		}
	}
	f.wantInClouds(map[string]int{"tills": 3, "web": 4, "events": 1, "spare": 2})
}

// testPrune takes two clusters from the file, one of them protected.
func (f cloudFleet) testPrune() {
	f.edit(f.entry("tills"), "", f.entry("events"), "")
	say := []string{"delete  events: it is in no file of fleet shops any more", "leave   tills: it is in no file any more, and protected"}
	f.ends(0, append(say, "Nothing is deleted without --prune"), "apply")
	f.ends(2, append(say, "add --yes"), "apply", "--prune")
	f.wantInClouds(map[string]int{"tills": 3, "web": 4, "events": 1, "spare": 2})
	f.killedAt(`"phase":"cluster gone","status":"started"`, "apply", "-f", f.file, "--prune", "--yes")
	got := f.ends(0, []string{"delete  events: it is being deleted", "1 done, 0 failed"}, "apply", "--prune", "--yes")
	f.wantEvents(got.stdout, map[string]string{"events": "done"})
	f.wantNoted("--prune", "events")
	f.wantInClouds(map[string]int{"tills": 3, "web": 4, "spare": 2})
}

// testEnd takes the protection away and deletes everything, what is in no fleet by its name.
func (f cloudFleet) testEnd(tills string) {
	f.edit(f.entry("web"), strings.Replace(tills, "protect: true", "protect: false", 1))
	f.ends(0, []string{"change  tills", "protect: true -> false", "delete  web", "2 done, 0 failed"}, "apply", "--prune", "--yes")
	f.write("fleet: shops\nclusters: []\n")
	if got := f.ends(2, []string{"delete  tills", "0 to create, 0 to change, 1 to delete, 0 to finish, 0 left alone"}, "diff"); strings.Contains(got.stdout, "spare") {
		f.t.Errorf("diff is about a cluster that is in no fleet:\n%s", got.stdout)
	}
	f.wantInClouds(map[string]int{"tills": 3, "spare": 2})
	spare := f.start("delete", "cluster", "spare", "--yes", "--wait")
	f.ends(0, []string{"delete  tills", "1 done, 0 failed, 0 not begun, 0 left alone"}, "apply", "--prune", "--yes")
	if got := spare.wait(); got.code != 0 {
		f.t.Errorf("delete cluster spare: exit %d\n%s", got.code, got.stderr)
	}
	f.wantInClouds(map[string]int{})
	f.wantNoAzure("events")
	newAWS(f.t, f.rehearsal).wantNothing()
}
