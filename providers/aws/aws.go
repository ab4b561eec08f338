// Package aws is the adapter for AWS: it resolves credentials, checks everything that a cluster needs of an account and a
// region before anything is touched, finds the image that carries a Kubernetes version, and lists what a deleted cluster
// left.
//
// The machines themselves are made by the upstream controller. Nothing here applies objects to a management cluster, and
// nothing of an account is changed but by DeleteLeftover and ApplyPermissions.
package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// Options are what a Provider takes from its surroundings. The zero value is right for a program: the SDK's own client
// with the proxy of the environment.
type Options struct {
	Client sdk.HTTPClient
}

// ControllerVersion is the release of cluster-api-provider-aws that the templates are written for; e2e/managers builds it.
const ControllerVersion = "v2.13.0"

// Provider is the AWS adapter. It holds no connection and no credentials: each call resolves them again.
type Provider struct{ options Options }

var _ providers.Provider = (*Provider)(nil)

// New makes the adapter.
func New(o Options) *Provider { return &Provider{options: o} }

// Name is "aws".
func (*Provider) Name() string { return "aws" }

// Preflight reports what stands in the way of a request, all at once; see checks for the list.
func (p *Provider) Preflight(ctx context.Context, r providers.Request) (uerr.Findings, error) {
	i := &inspection{provider: p, request: r}
	return preflight.Run(ctx, i, checks())
}

// Remaining is nothing: the controllers do all that a cluster needs.
func (*Provider) Remaining(context.Context, providers.Request) ([]providers.Task, error) {
	return nil, nil
}
