package cli

import (
	"context"
	"strconv"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// ceipVariable is TKG's switch of its customer experience program. Slipway keeps it and sends nothing to anybody.
const ceipVariable = "ENABLE_CEIP_PARTICIPATION"

func newGetCEIP(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "ceip-participation",
		Aliases: []string{"ceip"},
		Short:   "Show TKG's setting for telemetry, which Slipway keeps and never acts on",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runGetCEIP(d) },
	}
	bindOutput(cmd, d)
	return cmd
}

func runGetCEIP(d *Deps) error {
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return err
	}
	status := "Opt-out"
	if cfg.IsSet(ceipVariable) && cfg.Bool(ceipVariable) {
		status = "Opt-in"
	}
	name := ""
	for _, r := range cfg.Regions() {
		if r.IsCurrent {
			name = r.Name
		}
	}
	return d.print(view.Result{
		Columns: view.Columns("MANAGEMENT-CLUSTER-NAME", "CEIP-STATUS"),
		Rows:    [][]string{{none(name), status}},
		Data: map[string]any{
			"managementCluster": name, "status": status, "sendsData": false,
		},
		Names: []string{"ceip-participation/" + status},
	})
}

func newSetCEIP(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:       "ceip-participation true|false",
		Aliases:   []string{"ceip"},
		Short:     "Store TKG's setting for telemetry; Slipway sends nothing to anybody",
		ValidArgs: []string{"true", "false"},
		Args:      cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSetCEIP(cmd.Context(), d, args[0])
		},
	}
	ignoreFlag(cmd.Flags(), "labels", "", "Slipway sends no telemetry")
	ignoreFlag(cmd.Flags(), "isProd", "", "Slipway sends no telemetry")
	return cmd
}

func runSetCEIP(ctx context.Context, d *Deps, text string) error {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return uerr.Findings{{Where: "ceip-participation", Problem: strconv.Quote(text) + " is neither true nor false", Next: "true or false"}}
	}
	if _, err := d.ensuredConfiguration(); err != nil {
		return err
	}
	err = d.editConfig(ctx, func(doc *config.Document) error {
		return doc.Set(ceipVariable, strconv.FormatBool(value))
	})
	if err != nil {
		return err
	}
	d.View.Info("%s is stored. Slipway sends no telemetry, whatever it says.", ceipVariable)
	return nil
}
