package daemon

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell is a program of a few lines, with a log of its own.
func shell(t *testing.T, script string) Spec {
	t.Helper()
	return Spec{Program: "/bin/sh", Args: []string{"-c", script}, Env: os.Environ(), Log: filepath.Join(t.TempDir(), "log")}
}

func limited(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// start runs a program until the test ends; it is up once it has written "up".
func start(t *testing.T, spec Spec) int {
	t.Helper()
	pid, err := Start(limited(t, 20*time.Second), spec, func(int) bool { return strings.Contains(read(t, spec.Log), "up") })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if Alive(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return pid
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAProgramOutlivesItsTerminalUntilItIsStopped(t *testing.T) {
	spec := shell(t, `trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done`)
	pid := start(t, spec)
	if !Alive(pid) {
		t.Fatal("it is not alive after the start")
	}
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("it is in the process group %d (%v): Ctrl-C would end it with the command", group, err)
	}
	if err := Stop(limited(t, 20*time.Second), pid); err != nil {
		t.Error(err)
	}
	if Alive(pid) {
		t.Error("it is alive after the stop")
	}
	if !strings.Contains(read(t, spec.Log), "bye") {
		t.Error("it was killed instead of asked to end")
	}
	if err := Stop(t.Context(), pid); err != nil {
		t.Errorf("stop of what has ended: %v", err)
	}
}

func TestAProgramThatDoesNotEndIsKilled(t *testing.T) {
	pid := start(t, shell(t, `trap '' TERM; echo up; while :; do sleep 0.05; done`))
	err := Stop(limited(t, 300*time.Millisecond), pid)
	if err == nil || !strings.Contains(err.Error(), "was killed") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop: %v", err)
	}
	for deadline := time.Now().Add(20 * time.Second); Alive(pid); time.Sleep(poll) {
		if time.Now().After(deadline) {
			t.Fatal("it is still alive")
		}
	}
}

func TestAProgramThatIsNotReadySaysWhy(t *testing.T) {
	never := func(int) bool { return false }
	spec := shell(t, `echo the disk is full; exit 7`)
	if err := os.WriteFile(spec.Log, []byte("an earlier run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(limited(t, 20*time.Second), spec, never)
	if err == nil || !strings.Contains(err.Error(), "sh ended at start (exit status 7): the disk is full") {
		t.Errorf("a program that ends: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "earlier") {
		t.Errorf("the error shows the log of an earlier run: %v", err)
	}

	pid, err := Start(limited(t, 500*time.Millisecond), shell(t, `echo still reading; exec sleep 60`), never)
	if err == nil || !strings.Contains(err.Error(), "is not ready") || !strings.Contains(err.Error(), "still reading") {
		t.Errorf("a program that takes too long: %v", err)
	}
	if !Alive(pid) {
		t.Error("the pid of a program that takes too long is not given")
	}
	_ = Stop(limited(t, 20*time.Second), pid)

	if _, err := Start(t.Context(), Spec{Program: filepath.Join(t.TempDir(), "none"), Log: spec.Log}, never); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program that is not there: %v", err)
	}
}

func TestTheLogOfEarlierRunsIsKept(t *testing.T) {
	spec := shell(t, `echo up; exec sleep 60`)
	if err := os.WriteFile(spec.Log, []byte("why the last run ended\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, spec)
	if got, want := read(t, spec.Log), "why the last run ended\nup\n"; got != want {
		t.Errorf("log %q, want %q", got, want)
	}

	spec = shell(t, spec.Args[1])
	long := strings.Repeat("x", logLimit)
	if err := os.WriteFile(spec.Log, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, spec)
	if got := read(t, spec.Log); got != "up\n" {
		t.Errorf("%d bytes in the log after a start with a full one", len(got))
	}
	if got := read(t, spec.Log+oldLog); got != long {
		t.Errorf("%d bytes in the old log, want %d", len(got), len(long))
	}
	if info, err := os.Stat(spec.Log); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the log is readable by others: %v, %v", info.Mode(), err)
	}
}

func TestAlive(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	pid := ended.Process.Pid
	for deadline := time.Now().Add(20 * time.Second); Alive(pid); time.Sleep(poll) { // nobody has waited for it yet: a zombie
		if time.Now().After(deadline) {
			t.Fatal("a zombie is taken for a process that runs")
		}
	}
	if err := ended.Wait(); err != nil {
		t.Fatal(err)
	}
	for pid, want := range map[int]bool{os.Getpid(): true, os.Getppid(): true, pid: false, 0: false, -1: false, 1 << 30: false} {
		if got := Alive(pid); got != want {
			t.Errorf("pid %d: alive %t, want %t", pid, got, want)
		}
	}
}

func TestTheStateLetterIsFoundBehindAnyName(t *testing.T) {
	for stat, want := range map[string]bool{
		"12 (sh) S 1 12 12":        false,
		"12 (sh) Z 1 12 12":        true,
		"12 (a) Z (b) S 1 12 12":   false,
		"12 (odd) name) Z 1 12 12": true,
		"":                         false,
		"12 (cut off)":             false,
	} {
		if got := zombie([]byte(stat)); got != want {
			t.Errorf("%q: zombie %t, want %t", stat, got, want)
		}
	}
}

func TestProgram(t *testing.T) {
	t.Setenv("SLIPWAY_TEST_PROGRAM", "/somewhere/else")
	if path, err := Program("slipway-none", "SLIPWAY_TEST_PROGRAM"); err != nil || path != "/somewhere/else" {
		t.Errorf("%s, %v", path, err)
	}
	t.Setenv("SLIPWAY_TEST_PROGRAM", "")
	_, err := Program("slipway-none", "SLIPWAY_TEST_PROGRAM")
	if err == nil || !strings.Contains(err.Error(), "slipway-none") || !strings.Contains(err.Error(), "set SLIPWAY_TEST_PROGRAM") {
		t.Errorf("a program that is nowhere: %v", err)
	}
}
