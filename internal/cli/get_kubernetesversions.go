package cli

import (
	"context"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
)

// VersionLister is an adapter that can say which Kubernetes versions its cloud carries images of.
type VersionLister interface {
	// KubernetesVersions lists them, the oldest first.
	KubernetesVersions(ctx context.Context, r providers.Request) ([]string, error)
}

func newGetKubernetesVersions(d *Deps) *cobra.Command {
	var infrastructure string
	cmd := &cobra.Command{
		Use:     "kubernetesversions",
		Aliases: []string{"kv"},
		Short:   "List the Kubernetes versions that the infrastructure carries node images of",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runGetKubernetesVersions(cmd.Context(), d, infrastructure)
		},
	}
	cmd.Flags().StringVarP(&infrastructure, "infrastructure", "i", "", "the infrastructure to ask (default INFRASTRUCTURE_PROVIDER, or vsphere)")
	completeFlag(cmd, "infrastructure", d.providerNames)
	bindOutput(cmd, d)
	return cmd
}

func runGetKubernetesVersions(ctx context.Context, d *Deps, infrastructure string) error {
	cfg, provider, err := d.cloud(infrastructure)
	if err != nil {
		return err
	}
	lister, ok := provider.(VersionLister)
	if !ok {
		return uerr.Findings{{Where: "--infrastructure", Problem: "cannot list the versions of " + provider.Name(), Next: "-i vsphere"}}
	}
	versions, err := lister.KubernetesVersions(ctx, providers.Request{Config: cfg})
	if err != nil {
		return err
	}
	r := view.Result{Columns: view.Columns("VERSIONS"), Data: append([]string{}, versions...)}
	for _, version := range versions {
		r.Rows = append(r.Rows, []string{version})
		r.Names = append(r.Names, "kubernetesversion/"+version)
	}
	return d.print(r)
}
