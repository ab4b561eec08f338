package cli

import (
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/spf13/cobra"
)

func newConfigSchema(d *Deps) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of config.yaml, for editors and checks",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := d.Streams.Out.Write(config.Schema(d.Tables()))
			return err
		},
	}
}
