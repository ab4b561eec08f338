// Package daemon starts, finds and ends the programs that Slipway keeps running beside a command: the plane and the
// simulator. It links only the standard library, so that the command line starts fast.
package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	poll      = 50 * time.Millisecond
	tailBytes = 2 << 10 // of the log, in the error of a program that did not come up
	logLimit  = 8 << 20 // bytes from which on a start begins a new log, and keeps the old one beside it
	oldLog    = ".1"
)

// Program finds one of Slipway's own programs: at the path in the environment variable, else beside this executable.
func Program(name, variable string) (string, error) {
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(self); err == nil {
		self = resolved
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not beside %s; install it there or set %s: %w", name, filepath.Base(self), variable, err)
	}
	return path, nil
}

// Spec is one program to start in the background.
type Spec struct {
	Program string
	Args    []string
	Env     []string // the whole environment
	Log     string   // file that takes stdout and stderr, 0600, after what earlier runs have left there
}

// Start runs the program in a session of its own, so that it outlives this process and its terminal, and waits until
// ready says so. A program that ends or is not ready before ctx does is reported with the end of its log.
func Start(ctx context.Context, spec Spec, ready func(pid int) bool) (int, error) {
	log, began, err := openLog(spec.Log)
	if err != nil {
		return 0, err
	}
	defer log.Close()                               //nolint:errcheck // the child holds its own descriptor
	cmd := exec.Command(spec.Program, spec.Args...) //nolint:noctx // it must outlive ctx
	cmd.Env, cmd.Stdout, cmd.Stderr = spec.Env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	pid := cmd.Process.Pid
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !ready(pid) {
		select {
		case err := <-ended:
			return 0, fmt.Errorf("%s ended at start (%w): %s", filepath.Base(spec.Program), err, tail(spec.Log, began))
		case <-ctx.Done():
			return pid, fmt.Errorf("%s is not ready: %w: %s", filepath.Base(spec.Program), context.Cause(ctx), tail(spec.Log, began))
		case <-tick.C:
		}
	}
	return pid, nil
}

// openLog opens a log for appending, since why the last run ended is often what a person looks for. began is its size.
func openLog(path string) (log *os.File, began int64, err error) {
	if info, err := os.Stat(path); err == nil && info.Size() >= logLimit {
		if err := os.Rename(path, path+oldLog); err != nil {
			return nil, 0, err
		}
	}
	if log, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, 0, err
	}
	info, err := log.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, log.Close())
	}
	return log, info.Size(), nil
}

// Alive says whether a process with this pid runs. A zombie does not run.
func Alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, fs.ErrNotExist) {
		_, noProc := os.Stat("/proc/self")
		return noProc != nil
	}
	return err != nil || !zombie(stat)
}

// Born tells a process from a later one with the same pid: it is when the kernel started it, "" where that is not known.
func Born(pid int) string {
	const startTime = 19 // of the fields behind the program's name, which are numbered from the state letter on (proc(5))
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= startTime {
		return ""
	}
	return fields[startTime]
}

// zombie reads the state letter, which follows the program's name in parentheses (proc(5)).
func zombie(stat []byte) bool {
	for i := len(stat) - 1; i > 0; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] == 'Z'
		}
	}
	return false
}

// Stop asks the process to end and waits until it has; when ctx ends first, it is killed.
func Stop(ctx context.Context, pid int) error {
	if !Alive(pid) {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop pid %d: %w", pid, err)
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for Alive(pid) {
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("pid %d did not end by itself and was killed: %w", pid, context.Cause(ctx)), syscall.Kill(pid, syscall.SIGKILL))
		case <-tick.C:
		}
	}
	return nil
}

// tail is the end of what was logged since began.
func tail(path string, began int64) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close() //nolint:errcheck // read only
	if info, err := file.Stat(); err == nil {
		_, _ = file.Seek(max(began, info.Size()-tailBytes), io.SeekStart)
	}
	text, _ := io.ReadAll(file)
	return string(text)
}
