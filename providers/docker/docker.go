// Package docker is the adapter for Cluster API's own provider for development. Its clusters of type in-memory have real
// objects and real controllers, and machines and API servers that are only played: they cost seconds and no cloud, which
// is what somebody who tries Slipway wants, or measures it.
//
// There is no cloud behind it: nothing to log in to, and nothing that a deleted cluster could leave.
package docker

import (
	"context"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// ControllerVersion is the release of cluster-api-provider-docker that the template is written for; e2e/managers builds
// it.
const ControllerVersion = "v1.14.0"

// Provider is the adapter. It holds nothing.
type Provider struct{}

var _ providers.Provider = (*Provider)(nil)

// New makes the adapter.
func New() *Provider { return &Provider{} }

// Name is "docker", upstream's name of its provider for development.
func (*Provider) Name() string { return "docker" }

// Preflight reports what stands in the way of a request, all at once; see checks for the list.
func (*Provider) Preflight(ctx context.Context, r providers.Request) (uerr.Findings, error) {
	return preflight.Run(ctx, request(r), checks())
}

// Values gives the variables of templates/docker/clusterclass.yaml. Every version is there that is asked for.
func (*Provider) Values(ctx context.Context, r providers.Request) (providers.Values, error) {
	values := providers.Values{Controller: providers.Controller{Version: ControllerVersion}}
	found, err := preflight.Run(ctx, request(r), checks())
	if err == nil {
		err = found.Err()
	}
	if err != nil {
		return providers.Values{}, err
	}
	if r.ControlPlane == 0 {
		return values, nil
	}
	values.KubernetesVersion, values.NoAddons = r.KubernetesVersion, true
	values.Variables, err = variables(r.Config)
	return values, err
}

// Remaining is nothing: the controllers do all that a cluster needs.
func (*Provider) Remaining(context.Context, providers.Request) ([]providers.Task, error) {
	return nil, nil
}

// Leftovers are none: all that a cluster has is in the memory of its controller, which ends with the cluster.
func (*Provider) Leftovers(ctx context.Context, _ providers.Request) ([]providers.Leftover, error) {
	return nil, context.Cause(ctx)
}

// DeleteLeftover has nothing to do, since there is nothing to find.
func (*Provider) DeleteLeftover(ctx context.Context, _ providers.Request, _ providers.Leftover) error {
	return context.Cause(ctx)
}
