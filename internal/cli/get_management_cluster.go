package cli

import (
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// managementAliases are TKG's other words for a management cluster.
func managementAliases() []string { return []string{"mc", "management-clusters"} }

func newGetManagementCluster(d *Deps) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "management-cluster",
		Aliases: managementAliases(),
		Short:   "List the management clusters; the current one has a star",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runGetManagementCluster(d, name) },
	}
	cmd.Flags().StringVarP(&name, "name", "n", "", "only the management cluster of this name")
	completeFlag(cmd, "name", d.regionNames)
	bindOutput(cmd, d)
	return cmd
}

func runGetManagementCluster(d *Deps, name string) error {
	cfg, err := d.ensuredConfiguration()
	if err != nil {
		return err
	}
	regions := []config.Region{}
	for _, r := range cfg.Regions() {
		if name == "" || r.Name == name {
			regions = append(regions, r)
		}
	}
	if name != "" && len(regions) == 0 {
		return &uerr.Error{
			Code: uerr.NotFound, What: "no such management cluster", Object: name,
			Next: d.InvokedAs + " get management-cluster",
		}
	}
	return d.print(regionResult(regions))
}

func regionResult(regions []config.Region) view.Result {
	r := view.Result{
		Columns: append(view.Columns("MANAGEMENT-CLUSTER-NAME", "CONTEXT-NAME", "STATUS"), view.Column{Name: "KUBECONFIG", Wide: true}),
		Data:    regions,
	}
	for _, region := range regions {
		shown := region.Name
		if region.IsCurrent {
			shown += " *"
		}
		r.Rows = append(r.Rows, []string{shown, region.Context, region.Status, region.File})
		r.Names = append(r.Names, "management-cluster/"+region.Name)
	}
	return r
}
