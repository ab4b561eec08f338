package cli

import (
	"context"
	"strings"

	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

func newGetNodePools(d *Deps) *cobra.Command {
	var namespace string
	cmd := &cobra.Command{
		Use:     "nodepools CLUSTER",
		Aliases: nodePoolAliases("nodepools"),
		Short:   "List the pools of workers of a cluster",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGetNodePools(cmd.Context(), d, args[0], namespace)
		},
	}
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	completeFirst(cmd, d.clusterNames)
	bindOutput(cmd, d)
	return cmd
}

func runGetNodePools(ctx context.Context, d *Deps, cluster, namespace string) error {
	client, key, err := d.onCluster(namespace, cluster)
	if err != nil {
		return err
	}
	pools, err := client.PoolSummaries(ctx, key)
	if err != nil {
		return err
	}
	r := view.Result{
		Columns: append(view.Columns("NAME", "CLASS", "ZONE", "REPLICAS", "VERSION"), view.Column{Name: "OBJECT", Wide: true}),
		Data:    pools,
	}
	for _, p := range pools {
		r.Rows = append(r.Rows, []string{
			p.Name, p.Class, none(strings.Join(p.Zones, ",")), p.Replicas, none(p.Version), none(p.Object),
		})
		r.Names = append(r.Names, "nodepool/"+p.Name)
	}
	return d.print(r)
}
