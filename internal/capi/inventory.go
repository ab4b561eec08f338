package capi

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	clusterctlv1 "sigs.k8s.io/cluster-api/cmd/clusterctl/api/v1alpha3"
)

// Installation is one entry of a management cluster's provider inventory.
type Installation struct {
	Provider
	Namespace string `json:"namespace"`
}

// Installed lists the providers of the management cluster, as clusterctl recorded them; none before the first Install.
func (i *Installer) Installed(ctx context.Context) ([]Installation, error) {
	s, err := i.session(ctx, nil)
	if err != nil {
		return nil, err
	}
	c, err := s.cluster.Proxy().NewClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("management cluster: %w", err)
	}
	list := &clusterctlv1.ProviderList{}
	err = c.List(ctx, list) // not by clusterctl's inventory, which tries for 20 s when its CRD is missing
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	var out []Installation
	for _, p := range list.Items {
		out = append(out, Installation{
			Provider:  Provider{Name: p.ProviderName, Type: p.GetProviderType(), Version: p.Version},
			Namespace: p.Namespace,
		})
	}
	slices.SortFunc(out, func(a, b Installation) int {
		return cmp.Or(cmp.Compare(a.Type.Order(), b.Type.Order()), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}
