package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func newConfigCluster(d *Deps) *cobra.Command {
	var flags clusterFlags
	var files fleetFlags
	cmd := &cobra.Command{
		Use:   "cluster NAME | -f FILE|DIR|-...",
		Short: "Print everything that create cluster, or with -f apply, would apply, as YAML",
		Args:  files.nameOrFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(files.files) > 0 {
				return runConfigFleet(cmd.Context(), d, &files, &flags)
			}
			return runConfigCluster(cmd.Context(), d, args[0], &flags)
		},
	}
	flags.bind(cmd, d)
	files.bind(cmd)
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
