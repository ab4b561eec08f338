// Command slipway-capi installs Cluster API's providers for slipway, which runs it; see internal/capictl.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-sh/slipway/internal/capi"
	"github.com/slipway-sh/slipway/internal/capictl"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := capictl.Serve(ctx, os.Stdin, os.Stdout, func(r capictl.Request) capictl.Worker {
		return &capi.Installer{
			Kubeconfig: r.Kubeconfig, Context: r.Context, Infrastructure: r.Infrastructure, Version: r.Version, Variables: r.Variables,
			Artifacts: &capi.Artifacts{Folder: r.Repository, Bundle: r.Bundle},
		}
	})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
