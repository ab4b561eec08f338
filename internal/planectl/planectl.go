// Package planectl is what the command line links of the plane: start, stop, status and logs of a slipway-plane
// process. It links only the standard library, so that the command line starts fast; the plane is in internal/plane.
package planectl

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-sh/slipway/internal/daemon"
)

// Variable names the plane's program when it is not beside the command line's.
const Variable = "SLIPWAY_PLANE"

const program = "slipway-plane"

// answerTimeout is long for a request over loopback.
const answerTimeout = 2 * time.Second

// Plane names one plane by its folder.
type Plane struct {
	Dir        string   // everything that the plane keeps
	Name       string   // of the management cluster: its context is NAME-admin@NAME; empty leaves it to the plane
	Program    string   // slipway-plane; empty finds it
	Repository string   // programs of the providers
	Env        []string // the plane's whole environment; nil is this process's
	NoFsync    bool     // for rehearsals: a crash of the machine may lose the plane
}

// State is what a plane publishes, and whether it runs at all.
type State struct {
	PID         int          `json:"pid"`
	Running     bool         `json:"running"`
	Ready       bool         `json:"ready"`
	Name        string       `json:"name"`
	Server      string       `json:"server"`     // https://127.0.0.1:PORT
	Kubeconfig  string       `json:"kubeconfig"` // path
	Started     time.Time    `json:"started"`
	Controllers []Controller `json:"controllers"`
}

// Controller is one provider's controller that the plane runs.
type Controller struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Provider  string `json:"provider"`
	Version   string `json:"version"`
	PID       int    `json:"pid"` // zero between two runs
	Restarts  int    `json:"restarts"`
	RSSBytes  int64  `json:"rssBytes"`
	Ready     bool   `json:"ready"`
	Message   string `json:"message,omitempty"` // why it is not ready
	Log       string `json:"log"`
}

// Start brings the plane up, or finds it running, and returns when its API server is ready. A plane that is ending, as
// after a kill, is waited for and started again.
func (p Plane) Start(ctx context.Context) (State, error) {
	for {
		state, err := p.Status()
		switch {
		case err != nil:
			return state, err
		case state.Ready && answers(ctx, state.Server):
			return state, nil
		case !state.Running:
			if err := p.spawn(ctx); err != nil {
				return State{}, err
			}
			return p.Status()
		}
		select {
		case <-ctx.Done():
			return state, fmt.Errorf("plane (pid %d) is not ready: %w", state.PID, context.Cause(ctx))
		case <-time.After(poll):
		}
	}
}

// answers says whether the API server says anything at all. A process that was killed keeps its lock and its published
// state until the kernel has taken it apart.
func answers(ctx context.Context, server string) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{ // no proxy: it is on loopback
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // nothing is sent, and any answer will do
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil
}

func (p Plane) spawn(ctx context.Context) error {
	path, err := p.program()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(p.Dir, "logs"), 0o700); err != nil {
		return err
	}
	env := p.Env
	if env == nil {
		env = os.Environ()
	}
	spec := daemon.Spec{Program: path, Args: p.Arguments(), Env: env, Log: p.logFile("")}
	ready := func(pid int) bool {
		state, err := p.Status()
		return err == nil && state.Ready && state.PID == pid
	}
	if _, err := daemon.Start(ctx, spec, ready); err != nil {
		return fmt.Errorf("plane: %w", err)
	}
	return nil
}

func (p Plane) program() (string, error) {
	if p.Program != "" {
		return p.Program, nil
	}
	return daemon.Program(program, Variable)
}

// Arguments are the command line of slipway-plane for this plane.
func (p Plane) Arguments() []string {
	args := []string{"--dir", p.Dir, "--repository", p.Repository}
	if p.Name != "" {
		args = append(args, "--name", p.Name)
	}
	if p.NoFsync {
		args = append(args, "--no-fsync")
	}
	return args
}

// Stop ends the plane and its controllers and says which process it was; zero means that none ran. When ctx ends first
// the plane is killed, which loses nothing but the grace of its requests.
func (p Plane) Stop(ctx context.Context) (int, error) {
	state, err := p.Status()
	if err != nil || !state.Running {
		return 0, err
	}
	if err := daemon.Stop(ctx, state.PID); err != nil {
		return state.PID, fmt.Errorf("plane: %w", err)
	}
	return state.PID, nil
}

// Status reads what the plane published. A plane that does not run has only the zero state: the lock tells, since a
// plane that was killed leaves its state behind and its pid may be another process's by now.
func (p Plane) Status() (State, error) {
	pid, err := p.holder()
	if err != nil || pid == 0 {
		return State{}, err
	}
	running := State{PID: pid, Running: true}
	raw, err := os.ReadFile(filepath.Join(p.Dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return running, nil
	}
	if err != nil {
		return running, err
	}
	var state State
	if err := json.Unmarshal(raw, &state); err != nil {
		return running, fmt.Errorf("state of the plane: %w", err)
	}
	if state.PID != pid { // left by one that was killed
		return running, nil
	}
	state.Running = true
	return state, nil
}

// holder is the process that holds the plane's lock, or zero.
func (p Plane) holder() (int, error) {
	file, err := os.Open(filepath.Join(p.Dir, "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // closing drops the lock, if we got it
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return 0, nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, fmt.Errorf("lock of the plane: %w", err)
	}
	raw := make([]byte, 32)
	n, _ := file.Read(raw)
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw[:n])))
	if err != nil { // it writes its pid right after it has locked
		return 0, nil //nolint:nilerr // about to start or to end: not running yet, or no more
	}
	if !daemon.Alive(pid) { // killed, and the kernel has yet to close its files
		return 0, nil
	}
	return pid, nil
}

// Unit is a systemd unit that keeps this plane up in the foreground, for `systemctl --user`.
func (p Plane) Unit() (string, error) {
	path, err := p.program()
	if err != nil {
		return "", err
	}
	var command strings.Builder
	for _, word := range append([]string{path}, p.Arguments()...) {
		fmt.Fprintf(&command, " %s", strconv.Quote(strings.ReplaceAll(word, "%", "%%")))
	}
	return fmt.Sprintf(`[Unit]
Description=Slipway's embedded management cluster
After=network-online.target

[Service]
Type=notify
ExecStart=%s
Restart=on-failure
KillMode=mixed

[Install]
WantedBy=default.target
`, strings.TrimSpace(command.String())), nil
}
