package simctl

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipway-sh/slipway/internal/daemon"
)

// TestAReusedPIDIsNoSimulator has another program run under the pid of a simulator that was killed.
func TestAReusedPIDIsNoSimulator(t *testing.T) {
	other := exec.Command("sleep", "600")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	for name, test := range map[string]struct {
		born string
		want bool
	}{
		"itself":                            {born: daemon.Born(other.Process.Pid), want: true},
		"of another time":                   {born: "1"},
		"published by an earlier simulator": {want: true},
	} {
		s := Simulator{Dir: t.TempDir()}
		raw, err := json.Marshal(State{PID: other.Process.Pid, Born: test.born})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Dir, "state.json"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		state, err := s.Status()
		if err != nil || state.Running() != test.want {
			t.Errorf("%s: running %v, want %v (%v)", name, state.Running(), test.want, err)
		}
		if test.want {
			continue
		}
		if err := s.Stop(t.Context()); err != nil || !daemon.Alive(other.Process.Pid) {
			t.Errorf("%s: another program was ended (%v)", name, err)
		}
	}
}
