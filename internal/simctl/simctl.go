// Package simctl is what the command line links of the simulator: start, find, ask and stop a slipway-sim process.
// The simulated clouds themselves are in internal/sim and are never linked here.
package simctl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/daemon"
)

// Simulator names one simulator process by the folder that it keeps its state in.
type Simulator struct {
	Dir     string   // holds state.json, the rehearsal's CA and the log
	Program string   // slipway-sim
	Args    []string // beside --dir
}

// State is what a running simulator publishes in state.json.
type State struct {
	PID     int    `json:"pid"`
	Born    string `json:"born"`    // daemon.Born of it: a pid is given to another program some day
	Proxy   string `json:"proxy"`   // http://127.0.0.1:PORT, the whole internet of a rehearsal
	CAFile  string `json:"caFile"`  // the CA that signs the simulated clouds
	Control string `json:"control"` // http://127.0.0.1:PORT

	Settings []string `json:"environ"` // NAME=value: what clients must know of the simulated clouds, such as a thumbprint
}

// Machine is a virtual machine of a simulated cloud that is no template.
type Machine struct {
	Name    string `json:"name"`
	Power   string `json:"power"` // On or Off
	Address string `json:"address"`
	UUID    string `json:"uuid"`
}

// Resource is something in a simulated cloud that is no machine, and that was not there before the first call.
type Resource struct {
	Kind string `json:"kind"` // in the cloud's words: "Microsoft.Network/virtualNetworks"
	Name string `json:"name"` // or the cloud's own id
}

// Call is one call of a simulated cloud's API.
type Call struct {
	Method string `json:"method"`
	Object string `json:"object"`
}

// Running says whether the process that published the state is still there.
func (s State) Running() bool {
	return daemon.Alive(s.PID) && (s.Born == "" || daemon.Born(s.PID) == s.Born)
}

// Status reads the published state; a simulator that never ran has the zero state.
func (s Simulator) Status() (State, error) {
	var state State
	raw, err := os.ReadFile(filepath.Join(s.Dir, "state.json"))
	if os.IsNotExist(err) {
		return state, nil
	}
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return state, fmt.Errorf("state of the simulator: %w", err)
	}
	return state, nil
}

// Start brings the simulator up, or finds it running.
func (s Simulator) Start(ctx context.Context) (State, error) {
	if state, err := s.Status(); err != nil || state.Running() {
		return state, err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return State{}, err
	}
	_ = os.Remove(filepath.Join(s.Dir, "state.json"))
	spec := daemon.Spec{
		Program: s.Program,
		Args:    append([]string{"--dir", s.Dir}, s.Args...),
		Env:     os.Environ(),
		Log:     filepath.Join(s.Dir, "log"),
	}
	ready := func(pid int) bool {
		state, err := s.Status()
		return err == nil && state.PID == pid
	}
	if _, err := daemon.Start(ctx, spec, ready); err != nil {
		return State{}, fmt.Errorf("simulator: %w", err)
	}
	return s.Status()
}

// Stop ends the simulator; everything that it simulated is gone with it.
func (s Simulator) Stop(ctx context.Context) error {
	state, err := s.Status()
	if err != nil || !state.Running() {
		return err
	}
	return daemon.Stop(ctx, state.PID)
}

// Environ is the environment of a program whose internet is to be the simulator.
func (s State) Environ(base []string) []string {
	own := append([]string{
		"HTTPS_PROXY=" + s.Proxy, "HTTP_PROXY=" + s.Proxy, "NO_PROXY=127.0.0.1,localhost", "ALL_PROXY=",
		"SSL_CERT_FILE=" + s.CAFile, "SSL_CERT_DIR=" + filepath.Join(filepath.Dir(s.CAFile), "no-certs"),
	}, s.Settings...)
	replaced := map[string]bool{}
	for _, entry := range own {
		replaced[nameOf(entry)] = true
	}
	var env []string
	for _, entry := range base {
		if !replaced[nameOf(entry)] {
			env = append(env, entry)
		}
	}
	return append(env, own...)
}

// nameOf is a variable's name in capitals: proxies are also known by small letters.
func nameOf(entry string) string {
	name, _, _ := strings.Cut(entry, "=")
	return strings.ToUpper(name)
}

// Machines lists the virtual machines that are there now.
func (s State) Machines(ctx context.Context) ([]Machine, error) {
	var out []Machine
	err := s.ask(ctx, "/machines", &out)
	return out, err
}

// Resources lists what was made beside machines and is there now, in the clouds that can tell.
func (s State) Resources(ctx context.Context) ([]Resource, error) {
	var out []Resource
	err := s.ask(ctx, "/resources", &out)
	return out, err
}

// Calls lists every call of the clouds' APIs since the start.
func (s State) Calls(ctx context.Context) ([]Call, error) {
	var out []Call
	err := s.ask(ctx, "/calls", &out)
	return out, err
}

// Refused lists the hosts that something wanted to reach and that are not simulated.
func (s State) Refused(ctx context.Context) ([]string, error) {
	var out []string
	err := s.ask(ctx, "/refused", &out)
	return out, err
}

// Fail makes the next calls of a method fail, in whichever cloud they come; zero lifts the fault.
func (s State) Fail(ctx context.Context, method string, times int) error {
	return s.tell(ctx, "/faults/"+url.PathEscape(method)+"?times="+strconv.Itoa(times))
}

// Break lets what the next call of a method begins go well at first and end with an error of the cloud's, in the clouds
// whose work outlasts the call.
func (s State) Break(ctx context.Context, method, code, message string) error {
	return s.tell(ctx, "/breaks/"+url.PathEscape(method)+"?"+url.Values{"code": {code}, "message": {message}}.Encode())
}

// Delay makes calls of a method of vCenter or Azure take that much longer; zero lifts the delay, also of those that wait.
func (s State) Delay(ctx context.Context, method string, lasts time.Duration) error {
	return s.tell(ctx, "/delays/"+url.PathEscape(method)+"?for="+lasts.String())
}

// Boot sets the time between power-on and the first sign of life of machines that are not up yet.
func (s State) Boot(ctx context.Context, delay time.Duration) error {
	return s.tell(ctx, "/boot-delay?for="+delay.String())
}

// ask reads one page of the control API.
func (s State) ask(ctx context.Context, path string, v any) error {
	body, err := s.request(ctx, http.MethodGet, path, http.StatusOK)
	if err != nil {
		return fmt.Errorf("ask the simulator for %s: %w", path, err)
	}
	return json.Unmarshal(body, v)
}

// tell gives the control API an order.
func (s State) tell(ctx context.Context, path string) error {
	if _, err := s.request(ctx, http.MethodPost, path, http.StatusNoContent); err != nil {
		return fmt.Errorf("tell the simulator %s: %w", path, err)
	}
	return nil
}

func (s State) request(ctx context.Context, method, path string, want int) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.Control+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request) // loopback, so never through a proxy
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != want {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return body, err
}
