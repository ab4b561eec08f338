package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/spf13/cobra"
)

type deleteOptions struct {
	namespace string
	yes, wait bool
	timeout   time.Duration
}

func newDeleteCluster(d *Deps) *cobra.Command {
	var o deleteOptions
	cmd := &cobra.Command{
		Use:     "cluster NAME",
		Aliases: []string{"clusters"},
		Short:   "Delete a cluster with all its machines",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDeleteCluster(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	flags.BoolVar(&o.wait, "wait", false, "wait until the cluster is gone")
	bindTimeout(flags, &o.timeout)
	completeFirst(cmd, d.clusterNames)
	return cmd
}

func runDeleteCluster(ctx context.Context, d *Deps, name string, o deleteOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	client, key, err := d.onCluster(o.namespace, name)
	if err != nil {
		return err
	}
	if err := d.confirm(ctx, fmt.Sprintf("Delete cluster %s and all its machines?", name), o.yes); err != nil {
		return err
	}
	op := phase.Delete(phase.DeleteInput{
		Client: client, Cluster: key, Holder: holder("delete cluster " + name), Wait: o.wait,
		Kubeconfig: kube.KubeconfigPath(d.Environ),
		Resume:     d.commandLine(),
	})
	if err := d.operate(ctx, "Deleting cluster "+name, op); err != nil {
		return err
	}
	if !o.wait {
		d.View.Info("Cluster %s is being deleted; it is gone when %s get clusters no longer lists it.", name, d.typed())
	}
	return nil
}
