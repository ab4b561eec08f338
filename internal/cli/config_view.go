package cli

import (
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/slipway-sh/slipway/plans"
	"github.com/spf13/cobra"
)

type configViewOptions struct {
	plan   string
	origin bool
	all    bool
}

// setting is one variable as -o json shows it.
type setting struct {
	Name   string         `json:"name"`
	Value  string         `json:"value"`
	Origin *config.Origin `json:"origin,omitempty"`
}

func newConfigView(d *Deps) *cobra.Command {
	var o configViewOptions
	cmd := &cobra.Command{
		Use:   "view",
		Short: "Show the values in effect; secrets are not shown",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return runConfigView(d, o) },
	}
	cmd.Flags().BoolVar(&o.origin, "origin", false, "also where each value comes from: a flag, the environment, a line of the file, the plan, a default")
	cmd.Flags().BoolVar(&o.all, "all", false, "also the variables that have no value")
	cmd.Flags().StringVarP(&o.plan, "plan", "p", "", "with the values of this plan")
	completeFlag(cmd, "plan", d.planNames)
	bindOutput(cmd, d)
	return cmd
}

func runConfigView(d *Deps, o configViewOptions) error {
	flags := map[string]string{}
	if o.plan != "" {
		flags["CLUSTER_PLAN"] = o.plan
	}
	cfg, err := d.configuration(flags, map[string]string{"CLUSTER_PLAN": "--plan"})
	if err != nil {
		return err
	}
	if name := cfg.String("CLUSTER_PLAN"); name != "" {
		all, err := plans.Load(d.home())
		if err != nil {
			return err
		}
		plan, err := plans.Find(all, name, cfg.Origin("CLUSTER_PLAN").Where)
		if err != nil {
			return err
		}
		cfg = cfg.WithPlan(plan.Name, plan.Values())
	}
	d.View.Findings(cfg.Findings())
	d.View.Info("# %s", cfg.Path())
	return d.print(settingsResult(cfg, o))
}

func settingsResult(cfg *config.Config, o configViewOptions) view.Result {
	settings := []setting{}
	r := view.Result{Columns: view.Columns("VARIABLE", "VALUE")}
	if o.origin {
		r.Columns = view.Columns("VARIABLE", "VALUE", "ORIGIN")
	}
	for _, v := range cfg.Variables() {
		s := setting{Name: v.Name, Value: cfg.String(v.Name)}
		if v.Secret && cfg.Secret(v.Name).Empty() {
			s.Value = ""
		}
		if s.Value == "" && !o.all || v.AliasOf != "" {
			continue
		}
		row := []string{s.Name, s.Value}
		if o.origin {
			origin := cfg.Origin(v.Name)
			s.Origin = &origin
			row = append(row, origin.String())
		}
		settings = append(settings, s)
		r.Rows = append(r.Rows, row)
		r.Names = append(r.Names, "variable/"+s.Name)
	}
	r.Data = settings
	return r
}
