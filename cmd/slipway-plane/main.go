// Command slipway-plane is the embedded management cluster, in the foreground until it is asked to end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-sh/slipway/internal/plane"
)

func main() {
	options, err := plane.ParseFlags(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := plane.Run(ctx, options, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "slipway-plane: %v\n", err)
		os.Exit(1) //nolint:gocritic // the signals need no undoing at the end of the process
	}
}
