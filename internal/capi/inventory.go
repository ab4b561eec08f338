package capi

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	clusterctlv1 "sigs.k8s.io/cluster-api/cmd/clusterctl/api/v1alpha3"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/cluster"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Installation is one entry of a management cluster's provider inventory.
type Installation struct {
	Provider
	Namespace string `json:"namespace"`
}

// Installed lists the providers of the management cluster, as clusterctl recorded them; none before the first Install.
func (i *Installer) Installed(ctx context.Context) ([]Installation, error) {
	c, err := i.client(ctx)
	if err != nil {
		return nil, err
	}
	return installed(ctx, c)
}

func (i *Installer) client(ctx context.Context) (client.Client, error) {
	c, err := cluster.NewProxy(cluster.Kubeconfig{Path: i.Kubeconfig, Context: i.Context}).NewClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("management cluster: %w", err)
	}
	return c, nil
}

func installed(ctx context.Context, c client.Client) ([]Installation, error) {
	list := &clusterctlv1.ProviderList{}
	err := c.List(ctx, list) // not by clusterctl's inventory, which tries for 20 s when its CRD is missing
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

// Missing names the providers that Install would have to install or wait for. A management cluster that cannot be asked
// lacks them all; what is wrong with it, Install says.
func (i *Installer) Missing(ctx context.Context) ([]string, error) {
	providers := Providers(i.Infrastructure, i.Version)
	var have []Installation
	c, err := i.client(ctx)
	if err == nil {
		have, err = installed(ctx, c)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var out []string
	for _, p := range providers {
		listed := slices.ContainsFunc(have, func(h Installation) bool { return h.Provider == p })
		if err != nil || !listed || !up(ctx, c, p) {
			out = append(out, p.String())
		}
	}
	return out, nil
}

// up asks the same as Install's wait, of the objects that carry the provider's label.
func up(ctx context.Context, c client.Client, p Provider) bool {
	var objs []unstructured.Unstructured
	for _, kind := range []schema.GroupVersionKind{
		{Group: "apps", Version: "v1", Kind: "Deployment"},
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
		{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "MutatingWebhookConfiguration"},
		{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingWebhookConfiguration"},
	} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		err := c.List(ctx, list, client.MatchingLabels{clusterv1.ProviderNameLabel: p.Label()})
		if err != nil || len(list.Items) == 0 {
			return false
		}
		objs = append(objs, list.Items...)
	}
	return firstProblem(ctx, c, objs) == nil
}
