package hook_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/hook"
)

func command(dir string, args ...string) config.Hook {
	return config.Hook{Events: []string{config.HookReady, config.HookFailed}, Command: args, Dir: dir}
}

// TestCommandIsTold has a script write down what it got.
func TestCommandIsTold(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "notify.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho on stdout\ncat >> stdin\necho \"$1|$MINE|$(env | grep ^SLIPWAY_ | sort | tr '\\n' '|')\" >> env\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	failedOne := ready("dev2")
	failedOne.Name, failedOne.Data.Message = config.HookFailed, "$(rm -rf /); `id`"
	if failed := tell(t, []config.Hook{command(dir, script, "a b; exit 1")}, ready("dev1"), failedOne); failed != nil {
		t.Fatal(failed)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "stdin"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, name := range []string{"dev1", "dev2"} { // one after the other
		var e struct {
			ID, Type string
			Data     hook.Data
		}
		first, rest, _ := strings.Cut(string(raw), "}}")
		if err := json.Unmarshal([]byte(first+"}}"), &e); err != nil || e.Data.Cluster != name {
			t.Fatalf("%v: %s", err, raw)
		}
		raw, ids = []byte(rest), append(ids, e.ID)
	}
	env, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil {
		t.Fatal(err)
	}
	want := "a b; exit 1|kept|SLIPWAY_ACTION=create|SLIPWAY_CLUSTER=dev2|SLIPWAY_EVENT=cluster.failed|SLIPWAY_EVENT_ID=" + ids[1] +
		"|SLIPWAY_EVENT_TIME=2026-11-21T12:00:00Z|SLIPWAY_FLEET=sites|SLIPWAY_INFRASTRUCTURE=vsphere|SLIPWAY_MANAGEMENT_CLUSTER=mgmt" +
		"|SLIPWAY_MESSAGE=$(rm -rf /); `id`|SLIPWAY_NAMESPACE=default|SLIPWAY_STATUS=done|"
	if lines := strings.Split(strings.TrimSpace(string(env)), "\n"); len(lines) != 2 || lines[1] != want {
		t.Errorf("got  %s\nwant %s", env, want)
	}
}

func TestCommandFails(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"with a reason":           {[]string{"sh", "-c", "cat >/dev/null; echo first >&2; echo the line is dead >&2; echo >&2; exit 3"}, "dev1: exit status 3: the line is dead"},
		"without one":             {[]string{"sh", "-c", "exit 4"}, "dev1: exit status 4"},
		"not there":               {[]string{"/no/such/program"}, "dev1: fork/exec /no/such/program: no such file or directory"},
		"with more than is kept":  {[]string{"sh", "-c", "yes 0123456789 | head -c 100000 >&2; echo >&2; echo end >&2; exit 1"}, "dev1: exit status 1: end"},
		"reads nothing, and well": {[]string{"true"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(tell(t, []config.Hook{command(t.TempDir(), tc.args...)}, ready("dev1")), "; "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// TestCommandTakesTooLong wants what a command started to go with it: reading a FIFO ends when nobody has it open for
// writing. A machine that is too busy to start the command in time gets more of it.
func TestCommandTakesTooLong(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	both, err := os.OpenFile(fifo, os.O_RDWR, 0) // so that the child need not wait for a reader
	if err != nil {
		t.Fatal(err)
	}
	h := command(dir, "sh", "-c", "sleep 1000 >"+fifo+" & echo open >&2; wait")
	for h.Timeout = 300 * time.Millisecond; h.Timeout < long; h.Timeout *= 2 {
		failed := tell(t, []config.Hook{h}, ready("dev1"))
		if strings.Join(failed, "; ") == "dev1: it was not done within "+h.Timeout.String()+", and killed: open" {
			break
		}
		t.Logf("once more: %q", failed)
	}
	reader, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	both.Close()
	if err := reader.SetReadDeadline(time.Now().Add(long)); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Read(make([]byte, 1)); h.Timeout >= long || err != io.EOF {
		t.Errorf("the child of the command lives on: %v", err)
	}
}
