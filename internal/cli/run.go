package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
)

// Run executes one command line and gives the exit code of the process. args does not include the program's name.
func Run(ctx context.Context, d Deps, args []string) uerr.Code {
	klog.SetLogger(logr.Discard()) // client-go writes there what its errors say again, in the midst of what is redrawn
	if d.Now == nil {
		d.Now = time.Now
	}
	d.format, d.args = view.TableFormat, args
	d.View = d.newConsole(nil)
	root := newRoot(&d)
	root.SetArgs(args)
	root.SetIn(d.Streams.In)
	root.SetOut(d.Streams.Out)
	root.SetErr(d.Streams.Err)
	cmd, err := root.ExecuteContextC(ctx)
	err = errors.Join(err, d.close())
	if err == nil {
		d.record(ctx, cmd, d.outcome, nil)
		return d.outcome
	}
	if !d.started {
		err = usageError(err, cmd.CommandPath())
	}
	code := exitCode(err)
	if _, plain := cmd.Annotations[plainFailure]; plain {
		code = uerr.Failure
	}
	if code == uerr.Cancelled && ctx.Err() != nil {
		err = interrupted(err)
	}
	d.record(ctx, cmd, code, err)
	view.PrintError(d.Streams.Err, view.ErrorOptions{Format: d.format, Code: code, Next: d.typeable}, err)
	return code
}

// newConsole follows the flags that were given, or none before they are read.
func (d *Deps) newConsole(log *os.File) *view.Console {
	o := view.ConsoleOptions{
		Streams: d.Streams, Environ: d.Environ, Level: d.global.verbosity, Quiet: d.global.quiet, Now: d.Now,
		Next: d.typeable,
	}
	if log != nil {
		o.LogFile = log
	}
	return view.NewConsole(o)
}

// close releases what the command opened, last first.
func (d *Deps) close() error {
	var all error
	for i := len(d.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, d.closers[i]())
	}
	return all
}

// exitCode knows what uerr cannot: how Go says that a context ended.
func exitCode(err error) uerr.Code {
	code := uerr.ExitCode(err)
	if code != uerr.Failure {
		return code
	}
	switch {
	case errors.Is(err, context.Canceled):
		return uerr.Cancelled
	case errors.Is(err, context.DeadlineExceeded):
		return uerr.TimedOut
	}
	return code
}

// interrupted makes sure that a person who pressed Ctrl-C reads how to go on.
func interrupted(err error) error {
	var known *uerr.Error
	if errors.As(err, &known) && known.Next != "" {
		return err
	}
	return &uerr.Error{
		Code: uerr.Cancelled, What: "interrupted", Cause: err,
		Next: "type the same command again: it goes on from what is there",
	}
}

// usageError keeps findings as they are and gives everything else a way to the help.
func usageError(err error, path string) error {
	var findings uerr.Findings
	if errors.As(err, &findings) {
		return findings
	}
	var known *uerr.Error
	if errors.As(err, &known) {
		return known
	}
	return &uerr.Error{Code: uerr.Usage, What: err.Error(), Next: path + " --help"}
}

// InvokedAs turns the program's path into the name that decides about habits: "tkg" for a link of that name.
func InvokedAs(program string) string {
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	if name == "tkg" {
		return name
	}
	return "slipway"
}

// commandLine is what was typed, for messages that say how to go on with it. No flag takes a secret.
func (d *Deps) commandLine() string {
	words := []string{d.typed()}
	for _, arg := range d.args {
		if arg == "" || strings.ContainsAny(arg, " \t'\"$&|;<>()*?[]#~`\\") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}
