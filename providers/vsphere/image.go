package vsphere

import (
	"context"
	"errors"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
	"github.com/slipway-sh/slipway/providers/vsphere/image"
)

// ImportRequest is one OVA to become a template, at the place that the configuration names.
type ImportRequest struct {
	Config *config.Config
	File   string
	Name   string // empty takes the file's
}

// placing is what has to be found before an import.
func placing() []check {
	return []check{
		{Name: "login", Run: (*inspection).checkLogin},
		{Name: "API version", Needs: []string{"login"}, Run: (*inspection).checkVersion},
		{Name: "datacenter", Needs: []string{"login"}, Run: (*inspection).checkDatacenter},
		{Name: "resource pool", Needs: []string{"datacenter"}, Run: (*inspection).checkPool},
		{Name: "folder", Needs: []string{"datacenter"}, Run: (*inspection).checkFolder},
		{Name: "datastore", Needs: []string{"datacenter"}, Run: (*inspection).checkDatastore},
		{Name: "network", Needs: []string{"datacenter"}, Run: (*inspection).checkNetwork},
	}
}

// ImportImage verifies and uploads an OVA; see image.Import.
func (p *Provider) ImportImage(ctx context.Context, r ImportRequest, progress func(done, total int64)) (image.Result, error) {
	i := &inspection{provider: p, request: providers.Request{Config: r.Config}}
	defer func() { i.close(ctx) }()
	found, err := preflight.Run(ctx, i, placing())
	if err = errors.Join(err, found.Err()); err != nil {
		return image.Result{}, err
	}
	if i.datastore.Datastore == nil {
		return image.Result{}, i.refuse(keyDatastore, "an import needs a datastore, and "+keyDatastore+" is not set",
			"set "+keyDatastore+" in "+r.Config.Path()+" or in the environment")
	}
	place := image.Place{Pool: i.pool, Folder: i.folder, Datastore: i.datastore.Datastore, Network: i.network}
	result, err := image.Import(ctx, i.conn.client, image.Request{File: r.File, Name: r.Name, Place: place}, progress)
	var told *uerr.Error
	if err != nil && ctx.Err() == nil && !errors.As(err, &told) {
		err = i.conn.target.explain(ctx, err)
	}
	return result, err
}
