package cli

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/spf13/cobra"
)

type setPoolOptions struct {
	poolOptions
	workers     int32
	edit        kube.PoolEdit
	machineType string
	variables   []string
}

func newSetNodePool(d *Deps) *cobra.Command {
	var o setPoolOptions
	cmd := &cobra.Command{
		Use:     "nodepool CLUSTER POOL",
		Aliases: nodePoolAliases("nodepool"),
		Short:   "Add a pool of workers to a cluster, or change one",
		Long: "Add a pool of workers to a cluster, or change one.\n\n" +
			"A new pool needs -w, and has what the cluster's own variables say but for what is given here. The values of\n" +
			"--variable are those of the cluster's class; their fields are merged into the ones in force, and null takes one out.",
		Example: fmt.Sprintf("  %[1]s set nodepool prod1 gpu -w 2 --machine-type Standard_NC4as_T4_v3\n"+
			"  %[1]s set nodepool prod1 big -w 1 --variable 'worker={\"numCPUs\": 16}'", d.InvokedAs),
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("worker-machine-count") {
				o.edit.Replicas = &o.workers
			}
			return runSetNodePool(cmd.Context(), d, args[0], args[1], o)
		},
	}
	flags := o.bind(cmd, d, "wait until every machine asked for is up")
	flags.Int32VarP(&o.workers, "worker-machine-count", "w", 0, "workers of the pool")
	flags.StringVar(&o.edit.Class, "class", "", "class of workers of a new pool, such as AKS's system (default worker)")
	flags.StringVar(&o.edit.Zone, "zone", "", "the cloud's name of the zone that the workers are in")
	flags.StringVar(&o.machineType, "machine-type", "", "the cloud's type of machine")
	flags.StringArrayVar(&o.variables, "variable", nil, "NAME=JSON of the cluster's class, for this pool only; may be repeated")
	return cmd
}

func runSetNodePool(ctx context.Context, d *Deps, cluster, name string, o setPoolOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	pool, err := loadPool(ctx, d, o.namespace, cluster, name)
	if err != nil {
		return err
	}
	o.edit.Name = name
	if o.edit.Variables, err = pool.variables(d, o.edit, o.machineType, o.variables); err != nil {
		return err
	}
	op := phase.SetPool(pool.input(d, "set", o.poolOptions, o.edit))
	if err := d.operate(ctx, fmt.Sprintf("Changing pool %s of cluster %s", name, cluster), op); err != nil {
		return err
	}
	if !o.wait {
		d.View.Info("Pool %s of cluster %s is being changed; follow it with: %s get nodepools %s", name, cluster, d.typed(), cluster)
	}
	return nil
}
