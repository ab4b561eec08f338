package viewtest

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// atMost is far more than any program of a test takes.
const atMost = 2 * time.Minute

// Terminal is a program that runs on a terminal.
type Terminal struct {
	*Screen
	t      testing.TB
	file   *os.File
	cmd    *exec.Cmd
	closed chan struct{}
}

// Start runs a command on a terminal of that size, which its keyboard belongs to. Its streams are the terminal's where the
// command does not say otherwise.
func Start(t testing.TB, columns, rows int, cmd *exec.Cmd) *Terminal {
	t.Helper()
	file, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	term := &Terminal{Screen: NewScreen(columns, rows), t: t, file: file, cmd: cmd, closed: make(chan struct{})}
	if err := pty.Setsize(file, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = tty
	if cmd.Stdout == nil {
		cmd.Stdout = tty
	}
	if cmd.Stderr == nil {
		cmd.Stderr = tty
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	go func() {
		defer close(term.closed)
		_, _ = io.Copy(term.Screen, file) // a terminal that nobody writes to any more ends with an error
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = file.Close()
	})
	return term
}

// Keys that a person may press.
const (
	CtrlC = "\x03"
	CtrlD = "\x04"
)

// Type presses keys.
func (t *Terminal) Type(keys string) {
	t.t.Helper()
	if _, err := io.WriteString(t.file, keys); err != nil {
		t.t.Fatal(err)
	}
}

// Await waits until the screen shows a text.
func (t *Terminal) Await(text string) {
	t.t.Helper()
	for deadline := time.Now().Add(atMost); !strings.Contains(t.Text(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.t.Fatalf("no %q on the screen:\n%s", text, t.Text())
		}
		select {
		case <-t.closed:
			if !strings.Contains(t.Text(), text) {
				t.t.Fatalf("the program ended without %q on the screen:\n%s", text, t.Text())
			}
		default:
		}
	}
}

// End waits until the program has ended, and gives its exit code.
func (t *Terminal) End() int {
	t.t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = t.cmd.Wait() // the exit code says it
		<-t.closed
	}()
	select {
	case <-ended:
	case <-time.After(atMost):
		t.t.Fatalf("the program goes on:\n%s", t.Text())
	}
	return t.cmd.ProcessState.ExitCode()
}
