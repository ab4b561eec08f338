package main

import (
	"context"

	"github.com/slipway-sh/slipway/internal/cli"
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/azure"
	"github.com/slipway-sh/slipway/providers/docker"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

// addProviders is the one place that names the infrastructure providers of this build.
func addProviders(d *cli.Deps) {
	v := vsphere.New(vsphere.Options{})
	d.Providers = []providers.Provider{v, aws.New(aws.Options{}), azure.New(azure.Options{}), docker.New()}
	d.ImportImage = func(ctx context.Context, r cli.ImportRequest) (cli.ImportResult, error) {
		result, err := v.ImportImage(ctx, vsphere.ImportRequest{Config: r.Config, File: r.File, Name: r.Name}, r.Progress)
		return cli.ImportResult(result), err
	}
	d.Tables = func() []config.Table {
		return []config.Table{
			{Provider: "vsphere", Variables: vsphere.Variables()},
			{Provider: "aws", Variables: aws.Variables()},
			{Provider: "azure", Variables: azure.Variables()},
			{Provider: "docker", Variables: docker.Variables()},
		}
	}
}
