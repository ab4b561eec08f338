package cli

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/spf13/cobra"
)

func newDeleteNodePool(d *Deps) *cobra.Command {
	var o poolOptions
	var yes bool
	cmd := &cobra.Command{
		Use:     "nodepool CLUSTER POOL",
		Aliases: nodePoolAliases("nodepool"),
		Short:   "Delete a pool of workers with its machines",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDeleteNodePool(cmd.Context(), d, args[0], args[1], o, yes)
		},
	}
	flags := o.bind(cmd, d, "wait until the machines are gone")
	flags.BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func runDeleteNodePool(ctx context.Context, d *Deps, cluster, name string, o poolOptions, yes bool) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	pool, err := loadPool(ctx, d, o.namespace, cluster, name)
	if err != nil {
		return err
	}
	if _, err := kube.FindPool(pool.cluster, name); err != nil {
		return err
	}
	if err := d.confirm(ctx, fmt.Sprintf("Delete pool %s of cluster %s with all its machines?", name, cluster), yes); err != nil {
		return err
	}
	op := phase.DeletePool(pool.input(d, "delete", o, kube.PoolEdit{Name: name}))
	if err := d.operate(ctx, fmt.Sprintf("Deleting pool %s of cluster %s", name, cluster), op); err != nil {
		return err
	}
	if !o.wait {
		d.View.Info("Pool %s of cluster %s is being deleted; follow it with: %s describe cluster %s", name, cluster, d.typed(), cluster)
	}
	return nil
}
