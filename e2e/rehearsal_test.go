//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/simctl"
)

// rehearsal is one home with a simulator and a plane of its own, driven through the command line as a person would.
type rehearsal struct {
	t    *testing.T
	home string
	env  []string
	as   string // a link to the program; empty means the program itself
}

// result is what one command line left behind.
type result struct {
	stdout, stderr string
	code           int
}

func newRehearsal(t *testing.T) *rehearsal {
	t.Helper()
	home := t.TempDir()
	r := &rehearsal{t: t, home: home, env: append(os.Environ(),
		"SLIPWAY_HOME="+home, "HOME="+home, "SLIPWAY_REPOSITORY="+repository(t), "SLIPWAY_MOTO="+emulator(t))}
	t.Cleanup(func() {
		if t.Failed() {
			r.keepLogs()
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if got := r.exec(ctx, "rehearse", "stop"); got.code != 0 {
			t.Errorf("rehearse stop: exit %d\n%s", got.code, got.stderr)
		}
	})
	return r
}

// initialised is a rehearsal whose management cluster is up.
func initialised(t *testing.T) *rehearsal {
	t.Helper()
	r := newRehearsal(t)
	r.must("init", "-i", "vsphere", "--local", "--name", "mgmt")
	return r
}

func repository(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../.cache/repository")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "infrastructure-vsphere")); err != nil {
		t.Fatalf("the upstream controllers are not built: run make managers: %v", err)
	}
	return dir
}

// emulator is AWS's, which the simulator starts when it is asked for.
func emulator(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs("../.cache/moto/bin/moto_server")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the AWS emulator is not installed: run make setup: %v", err)
	}
	return path
}

func program(name string) string {
	path, err := filepath.Abs(filepath.Join("../bin", name))
	if err != nil {
		panic(err)
	}
	return path
}

// run executes `slipway rehearse -- args...`.
func (r *rehearsal) run(args ...string) result {
	r.t.Helper()
	return r.exec(r.t.Context(), append([]string{"rehearse", "--"}, args...)...)
}

// must is run for a command that has to end well.
func (r *rehearsal) must(args ...string) result {
	r.t.Helper()
	got := r.run(args...)
	if got.code != 0 {
		r.t.Fatalf("slipway %s: exit %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got
}

func (r *rehearsal) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, cmp.Or(r.as, program("slipway")), args...)
	cmd.Env = r.env
	return cmd
}

func (r *rehearsal) exec(ctx context.Context, args ...string) result {
	r.t.Helper()
	cmd := r.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatalf("slipway %s: %v", strings.Join(args, " "), err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// kill runs a command and kills it with SIGKILL as soon as it has printed a line that contains marker.
func (r *rehearsal) kill(marker string, args ...string) {
	r.t.Helper()
	r.signalled(syscall.SIGKILL, marker, args...)
}

// signalled runs a command and sends it a signal as soon as it has printed a line that contains marker. That it ends
// before is a failure.
func (r *rehearsal) signalled(signal os.Signal, marker string, args ...string) result {
	r.t.Helper()
	p := r.start(args...)
	if !p.signalAt(signal, func(line string) bool { return strings.Contains(line, marker) }) {
		r.t.Fatalf("slipway %s: exit %d before %q\n%s", strings.Join(args, " "), p.wait().code, marker, &p.stderr)
	}
	return p.wait()
}

// running is a command line that has been started.
type running struct {
	t              *testing.T
	cmd            *exec.Cmd
	lines          *bufio.Scanner
	stdout, stderr bytes.Buffer
}

// start begins `slipway rehearse -- args...`.
func (r *rehearsal) start(args ...string) *running {
	r.t.Helper()
	p := &running{t: r.t, cmd: r.command(r.t.Context(), append([]string{"rehearse", "--"}, args...)...)}
	p.cmd.Stdout = &p.stdout
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	p.lines = bufio.NewScanner(stderr)
	if err := p.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// reads goes on until it has read a line that ok accepts; false means that the command has ended without one.
func (p *running) reads(ok func(line string) bool) bool {
	for p.lines.Scan() {
		p.stderr.WriteString(p.lines.Text() + "\n")
		if ok(p.lines.Text()) {
			return true
		}
	}
	return false
}

// signalAt sends a signal once ok accepts a line, and says whether there was one.
func (p *running) signalAt(signal os.Signal, ok func(line string) bool) bool {
	p.t.Helper()
	if !p.reads(ok) {
		return false
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
	return true
}

// wait reads the rest; the code of a killed command is -1.
func (p *running) wait() result {
	p.t.Helper()
	p.reads(func(string) bool { return false })
	if err := p.lines.Err(); err != nil {
		p.t.Error(err)
	}
	_ = p.cmd.Wait() // the exit code says it
	return result{p.stdout.String(), p.stderr.String(), p.cmd.ProcessState.ExitCode()}
}

// simulator finds the rehearsal's simulator.
func (r *rehearsal) simulator() simctl.State {
	r.t.Helper()
	state, err := simctl.Simulator{Dir: filepath.Join(r.home, "rehearsal", "sim")}.Status()
	if err != nil || !state.Running() {
		r.t.Fatalf("the simulator does not run: %+v, %v", state, err)
	}
	return state
}

// planeDir holds the state of the rehearsal's plane.
func (r *rehearsal) planeDir() string { return filepath.Join(r.home, "rehearsal", "home", "plane") }

// clusters reads `get clusters -o json`.
func (r *rehearsal) clusters() []map[string]any {
	r.t.Helper()
	var clusters []map[string]any
	out := r.must("get", "clusters", "-o", "json").stdout
	if err := json.Unmarshal([]byte(out), &clusters); err != nil {
		r.t.Fatalf("get clusters -o json: %v\n%s", err, out)
	}
	return clusters
}

// eventually polls until ok says so, and fails with what it said last.
func eventually(t *testing.T, limit time.Duration, ok func() (string, bool)) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		said, done := ok()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %s", limit, said)
		}
		time.Sleep(500 * time.Millisecond)
	}
}
