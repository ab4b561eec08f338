package cli

import (
	"context"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// ImportRequest is one appliance that is to become a template.
type ImportRequest struct {
	Config   *config.Config
	File     string
	Name     string                  // empty means the file's
	Progress func(done, total int64) // may be called by several goroutines
}

// ImportResult is what there is after an import.
type ImportResult struct {
	Path     string `json:"path"`     // the template's inventory path
	Imported bool   `json:"imported"` // false when it was there already
	Repaired bool   `json:"repaired"` // an import that had been interrupted was cleaned up first
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
	cfg, _, err := d.cloud("vsphere")
	if err != nil {
		return err
	}
	transfer := d.View.Transfer(file)
	result, err := d.ImportImage(ctx, ImportRequest{Config: cfg, File: file, Name: name, Progress: transfer.Update})
	transfer.Close()
	if err != nil {
		return err
	}
	switch {
	case result.Repaired:
		d.View.Info("An interrupted import was cleaned up, and the template imported.")
	case result.Imported:
		d.View.Info("The template is imported.")
	default:
		d.View.Info("The template is there already, with the same content.")
	}
	return d.print(view.Result{
		Columns: view.Columns("TEMPLATE"),
		Rows:    [][]string{{result.Path}},
		Data:    result,
		Names:   []string{"template/" + result.Path},
	})
}
