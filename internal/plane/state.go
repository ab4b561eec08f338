package plane

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-sh/slipway/internal/plane/pki"
	"github.com/slipway-sh/slipway/internal/plane/runner"
)

// stateInterval is how fresh the memory figures in state.json are. All else is written as it changes.
const stateInterval = 5 * time.Second

// State is what a running plane publishes in state.json. internal/planectl reads the same fields.
type State struct {
	PID         int                 `json:"pid"`
	Ready       bool                `json:"ready"`
	Name        string              `json:"name"`
	Server      string              `json:"server"`
	Kubeconfig  string              `json:"kubeconfig"`
	Started     time.Time           `json:"started"`
	Controllers []runner.Controller `json:"controllers"`
}

// stateFile exists while a plane is up; one that was killed leaves it behind, so readers check the lock as well.
type stateFile struct {
	path string
	base State
	last []byte
}

func newStateFile(o Options, server, kubeconfig string) *stateFile {
	return &stateFile{path: filepath.Join(o.Dir, stateName), base: State{
		PID: os.Getpid(), Ready: true, Name: o.Name, Server: server, Kubeconfig: kubeconfig, Started: time.Now().UTC(),
	}}
}

// keep writes the state now and after each change.
func (f *stateFile) keep(ctx context.Context, run *runner.Runner) error {
	ticker := time.NewTicker(stateInterval)
	defer ticker.Stop()
	for {
		state := f.base
		state.Controllers = run.Controllers()
		first := f.last == nil
		if err := f.write(state); err != nil {
			return err
		}
		if first {
			if err := notifyReady(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-run.Changed():
		case <-ticker.C:
		}
	}
}

func (f *stateFile) write(state State) error {
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil || bytes.Equal(raw, f.last) {
		return err
	}
	f.last = raw
	return pki.WriteFile(f.path, append(raw, '\n'))
}

func (f *stateFile) remove() { _ = os.Remove(f.path) }
