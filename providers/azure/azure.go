// Package azure is the adapter for Azure: it resolves credentials, checks everything that a cluster needs of a
// subscription and a location before anything is touched, finds the Kubernetes version that AKS offers, and lists what a
// deleted cluster left.
//
// The clusters themselves are made by the upstream controllers. Nothing here applies objects to a management cluster, and
// nothing of a subscription is changed but by tasks, which the caller runs, and by DeleteLeftover.
package azure

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// Options are what a Provider takes from its surroundings. The zero value is right for a program: the SDK's own client
// with the proxy of the environment.
type Options struct {
	Client policy.Transporter
}

// ControllerVersion is the release of cluster-api-provider-azure that the templates are written for; e2e/managers builds it.
const ControllerVersion = "v1.21.0"

// Provider is the Azure adapter. It holds no connection and no credentials: each call resolves them again.
type Provider struct{ options Options }

var _ providers.Provider = (*Provider)(nil)

// New makes the adapter.
func New(o Options) *Provider { return &Provider{options: o} }

// Name is "azure".
func (*Provider) Name() string { return "azure" }

// Preflight reports what stands in the way of a request, all at once; see checks for the list.
func (p *Provider) Preflight(ctx context.Context, r providers.Request) (uerr.Findings, error) {
	return preflight.Run(ctx, p.inspect(r), checks())
}
