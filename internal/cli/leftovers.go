package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
)

type leftoversOptions struct {
	infrastructure, namespace string
	remove, yes               bool
	timeout                   time.Duration
}

func newLeftovers(d *Deps) *cobra.Command {
	var o leftoversOptions
	cmd := &cobra.Command{
		Use:   "leftovers CLUSTER",
		Short: "List, and remove, what the cloud still holds of a cluster that is gone",
		Long: "List what the cloud still holds in the name of a cluster that is gone: what was made from inside the cluster, such as\n" +
			"volumes and load balancers, and what a deletion that was broken off left behind. The cloud itself is asked.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLeftovers(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.infrastructure, "infrastructure", "i", "", "the infrastructure to ask (default INFRASTRUCTURE_PROVIDER, or vsphere)")
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace that the cluster was in (default NAMESPACE of the configuration)")
	flags.BoolVar(&o.remove, "delete", false, "delete what is listed")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	bindTimeout(flags, &o.timeout)
	completeFlag(cmd, "infrastructure", d.providerNames)
	bindOutput(cmd, d)
	return cmd
}

func runLeftovers(ctx context.Context, d *Deps, name string, o leftoversOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	cfg, provider, err := d.cloud(o.infrastructure)
	if err != nil {
		return err
	}
	request := providers.Request{Config: cfg, Name: name, Namespace: o.namespace}
	if request.Namespace == "" {
		request.Namespace = cfg.String("NAMESPACE")
	}
	d.trail.cluster = kube.Key{Namespace: request.Namespace, Name: name}
	if err := d.refuseLiving(ctx, request); err != nil {
		return err
	}
	left, err := provider.Leftovers(ctx, request)
	if err != nil {
		return err
	}
	result := view.Result{Columns: view.Columns("KIND", "ID", "NAME"), Data: append([]providers.Leftover{}, left...)}
	for _, l := range left {
		result.Rows = append(result.Rows, []string{l.Kind, l.ID, l.Name})
		result.Names = append(result.Names, l.Kind+"/"+l.ID)
	}
	if err := d.print(result); err != nil {
		return err
	}
	if len(left) == 0 {
		d.View.Info("Nothing is left of cluster %s.", name)
		return nil
	}
	if !o.remove {
		d.View.Info("Remove them with: %s leftovers %s --delete", d.typed(), name)
		return nil
	}
	if err := d.confirm(ctx, fmt.Sprintf("Delete these %d objects?", len(left)), o.yes); err != nil {
		return err
	}
	return d.removeLeftovers(ctx, provider, request, left)
}

// refuseLiving keeps a cluster that is still there from being taken apart under its controllers. Without a management
// cluster there is nobody to ask, and the cloud's marks are all there is.
func (d *Deps) refuseLiving(ctx context.Context, r providers.Request) error {
	client, err := d.Management()
	if err != nil {
		d.View.Warn("no management cluster could be asked whether cluster %s is gone: %v", r.Name, err)
		return nil
	}
	key, err := d.clusterKey(r.Namespace, r.Name)
	if err != nil {
		return err
	}
	_, err = client.Cluster(ctx, key)
	switch {
	case uerr.ExitCode(err) == uerr.NotFound:
		return nil
	case err != nil:
		return err
	}
	return &uerr.Error{
		Code: uerr.Usage, What: "the cluster is still there, and what it has is no leftover", Object: key.String(),
		Next: d.typed() + " delete cluster " + r.Name + " --wait",
	}
}

// removeLeftovers goes on after a failure, in the order of the list: what others need comes last.
func (d *Deps) removeLeftovers(ctx context.Context, p providers.Provider, r providers.Request, left []providers.Leftover) error {
	var failed []error
	for _, l := range left {
		if err := p.DeleteLeftover(ctx, r, l); err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", l.Kind, l.ID, err))
			continue
		}
		d.View.Info("deleted %s %s", l.Kind, l.ID)
	}
	if len(failed) > 0 {
		return &uerr.Error{
			What: fmt.Sprintf("%d of %d objects could not be deleted", len(failed), len(left)), Object: "cluster " + r.Name,
			Cause: errors.Join(failed...), Next: d.commandLine(),
		}
	}
	return nil
}
