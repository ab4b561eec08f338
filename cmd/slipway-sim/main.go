// Command slipway-sim is the simulator: a vCenter, the insides of its machines, and the proxy that leads to them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-sh/slipway/internal/sim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := sim.Main(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}
