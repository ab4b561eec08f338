package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
)

// statusSuccess is TKG's word for a management cluster that came up.
const statusSuccess = "Success"

func newAddManagementCluster(d *Deps) *cobra.Command {
	var overwrite bool
	cmd := &cobra.Command{
		Use:     "management-cluster",
		Aliases: managementAliases(),
		Short:   "Register the management cluster that the current context of --kubeconfig points to",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAddManagementCluster(cmd.Context(), d, overwrite)
		},
	}
	cmd.Flags().BoolVar(&overwrite, "overwrite", false, "replace a registered management cluster of the same name")
	ignoreSwitch(cmd.Flags(), "direct-reference", "", "the kubeconfig is always used where it is")
	return cmd
}

func runAddManagementCluster(ctx context.Context, d *Deps, overwrite bool) error {
	region, err := regionOfKubeconfig(d)
	if err != nil {
		return err
	}
	cfg, err := d.ensuredConfiguration()
	if err != nil {
		return err
	}
	for _, r := range cfg.Regions() {
		if r.Name == region.Name && r != region && !overwrite {
			return uerr.Findings{{
				Where: cfg.Path(), Problem: fmt.Sprintf("management cluster %s is registered already, with context %s", r.Name, r.Context),
				Next: "--overwrite",
			}}
		}
	}
	client, err := kube.Connect(region.File, region.Context)
	if err != nil {
		return err
	}
	if _, err := client.Summaries(ctx, ""); err != nil {
		return fmt.Errorf("is %s a management cluster? %w", region.Name, err)
	}
	region.IsCurrent = true
	if err := d.editConfig(ctx, func(doc *config.Document) error { return doc.SetRegion(region) }); err != nil {
		return err
	}
	d.View.Info("Management cluster %s (context %s) is registered and is the current one.", region.Name, region.Context)
	return nil
}

// regionOfKubeconfig reads which cluster the current context of --kubeconfig, or of kubectl, points to.
func regionOfKubeconfig(d *Deps) (config.Region, error) {
	path := d.global.kubeconfig
	if path == "" {
		path = kube.KubeconfigPath(d.Environ)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return config.Region{}, err
	}
	file, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return config.Region{}, &uerr.Error{
			Code: uerr.NotFound, What: "no kubeconfig can be read", Object: path, Cause: err, Next: "--kubeconfig FILE",
		}
	}
	current, ok := file.Contexts[file.CurrentContext]
	if !ok {
		return config.Region{}, &uerr.Error{
			Code: uerr.NotFound, What: "the kubeconfig has no current context", Object: path,
			Next: "kubectl config use-context NAME --kubeconfig " + path,
		}
	}
	name := current.Cluster
	if _, after, found := strings.Cut(file.CurrentContext, "-admin@"); found {
		name = after
	}
	return config.Region{Name: name, Context: file.CurrentContext, File: path, Status: statusSuccess}, nil
}
