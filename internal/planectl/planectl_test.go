package planectl

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// hold takes the lock of a plane's folder, as the plane does.
func hold(t *testing.T, dir, pid string) {
	t.Helper()
	write(t, filepath.Join(dir, "lock"), pid+"\n")
	file, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
}

func TestStatus(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	state := `{"pid": ` + self + `, "ready": true, "server": "https://127.0.0.1:1"}`
	for name, c := range map[string]struct {
		prepare        func(dir string)
		running, ready bool
	}{
		"never started": {prepare: func(string) {}},
		"killed, its state is left": {prepare: func(dir string) {
			write(t, filepath.Join(dir, "lock"), self)
			write(t, filepath.Join(dir, "state.json"), state)
		}},
		"starting": {prepare: func(dir string) { hold(t, dir, self) }, running: true},
		"starting after a kill": {prepare: func(dir string) {
			hold(t, dir, self)
			write(t, filepath.Join(dir, "state.json"), `{"pid": 1, "ready": true}`)
		}, running: true},
		"ready":         {prepare: func(dir string) { hold(t, dir, self); write(t, filepath.Join(dir, "state.json"), state) }, running: true, ready: true},
		"dying":         {prepare: func(dir string) { hold(t, dir, "999999999"); write(t, filepath.Join(dir, "state.json"), state) }},
		"no number yet": {prepare: func(dir string) { hold(t, dir, "") }},
	} {
		t.Run(name, func(t *testing.T) {
			p := Plane{Dir: t.TempDir()}
			c.prepare(p.Dir)
			got, err := p.Status()
			if err != nil || got.Running != c.running || got.Ready != c.ready {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestStartShowsTheEndOfTheLogOfAPlaneThatFails(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "slipway-plane")
	write(t, program, "#!/bin/sh\necho the disk is full\nexit 1\n")
	if err := os.Chmod(program, 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	p := Plane{Dir: filepath.Join(dir, "plane"), Program: program, Repository: dir}
	if _, err := p.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("got %v", err)
	}
}

func TestStopOfAPlaneThatDoesNotRun(t *testing.T) {
	if pid, err := (Plane{Dir: t.TempDir()}).Stop(t.Context()); pid != 0 || err != nil {
		t.Errorf("got %d, %v", pid, err)
	}
}

func TestLogsAcceptAPartOfTheName(t *testing.T) {
	p := Plane{Dir: t.TempDir()}
	for _, name := range []string{"plane", "capi-controller-manager", "capv-controller-manager"} {
		write(t, p.logFile(name), "log of "+name+"\n")
	}
	for asked, want := range map[string]string{
		"": "log of plane\n", "capv": "log of capv-controller-manager\n", "capi-controller-manager": "log of capi-controller-manager\n",
		"controller": "", "none": "", "../secret": "",
	} {
		var out bytes.Buffer
		err := p.Logs(t.Context(), &out, asked, false)
		if out.String() != want || (err == nil) != (want != "") {
			t.Errorf("Logs(%q) wrote %q, %v", asked, out.String(), err)
		}
	}
}

func TestLogsFollow(t *testing.T) {
	p := Plane{Dir: t.TempDir()}
	write(t, p.logFile(""), "one\n")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &stopper{at: "two\n", stop: cancel, seen: func() { write(t, p.logFile(""), "one\ntwo\n") }}
	if err := p.Logs(ctx, out, "", true); err != nil {
		t.Fatal(err)
	}
	if got := out.buffer.String(); got != "one\ntwo\n" {
		t.Errorf("got %q", got)
	}
}

// stopper ends the test once it was given what it waits for, and makes that come at the first write.
type stopper struct {
	buffer bytes.Buffer // not embedded: its ReadFrom would pass Write by
	at     string
	stop   func()
	seen   func()
}

func (s *stopper) Write(p []byte) (int, error) {
	n, err := s.buffer.Write(p)
	if s.seen != nil {
		s.seen()
		s.seen = nil
	}
	if strings.HasSuffix(s.buffer.String(), s.at) {
		s.stop()
	}
	return n, err
}

func TestUnitQuotesItsCommand(t *testing.T) {
	unit, err := Plane{Dir: "/home/a b/plane", Program: "/opt/100%/slipway-plane", Repository: "/r", Name: "n"}.Unit()
	if err != nil {
		t.Fatal(err)
	}
	want := `ExecStart="/opt/100%%/slipway-plane" "--dir" "/home/a b/plane" "--repository" "/r" "--name" "n"`
	if !strings.Contains(unit, want+"\n") || !strings.Contains(unit, "Type=notify\n") {
		t.Error(unit)
	}
}
