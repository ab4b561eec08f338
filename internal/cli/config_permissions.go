package cli

import (
	"context"
	"time"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
)

// PermissionKeeper is an adapter whose cloud must grant its controllers and machines roles before a cluster can be made.
type PermissionKeeper interface {
	// PermissionsTemplate is what would be granted, as the document that the cloud takes.
	PermissionsTemplate(r providers.Request) ([]byte, error)
	// ApplyPermissions creates or updates the grant, and says whether anything changed. The notes are warnings about what
	// was left as it is, such as a grant that somebody else made.
	ApplyPermissions(ctx context.Context, r providers.Request) (changed bool, notes uerr.Findings, err error)
}

type permissionsOptions struct {
	dryRun  bool
	timeout time.Duration
}

func newConfigPermissions(d *Deps) *cobra.Command {
	var o permissionsOptions
	cmd := &cobra.Command{
		Use:   "permissions INFRASTRUCTURE",
		Short: "Grant the controllers and machines of clusters the rights they need in the cloud",
		Long: "Grant the controllers and machines of clusters the rights they need in the cloud, and no others. It is done once\n" +
			"per account, by somebody who may grant rights; typed again it brings the grant up to date.",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(d.providerNames(""), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runConfigPermissions(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.dryRun, "dry-run", "d", false, "print what would be granted and touch nothing")
	bindTimeout(flags, &o.timeout)
	return cmd
}

func runConfigPermissions(ctx context.Context, d *Deps, infrastructure string, o permissionsOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	cfg, provider, err := d.cloud(infrastructure)
	if err != nil {
		return err
	}
	keeper, ok := provider.(PermissionKeeper)
	if !ok {
		return uerr.Findings{{
			Code: uerr.Usage, Where: "INFRASTRUCTURE", Problem: infrastructure + " needs no permissions of its own",
			Next: d.typed() + " init -i " + infrastructure + " --local",
		}}
	}
	request := providers.Request{Config: cfg}
	if o.dryRun {
		template, err := keeper.PermissionsTemplate(request)
		if err != nil {
			return err
		}
		_, err = d.Streams.Out.Write(template)
		return err
	}
	changed, notes, err := keeper.ApplyPermissions(ctx, request)
	if err != nil {
		return err
	}
	d.View.Findings(notes)
	switch {
	case changed:
		d.View.Info("The permissions are up to date now.")
	case len(notes) > 0:
		d.View.Info("Nothing was changed.")
	default:
		d.View.Info("The permissions were up to date already.")
	}
	return nil
}
