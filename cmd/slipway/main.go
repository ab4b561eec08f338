// Command slipway creates and looks after Kubernetes clusters. See internal/cli for what it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/slipway-sh/slipway/internal/cli"
	"github.com/slipway-sh/slipway/internal/view"
)

// version is set by the linker.
var version = "dev"

// ballast counts as heap, so that the collector runs first when a command has allocated as much again, and a long one is
// collected as usual. It is never written to, and takes no memory. Collecting was a quarter of the CPU time of
// `slipway config cluster`.
const ballast = 16 << 20

func main() {
	heap := make([]byte, ballast)
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
	code := cli.Run(ctx, deps, os.Args[1:])
	runtime.KeepAlive(heap)
	os.Exit(int(code))
}
