package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

type setHealthOptions struct {
	namespace, mhcName string
	flags              healthFlags
	timeout            time.Duration
}

func newSetMachineHealthCheck(d *Deps) *cobra.Command {
	var o setHealthOptions
	cmd := &cobra.Command{
		Use:     "machinehealthcheck CLUSTER",
		Aliases: machineHealthCheckAliases(),
		Short:   "Change when machines of a cluster count as unhealthy and are replaced",
		Long: "Change when machines of a cluster count as unhealthy and are replaced.\n\n" +
			"Without --mhc-name it is about all worker pools. With --match-labels it makes, or changes, a health check of its own\n" +
			"for the machines that carry these labels.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSetMachineHealthCheck(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.StringVar(&o.mhcName, "mhc-name", "", "the machine health check to change")
	flags.StringSliceVar(&o.flags.matchLabels, "match-labels", nil, "key:value of the machines to check")
	flags.StringVar(&o.flags.nodeStartup, "node-startup-timeout", "", "how long a machine may take until its node is there, such as 20m")
	flags.StringSliceVar(&o.flags.conditions, "unhealthy-conditions", nil, "Type:Status:duration, such as Ready:False:5m")
	bindTimeout(flags, &o.timeout)
	completeFirst(cmd, d.clusterNames)
	return cmd
}

func runSetMachineHealthCheck(ctx context.Context, d *Deps, name string, o setHealthOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	change, err := o.flags.parse()
	if err != nil {
		return err
	}
	h, err := loadHealthChecks(ctx, d, o.namespace, name)
	if err != nil {
		return err
	}
	edit, err := h.edit(o.mhcName, change)
	if err != nil {
		return err
	}
	if err := h.change(ctx, d, "set", edit); err != nil {
		return err
	}
	d.View.Info("The machine health check of cluster %s is changed.", name)
	return nil
}

// edit finds out what a change is about: one check, or, when none is named, those of all worker pools.
func (h *healthChecks) edit(mhcName string, change healthChange) (kube.HealthEdit, error) {
	object, exists := h.named(mhcName)
	switch {
	case exists && fromTopology(object) && len(change.labels) > 0:
		return kube.HealthEdit{}, uerr.Findings{{
			Where: "--match-labels", Problem: fmt.Sprintf("the machines of %s are chosen by the cluster's topology", mhcName),
			Next: "leave out --match-labels, or give --mhc-name a new name",
		}}
	case exists && fromTopology(object):
		return h.editPools([]string{poolOf(object)}, change), nil
	case exists || len(change.labels) > 0:
		return h.editObject(mhcName, change), nil
	case mhcName != "":
		return kube.HealthEdit{}, h.notFound(mhcName)
	case h.inTopology():
		return h.editPools(h.workerPools(), change), h.unchecked()
	}
	return h.editObject("", change), nil
}

// editPools writes the change into the topology. A pool whose check was off is switched on.
func (h *healthChecks) editPools(pools []string, change healthChange) kube.HealthEdit {
	return kube.HealthEdit{Topology: func(cluster *clusterv1.Cluster) error {
		for _, pool := range pools {
			o, err := overrideOf(cluster, pool, h.ofPool(pool))
			if err != nil {
				return err
			}
			o.Enabled = nil
			change.apply(&o.Checks)
			if err := setOverride(cluster, pool, o); err != nil {
				return err
			}
		}
		return nil
	}}
}

// ofPool is the object that Cluster API made for a pool; nil when its check is off.
func (h *healthChecks) ofPool(pool string) *clusterv1.MachineHealthCheck {
	for i := range h.objects {
		if fromTopology(&h.objects[i]) && poolOf(&h.objects[i]) == pool {
			return &h.objects[i]
		}
	}
	return nil
}

// editObject changes, or makes, a health check outside of the topology. Like TKG's it has the cluster's name when it
// is given none, and TKG's label of workers when it is new and given none.
func (h *healthChecks) editObject(name string, change healthChange) kube.HealthEdit {
	if name == "" {
		name = h.key.Name
	}
	if _, exists := h.named(name); !exists && len(change.labels) == 0 {
		change.labels = map[string]string{"node-pool": h.key.Name + "-worker-pool"}
	}
	return kube.HealthEdit{Objects: map[string]func(*clusterv1.MachineHealthCheck){name: change.applyObject}}
}

func (c healthChange) applyObject(object *clusterv1.MachineHealthCheck) {
	for key, value := range c.labels {
		metav1.AddLabelToSelector(&object.Spec.Selector, key, value)
	}
	c.apply(&object.Spec.Checks)
}
