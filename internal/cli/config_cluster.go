package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func newConfigCluster(d *Deps) *cobra.Command {
	var flags clusterFlags
	cmd := &cobra.Command{
		Use:   "cluster NAME",
		Short: "Print everything that create cluster would apply, as YAML",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runConfigCluster(cmd.Context(), d, args[0], &flags)
		},
	}
	flags.bind(cmd, d)
	return cmd
}

// runConfigCluster asks the cloud only for what the manifest needs, such as the template of a Kubernetes version.
func runConfigCluster(ctx context.Context, d *Deps, name string, flags *clusterFlags) error {
	w, err := d.wantedCluster(name, flags)
	if err != nil {
		return err
	}
	objects, err := d.resolve(ctx, w)
	if err != nil {
		return err
	}
	manifest, err := objects.YAML()
	if err != nil {
		return err
	}
	_, err = d.Streams.Out.Write(manifest)
	return err
}
