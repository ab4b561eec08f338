// Command slipway creates and looks after Kubernetes clusters. See internal/cli for what it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/slipway-sh/slipway/internal/cli"
	"github.com/slipway-sh/slipway/internal/view"
)

// version is set by the linker.
var version = "dev"

// gcPercent lets the heap of a short command grow to some 16 MB before the collector first runs; collecting took a
// quarter of the CPU time of `slipway config cluster`.
const gcPercent = 400

func main() {
	debug.SetGCPercent(gcPercent)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	home, _ := os.UserHomeDir()  // only needed where SLIPWAY_HOME and --config are not given
	deps := cli.Deps{
		Streams:   view.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr},
		Environ:   os.Environ(),
		UserHome:  home,
		InvokedAs: cli.InvokedAs(os.Args[0]),
		Build:     cli.Build{Version: version},
		Now:       time.Now,
	}
	addProviders(&deps)
	os.Exit(int(cli.Run(ctx, deps, os.Args[1:])))
}
