package vsphere

import (
	"context"
	"errors"
	"slices"

	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// KubernetesVersions are the versions that VM templates of the datacenter carry, the oldest first.
func (p *Provider) KubernetesVersions(ctx context.Context, r providers.Request) ([]string, error) {
	i := &inspection{provider: p, request: r}
	i.request.ControlPlane = 1 // the datacenter matters
	defer func() { i.close(ctx) }()
	found, err := preflight.Run(ctx, i, locating())
	if err = errors.Join(err, found.Err()); err != nil {
		return nil, err
	}
	templates, err := i.conn.listTemplates(ctx)
	if err != nil {
		return nil, i.conn.target.explain(ctx, err)
	}
	slices.SortFunc(templates, func(a, b template) int { return a.version.compare(b.version) })
	versions := make([]string, 0, len(templates))
	for _, t := range templates {
		versions = append(versions, t.version.String())
	}
	return slices.Compact(versions), nil
}
