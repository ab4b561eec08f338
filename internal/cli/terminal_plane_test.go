package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/view/viewtest"
)

var update = flag.Bool("update", false, "rewrite the golden screens")

// desk is a person's home with a management cluster, and a terminal.
type desk struct {
	t          *testing.T
	client     *kube.Client
	home       string
	kubeconfig string
	columns    int
	rows       int
	env        []string
}

func newDesk(t *testing.T, config *rest.Config) *desk {
	t.Helper()
	home := t.TempDir()
	d := &desk{
		t: t, home: home, kubeconfig: filepath.Join(home, "kubeconfig"), columns: 80, rows: 24,
		env: []string{"HOME=" + home, "TERM=xterm-256color", "LANG=C.UTF-8"},
	}
	if err := clientcmd.WriteToFile(kubeconfigOf(config), d.kubeconfig); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(home, "slipway")); err != nil { // TestMain goes by the name
		t.Fatal(err)
	}
	return d
}

// fleet writes a file with clusters of the fleet shops.
func (d *desk) fleet(namespace string, clusters ...string) {
	d.t.Helper()
	d.fleetOf("shops", namespace, clusters...)
}

func (d *desk) fleetOf(name, namespace string, clusters ...string) {
	d.t.Helper()
	text := "fleet: " + name + "\ndefaults:\n  infrastructure: docker\n  kubernetesVersion: v1.36.3\n  namespace: " + namespace + "\nclusters:\n"
	for _, c := range clusters {
		text += "  - " + c + "\n"
	}
	if err := os.WriteFile(filepath.Join(d.home, "fleet.yaml"), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) command(args ...string) *exec.Cmd {
	if args[0] == "apply" {
		args = append(args, "-f", "fleet.yaml")
	}
	cmd := exec.CommandContext(d.t.Context(), filepath.Join(d.home, "slipway"), append(args, "--kubeconfig", "kubeconfig")...)
	cmd.Dir, cmd.Env = d.home, d.env
	return cmd
}

// run starts a command on the terminal.
func (d *desk) run(args ...string) *viewtest.Terminal {
	d.t.Helper()
	return viewtest.Start(d.t, d.columns, d.rows, d.command(args...))
}

// want compares a screen with one that somebody has looked at.
func (d *desk) want(name string, term *viewtest.Terminal) {
	d.t.Helper()
	path, got := filepath.Join("testdata", "screen", name+".txt"), timeless(term.Text())
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil { //nolint:gosec // for the repository
			d.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		d.t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

func (d *desk) ends(term *viewtest.Terminal, code int) {
	d.t.Helper()
	if got := term.End(); got != code {
		d.t.Errorf("exit code %d, want %d\n%s", got, code, term.Text())
	}
	if !term.Clean() {
		d.t.Errorf("the terminal is not left clean: %q", term.Written())
	}
}

// timeless takes out what is another each time: how long it took, the mark that moves, and names by content.
func timeless(screen string) string {
	screen = regexp.MustCompile(`slipway-in-memory-[0-9a-f]{8}`).ReplaceAllString(screen, "slipway-in-memory-CONTENTS")
	screen = regexp.MustCompile(` *\d+(\.\d|m\d\d)s`).ReplaceAllStringFunc(screen, func(took string) string {
		return fmt.Sprintf("%*s", len(took), " TIME")
	})
	return regexp.MustCompile(`[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]`).ReplaceAllString(screen, "*")
}

// TestOnATerminal looks at what a person sees. Nobody plays Cluster API's controllers at first, so that clusters are waited
// for until somebody stops it.
func TestOnATerminal(t *testing.T) {
	config := kubetest.Plane(t)
	c := kubetest.Client(t, config)
	kubetest.Infrastructure(t, config, "v1beta2", "DevClusterTemplate", "DevMachineTemplate")
	t.Run("waiting", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *desk){
			"interrupted": testInterruptedOnATerminal, "small window": testSmallWindow, "answers": testAnswers, "long plan": testLongPlan,
			"streams": testStreams, "plain": testPlainTerminals, "one cluster": testOneClusterOnATerminal,
			"pool removed": testPoolRemoved,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, config)
				d.client = c
				test(t, d)
			})
		}
	})
	kubetest.StandIn(t, c)
	t.Run("to the end", func(t *testing.T) { testToTheEnd(t, newDesk(t, config)) })
}

// testToTheEnd leaves the whole table and a summary on the screen.
func testToTheEnd(_ *testing.T, d *desk) {
	d.fleetOf("bakeries", "end", "{name: taken}")
	d.ends(d.run("apply", "--yes"), 0)
	d.fleet("end", "{name: edge-1}", "{name: edge-2}", "{name: edge-3}", "{name: edge-4}")
	term := d.run("apply", "--yes")
	d.ends(term, 0)
	d.want("done", term)

	d.fleet("end", "{name: edge-1, workers: 2}", "{name: edge-4}", "{name: taken}")
	term = d.run("apply", "--prune", "--continue-on-error")
	term.Await("[y/N]:")
	term.Type("y\n")
	d.ends(term, 1)
	d.want("partly", term)
	term = d.run("upgrade", "cluster", "edge-4", "-n", "end", "--kubernetes-version", "v1.36.3", "--wait=false")
	d.ends(term, 0)
	if !strings.Contains(term.Text(), "Cluster edge-4 has v1.36.3.") {
		d.t.Errorf("nothing was to be upgraded:\n%s", term.Text())
	}
	d.ends(d.run("diff", "--select", "edge-9"), 1)
	d.ends(d.run("apply", "--select", "edge-9"), 2)
	d.ends(d.run("apply", "--select", "edge-9", "--prune"), 0) // as the second time that it was to go
	term = d.run("apply", "--select", "edge-4")
	d.ends(term, 0)
	d.want("nothing", term)
}

func testInterruptedOnATerminal(_ *testing.T, d *desk) {
	d.fleet("eu", "{name: edge-1, workers: 1}", "{name: edge-2, workers: 3}", "{name: a-shop-with-a-long-name, plan: prod}")
	term := d.run("apply", "--parallel", "2")
	term.Await("Apply this? [y/N]:")
	d.want("prompt", term)
	term.Type("y\n")
	term.Await("2 working, 1 waiting")
	term.Type(viewtest.CtrlC)
	d.ends(term, 3)
	d.want("interrupted", term)
}

func testSmallWindow(_ *testing.T, d *desk) {
	d.rows = 20
	var clusters []string
	for i := range 40 {
		clusters = append(clusters, fmt.Sprintf("{name: edge-%02d}", i+1))
	}
	d.fleet("small", clusters...)
	term := d.run("apply", "--yes", "--parallel", "1")
	term.Await("and 24 more: 24 waiting")
	term.Await("cluster class")
	d.want("small-window", term)
	term.Type(viewtest.CtrlC)
	d.ends(term, 3)
	if plain := term.Plain(); strings.Count(plain, "small/edge-40  create  not begun") != 1 {
		d.t.Errorf("the whole table is not left:\n%s", plain)
	}
}

func testAnswers(t *testing.T, d *desk) {
	d.fleet("answers", "{name: edge-1}")
	for keys, name := range map[string]string{"n\n": "no", "\n": "nothing", "yup\n": "another word", viewtest.CtrlC: "Ctrl-C", viewtest.CtrlD: "end"} {
		term := d.run("apply")
		term.Await("Apply this? [y/N]:")
		term.Type(keys)
		d.ends(term, 3)
		if shown := term.Text(); !strings.Contains(shown, "\nError: cancelled, nothing was touched\n") || strings.Contains(shown, "Applying") {
			t.Errorf("%s:\n%s", name, shown)
		}
	}
	clusters, err := d.client.Clusters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range clusters {
		if clusters[i].Namespace == "answers" {
			t.Errorf("a cluster was made that nobody said yes to")
		}
	}
	for _, keys := range []string{"y\n", "YES\n"} {
		term := d.run("apply")
		term.Await("Apply this? [y/N]:")
		term.Type(keys)
		term.Await("cluster class")
		term.Type(viewtest.CtrlC)
		d.ends(term, 3)
	}
}

// testOneClusterOnATerminal has phases that are done, had nothing to do, and were stopped.
func testOneClusterOnATerminal(_ *testing.T, d *desk) {
	d.columns = 60
	term := d.run("create", "cluster", "dev1", "-i", "docker", "--kubernetes-version", "v1.36.3", "-n", "default")
	d.awaitClass("default")
	term.Type(viewtest.CtrlC)
	d.ends(term, 3)
	d.want("create-interrupted", term)
}

// awaitClass returns once a command has made a class, which nobody accepts here, so that it waits for that.
func (d *desk) awaitClass(namespace string) {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var classes clusterv1.ClusterClassList
		if err := d.client.API().List(d.t.Context(), &classes, client.InNamespace(namespace)); err != nil {
			d.t.Fatal(err)
		}
		if len(classes.Items) > 0 {
			time.Sleep(time.Second) // until the command has read the answer, which nothing shows
			return
		}
	}
	d.t.Fatal("no class was made")
}

// testPoolRemoved is told to type something that works: the pool is not there any more.
func testPoolRemoved(t *testing.T, d *desk) {
	cluster, two := kubetest.Cluster("default", "pools"), int32(2)
	pools := &cluster.Spec.Topology.Workers.MachineDeployments
	*pools = append(*pools, clusterv1.MachineDeploymentTopology{Class: "worker", Name: "md-1", Replicas: &two})
	if err := d.client.API().Create(t.Context(), cluster); err != nil {
		t.Fatal(err)
	}
	term := d.run("delete", "nodepool", "pools", "md-1", "-n", "default", "--wait", "--yes")
	term.Await("control plane ready")
	term.Type(viewtest.CtrlC)
	d.ends(term, 3)
	if got := strings.ReplaceAll(term.Plain(), "\n", ""); !strings.Contains(got, "to go on watching, type: slipway describe cluster pools -n default") {
		t.Errorf("%s", term.Text())
	}
}

// testLongPlan shows all of a plan that is longer than the window before it asks.
func testLongPlan(t *testing.T, d *desk) {
	d.rows = 10
	var clusters []string
	for i := range 30 {
		clusters = append(clusters, fmt.Sprintf("{name: edge-%02d}", i+1))
	}
	d.fleet("long", clusters...)
	term := d.run("apply")
	term.Await("Apply this? [y/N]:")
	if got := strings.Count(term.Written(), "create  long/edge-"); got != 30 {
		t.Errorf("%d of 30 clusters are shown before it is asked", got)
	}
	d.want("long-plan", term)
	term.Type("\n")
	d.ends(term, 3)
}

// testStreams has one of stdout and stderr elsewhere.
func testStreams(t *testing.T, d *desk) {
	d.fleet("streams", "{name: edge-1}")
	var out bytes.Buffer
	cmd := d.command("apply", "--yes")
	cmd.Stdout = &out
	term := viewtest.Start(t, 80, 24, cmd)
	term.Await("cluster class")
	term.Type(viewtest.CtrlC)
	d.ends(term, 3)
	if !strings.Contains(term.Text(), "CLUSTER") || strings.Contains(term.Written(), `"cluster":`) || !strings.Contains(out.String(), `"cluster":"streams/edge-1"`) {
		t.Errorf("stdout is a file; the screen:\n%s\nthe file:\n%s", term.Text(), &out)
	}

	var messages bytes.Buffer
	cmd = d.command("apply")
	cmd.Stderr = &messages
	term = viewtest.Start(t, 80, 24, cmd)
	d.ends(term, 2)
	if term.Written() != "" || !strings.Contains(messages.String(), "no terminal to ask on") || !strings.Contains(messages.String(), "--yes") {
		t.Errorf("nobody sees the question; the screen:\n%s\nthe file:\n%s", term.Text(), &messages)
	}

	log, err := os.Create(filepath.Join(d.home, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd = d.command("apply", "--yes")
	cmd.Stderr = log
	term = viewtest.Start(t, 80, 24, cmd)
	text := func() string {
		raw, _ := os.ReadFile(log.Name())
		return string(raw)
	}
	kubetest.Eventually(t, "a line for a step", func(context.Context) (bool, error) {
		return strings.Contains(text(), "streams/edge-1: cluster class\n"), nil
	})
	term.Type(viewtest.CtrlC)
	if code := term.End(); code != 3 {
		t.Errorf("exit code %d", code)
	}
	if term.Written() != "^C" || strings.Contains(text(), "\x1b") || strings.Contains(text(), `"cluster":`) || !strings.Contains(text(), "streams/edge-1: stopped") {
		t.Errorf("stderr is a file; the screen:\n%q\nthe file:\n%s", term.Written(), text())
	}
}

// testPlainTerminals are those without colours, and those that cannot be drawn on.
func testPlainTerminals(t *testing.T, d *desk) {
	d.fleet("plain", "{name: edge-1}")
	color := regexp.MustCompile(`\x1b\[\d+m`)
	plain := d.env
	for _, test := range []struct {
		env            string
		colors, redraw bool
	}{{"TERM=xterm", true, true}, {"NO_COLOR=1", false, true}, {"TERM=dumb", false, false}} {
		d.env = append(plain[:len(plain):len(plain)], test.env)
		term := d.run("apply", "--yes")
		term.Await("cluster class")
		term.Type(viewtest.CtrlC)
		d.ends(term, 3)
		if got := color.MatchString(term.Written()); got != test.colors {
			t.Errorf("%s: colours: %v\n%q", test.env, got, term.Written())
		}
		if got := strings.Contains(term.Written(), "\x1b[J"); got != test.redraw {
			t.Errorf("%s: redrawn: %v\n%q", test.env, got, term.Written())
		}
	}
}
