package cli_test

import (
	"bytes"
	"context"
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/slipway-sh/slipway/internal/cli"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
)

//go:embed testdata/tkg_commands.txt
var tkgCommands string

// TestTKGCommandLines takes every verb, alias and flag of TKG 1.x that this version claims to accept. With --help at
// the end a command line is parsed to its end and nothing runs; the help says which command it reached.
func TestTKGCommandLines(t *testing.T) {
	for _, line := range strings.Split(strings.TrimSpace(tkgCommands), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		typed, reached, found := strings.Cut(line, " => ")
		if !found {
			t.Fatalf("%q names no command", line)
		}
		t.Run(typed, func(t *testing.T) {
			out, errs, code := runInProcess(t, "tkg", append(strings.Fields(typed), "--help"))
			if code != uerr.OK {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			if usage := "\n  tkg " + reached; !strings.Contains(out, usage) {
				t.Errorf("reached another command than %q:\n%s", reached, out)
			}
		})
	}
}

// TestUnknownFlagIsRefused guards the test above: --help must not hide a flag that nobody declared.
func TestUnknownFlagIsRefused(t *testing.T) {
	_, errs, code := runInProcess(t, "tkg", []string{"get", "clusters", "--no-such-flag", "--help"})
	if code != uerr.Usage || !strings.Contains(errs, "unknown flag: --no-such-flag") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// TestHelpIsComplete wants a sentence for every command and for every flag that is not hidden.
func TestHelpIsComplete(t *testing.T) {
	for _, path := range []string{"", "create", "get", "config", "delete", "describe", "scale", "set", "add", "image", "upgrade", "retry"} {
		out, _, _ := runInProcess(t, "slipway", append(strings.Fields(path), "--help"))
		_, commands, _ := strings.Cut(out, "Available Commands:\n")
		commands, _, _ = strings.Cut(commands, "\n\n")
		for _, line := range strings.Split(strings.TrimSpace(commands), "\n") {
			if len(strings.Fields(line)) < 3 {
				t.Errorf("slipway %s: a command without a sentence: %q", path, line)
			}
		}
	}
}

func runInProcess(t *testing.T, program string, args []string) (stdout, stderr string, code uerr.Code) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(context.Background(), cli.Deps{
		Streams:   view.Streams{In: strings.NewReader(""), Out: &out, Err: &errs},
		Environ:   []string{"HOME=" + t.TempDir()},
		InvokedAs: program,
		Now:       time.Now,
		Tables:    tables,
	}, args)
	return out.String(), errs.String(), code
}
