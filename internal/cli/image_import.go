package cli

import (
	"context"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// ImageImporter uploads an appliance to a cloud as a template. The vSphere adapter is the one that can.
type ImageImporter interface {
	// ImportImage gives the template's inventory path. A template that is there already is not uploaded again.
	// An empty name means the one in the file. progress may be called from several goroutines.
	ImportImage(ctx context.Context, cfg *config.Config, file, name string, progress func(done, total int64)) (string, error)
}

func newImageImport(d *Deps) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "import FILE.ova",
		Short:   "Upload a node image to vSphere and make it a template",
		Example: "  " + d.InvokedAs + " image import photon-3-kube-v1.36.3.ova --name photon-kube-v1.36.3",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runImageImport(cmd.Context(), d, args[0], name)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the template (default the one in the file)")
	bindOutput(cmd, d)
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"ova"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return cmd
}

func runImageImport(ctx context.Context, d *Deps, file, name string) error {
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return err
	}
	findings := cfg.Validate("vsphere", config.UseCloud)
	if err := findings.Err(); err != nil {
		return err
	}
	d.View.Findings(findings.Warnings())
	transfer := d.View.Transfer(file)
	path, err := d.Images.ImportImage(ctx, cfg, file, name, transfer.Update)
	transfer.Close()
	if err != nil {
		return err
	}
	d.View.Info("The template is ready.")
	return d.print(view.Result{
		Columns: view.Columns("TEMPLATE"),
		Rows:    [][]string{{path}},
		Data:    map[string]string{"template": path},
		Names:   []string{"template/" + path},
	})
}
