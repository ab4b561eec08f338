package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/spf13/cobra"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

func newDeleteMachineHealthCheck(d *Deps) *cobra.Command {
	var namespace, mhcName string
	var yes bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "machinehealthcheck CLUSTER",
		Aliases: machineHealthCheckAliases(),
		Short:   "Stop replacing unhealthy machines of a cluster",
		Long: "Stop replacing unhealthy machines of a cluster.\n\n" +
			"Without --mhc-name it is about all worker pools; the control plane's check goes only when it is named.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			h, err := loadHealthChecks(ctx, d, namespace, args[0])
			if err != nil {
				return err
			}
			return runDeleteMachineHealthCheck(ctx, d, h, mhcName, yes)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.StringVar(&mhcName, "mhc-name", "", "the machine health check to delete")
	flags.BoolVarP(&yes, "yes", "y", false, "do not ask")
	bindTimeout(flags, &timeout)
	completeFirst(cmd, d.clusterNames)
	return cmd
}

func runDeleteMachineHealthCheck(ctx context.Context, d *Deps, h *healthChecks, mhcName string, yes bool) error {
	doomed, err := h.doomed(mhcName)
	if err != nil {
		return err
	}
	var names, pools []string
	for _, object := range doomed {
		names = append(names, object.Name)
		if fromTopology(object) {
			pools = append(pools, poolOf(object))
		}
	}
	question := fmt.Sprintf("Stop replacing unhealthy machines of cluster %s (%s)?", h.cluster.Name, strings.Join(names, ", "))
	if err := d.confirm(ctx, question, yes); err != nil {
		return err
	}
	edit := kube.HealthEdit{Objects: map[string]func(*clusterv1.MachineHealthCheck){}}
	if len(pools) > 0 {
		edit.Topology = switchOff(pools)
	}
	for _, object := range doomed {
		if !fromTopology(object) {
			edit.Objects[object.Name] = nil
		}
	}
	if err := h.change(ctx, d, "delete", edit); err != nil {
		return err
	}
	d.View.Info("Unhealthy machines of cluster %s are not replaced any more: %s.", h.cluster.Name, strings.Join(names, ", "))
	return nil
}

// doomed are the objects that the command is about.
func (h *healthChecks) doomed(mhcName string) ([]*clusterv1.MachineHealthCheck, error) {
	if mhcName != "" {
		object, ok := h.named(mhcName)
		if !ok {
			return nil, h.notFound(mhcName)
		}
		return []*clusterv1.MachineHealthCheck{object}, nil
	}
	var doomed []*clusterv1.MachineHealthCheck
	for i := range h.objects {
		if object := &h.objects[i]; !fromTopology(object) || poolOf(object) != "" {
			doomed = append(doomed, object)
		}
	}
	if len(doomed) == 0 {
		return nil, cmp.Or(h.unchecked(), h.notFound(""))
	}
	return doomed, nil
}

// switchOff turns the checks of pools off in the topology; Cluster API then deletes their objects.
func switchOff(pools []string) func(*clusterv1.Cluster) error {
	return func(cluster *clusterv1.Cluster) error {
		for _, pool := range pools {
			if err := setOverride(cluster, pool, override{Enabled: new(bool)}); err != nil {
				return err
			}
		}
		return nil
	}
}
