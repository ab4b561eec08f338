// Package cli is the command line: one file per command, the wiring between packages, and the exit codes.
// It holds no knowledge of a cloud, and operations on clusters are internal/phase's.
//
// Each command has a newX that declares its flags and a runX that acts. What a command needs is in Deps.
package cli

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/slipway-sh/slipway/providers"
)

// Deps is what commands work with. The exported fields come from main or from a test; the rest is filled in from the
// global flags of one invocation.
type Deps struct {
	Streams   view.Streams
	Environ   []string
	UserHome  string // the person's home folder
	InvokedAs string // "slipway", or "tkg" for TKG's habits
	Build     Build
	Providers []providers.Provider
	Now       func() time.Time

	// Tables gives the providers' variables. It is a function because most of a start-up would go into building them.
	Tables func() []config.Table
	// ImportImage uploads an appliance as a template; the adapter that can is named by main.
	ImportImage func(context.Context, ImportRequest) (ImportResult, error)

	// View is where messages, warnings, progress and questions go; set before a command runs.
	View *view.Console

	global  globalFlags
	format  view.Format
	args    []string // as typed, without the program
	started bool     // arguments were accepted; an error before that is one of usage
	closers []func() error
	outcome uerr.Code // exit code of a command that did not fail
	trail   trail     // what the audit log will say
}

// Build says which build of the program this is.
type Build struct{ Version, Commit, Date string }

// globalFlags are the flags that every command has.
type globalFlags struct {
	config     string
	configDir  string
	kubeconfig string
	logFile    string
	verbosity  int
	quiet      bool
	skipPrompt bool
}

// env gives a variable of the environment, or "".
func (d *Deps) env(key string) string {
	value := ""
	for _, entry := range d.Environ {
		if name, v, ok := strings.Cut(entry, "="); ok && name == key {
			value = v
		}
	}
	return value
}

// home is Slipway's own folder: $SLIPWAY_HOME or ~/.slipway.
func (d *Deps) home() string {
	if dir := d.env("SLIPWAY_HOME"); dir != "" {
		return dir
	}
	return filepath.Join(d.UserHome, ".slipway")
}

// confirm asks before something is destroyed. TKG's --skip-prompt answers like --yes.
func (d *Deps) confirm(ctx context.Context, question string, yes bool) error {
	return d.View.Confirm(ctx, question, yes || d.global.skipPrompt)
}

// print writes a result in the format of -o. It is the only way to stdout.
func (d *Deps) print(r view.Result) error { return view.Print(d.Streams.Out, d.format, r) }

// provider finds the adapter of an infrastructure, or nil.
func (d *Deps) provider(name string) providers.Provider {
	for _, p := range d.Providers {
		if p.Name() == name {
			return p
		}
	}
	return nil
}
