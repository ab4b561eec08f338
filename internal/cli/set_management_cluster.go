package cli

import (
	"context"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/spf13/cobra"
)

func newSetManagementCluster(d *Deps) *cobra.Command {
	var contextName string
	cmd := &cobra.Command{
		Use:     "management-cluster NAME",
		Aliases: managementAliases(),
		Short:   "Choose the management cluster that the other commands speak to",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSetManagementCluster(cmd.Context(), d, args[0], contextName)
		},
	}
	cmd.Flags().StringVarP(&contextName, "context", "c", "", "the context, where several have a management cluster of that name")
	completeFirst(cmd, d.regionNames)
	return cmd
}

func runSetManagementCluster(ctx context.Context, d *Deps, name, contextName string) error {
	d.trail.management = name
	cfg, err := d.ensuredConfiguration()
	if err != nil {
		return err
	}
	region, err := findRegion(cfg, d.InvokedAs, name, contextName)
	if err != nil {
		return err
	}
	err = d.editConfig(ctx, func(doc *config.Document) error { return doc.SetCurrent(region.Name, region.Context) })
	if err != nil {
		return err
	}
	d.View.Info("The current management cluster is %s (context %s).", region.Name, region.Context)
	return nil
}
