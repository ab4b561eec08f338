package hook

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-sh/slipway/internal/config"
)

const (
	keptOutput = 4 << 10         // last bytes of stderr
	pipesLast  = 2 * time.Second // what is left of a command may hold on to stderr
)

// run starts the command once with the event on stdin. On time-out everything that it started goes with it.
func run(ctx context.Context, h config.Hook, environ []string, m message) error {
	limit := cmp.Or(h.Timeout, config.CommandTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it was not done within %s, and killed", limit))
	defer cancel()
	var stderr tail
	cmd := exec.CommandContext(ctx, h.Command[0], h.Command[1:]...) //nolint:gosec // the file is the person's own
	cmd.Dir, cmd.Env = h.Dir, slices.Concat(environ, m.environ())
	cmd.Stdin, cmd.Stderr = bytes.NewReader(m.body), &stderr // stdout is apply's own, for its events
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = pipesLast
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil: // it left something running in the background
		return nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	if last := stderr.lastLine(); last != "" {
		return fmt.Errorf("%w: %s", err, last)
	}
	return err
}

// environ is the event for scripts.
func (m message) environ() []string {
	d := m.Data
	return []string{
		"SLIPWAY_EVENT=" + m.Name, "SLIPWAY_EVENT_ID=" + m.id, "SLIPWAY_EVENT_TIME=" + m.Time.Format(time.RFC3339),
		"SLIPWAY_CLUSTER=" + d.Cluster, "SLIPWAY_NAMESPACE=" + d.Namespace, "SLIPWAY_MANAGEMENT_CLUSTER=" + d.ManagementCluster,
		"SLIPWAY_INFRASTRUCTURE=" + d.Infrastructure, "SLIPWAY_FLEET=" + d.Fleet, "SLIPWAY_ACTION=" + d.Action, "SLIPWAY_STATUS=" + d.Status,
		"SLIPWAY_MESSAGE=" + d.Message,
	}
}

// tail keeps the end of what is written.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - keptOutput; over > 0 {
		t.text = slices.Delete(t.text, 0, over)
	}
	return len(p), nil
}

func (t *tail) lastLine() string {
	text := strings.TrimSpace(string(t.text))
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}
