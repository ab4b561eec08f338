package cli

import (
	"context"
	"time"

	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/spf13/cobra"
)

type retryOptions struct {
	namespace string
	timeout   time.Duration
}

func newRetryCluster(d *Deps) *cobra.Command {
	var o retryOptions
	cmd := &cobra.Command{
		Use:     "cluster NAME",
		Aliases: []string{"clusters"},
		Short:   "Have the cloud's resources of a cluster tried again that it refused and that nobody tries again",
		Long: "Have the cloud's resources of a cluster tried again that it refused and that nobody tries again.\n\n" +
			"Most failures are tried again by themselves. Azure Service Operator stops at a request that Azure calls wrong; once\n" +
			"the cause is mended in Azure, such as a quota or a policy, this makes it go on. describe cluster shows what stopped.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRetryCluster(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	bindTimeout(flags, &o.timeout)
	completeFirst(cmd, d.clusterNames)
	return cmd
}

func runRetryCluster(ctx context.Context, d *Deps, name string, o retryOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	client, key, err := d.onCluster(o.namespace, name)
	if err != nil {
		return err
	}
	stopped, held, err := client.StoppedResources(ctx, key)
	if err != nil {
		return err
	}
	for _, u := range held {
		d.View.Warn("%s is on hold by its reconcile policy and is left alone: %s", u.Object, u.Why)
	}
	if len(stopped) == 0 {
		d.View.Info("Nothing of cluster %s has stopped; what it waits for shows: %s describe cluster %s", name, d.typed(), name)
		return nil
	}
	op := phase.Retry(phase.RetryInput{
		Client: client, Cluster: key, Holder: holder("retry cluster " + name), Resume: d.commandLine(),
	})
	if err := d.operate(ctx, "Trying again what stopped of cluster "+name, op); err != nil {
		return err
	}
	for _, u := range stopped {
		d.View.Info("%s is tried again; it had stopped with %s", u.Object, u.Why)
	}
	d.View.Info("Follow it with: %s describe cluster %s", d.typed(), name)
	return nil
}
