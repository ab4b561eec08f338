package cli

import (
	"context"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/spf13/cobra"
)

type scaleOptions struct {
	namespace             string
	controlPlane, workers int32
	size                  kube.Size
	wait                  bool
	timeout               time.Duration
}

func newScaleCluster(d *Deps) *cobra.Command {
	var o scaleOptions
	cmd := &cobra.Command{
		Use:     "cluster NAME",
		Aliases: []string{"clusters"},
		Short:   "Change the number of control plane machines or workers of a cluster",
		Long: "Change the number of control plane machines or workers of a cluster.\n\n" +
			"Workers are spread evenly over the pools of a cluster's zones. Of a cluster with several other pools, --node-pool\n" +
			"names the one; " + d.InvokedAs + " get nodepools lists them. Beside pools of another class, such as AKS's system pools, it is\n" +
			"the one of class worker unless another is named.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("controlplane-machine-count") {
				o.size.ControlPlane = &o.controlPlane
			}
			if cmd.Flags().Changed("worker-machine-count") {
				o.size.Workers = &o.workers
			}
			return runScaleCluster(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.Int32VarP(&o.controlPlane, "controlplane-machine-count", "c", 0, "control plane machines, an odd number")
	flags.Int32VarP(&o.workers, "worker-machine-count", "w", 0, "workers")
	flags.StringVar(&o.size.Pool, "node-pool", "", "the pool of workers that -w is about")
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.BoolVar(&o.wait, "wait", false, "wait until every machine asked for is up")
	bindTimeout(flags, &o.timeout)
	completeFirst(cmd, d.clusterNames)
	completeFlagOf(cmd, "node-pool", d.poolNames)
	return cmd
}

func runScaleCluster(ctx context.Context, d *Deps, name string, o scaleOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	client, key, err := d.onCluster(o.namespace, name)
	if err != nil {
		return err
	}
	op := phase.Scale(phase.ScaleInput{
		Client: client, Cluster: key, Size: o.size, Holder: holder("scale cluster " + name), Wait: o.wait,
		Resume: d.commandLine(),
	})
	if err := d.operate(ctx, "Scaling cluster "+name, op); err != nil {
		return err
	}
	if !o.wait {
		d.View.Info("Cluster %s is being scaled; follow it with: %s describe cluster %s", name, d.typed(), name)
	}
	return nil
}
