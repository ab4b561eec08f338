package aws

import (
	"context"

	"github.com/slipway-sh/slipway/providers"
)

// The tags by which a cluster's things are known, each followed by the cluster's name; the value owned means that they go
// with the cluster. The first is the upstream controller's, the second that of the controllers inside the cluster.
const (
	ownedByController = "sigs.k8s.io/cluster-api-provider-aws/cluster/"
	ownedInside       = "kubernetes.io/cluster/"
	owned             = "owned"
)

// Leftovers is written next.
func (p *Provider) Leftovers(context.Context, providers.Request) ([]providers.Leftover, error) {
	return nil, nil
}

// DeleteLeftover is written next.
func (p *Provider) DeleteLeftover(context.Context, providers.Request, providers.Leftover) error {
	return nil
}
