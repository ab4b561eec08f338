package cli

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

type setHealthOptions struct {
	namespace, mhcName string
	flags              healthFlags
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
	completeFirst(cmd, d.clusterNames)
	return cmd
}

func runSetMachineHealthCheck(ctx context.Context, d *Deps, name string, o setHealthOptions) error {
	change, err := o.flags.parse()
	if err != nil {
		return err
	}
	h, err := loadHealthChecks(ctx, d, o.namespace, name)
	if err != nil {
		return err
	}
	object, exists := h.named(o.mhcName)
	switch {
	case exists && fromTopology(object) && len(change.labels) > 0:
		return uerr.Findings{{
			Where: "--match-labels", Problem: fmt.Sprintf("the machines of %s are chosen by the cluster's topology", o.mhcName),
			Next: "leave out --match-labels, or give --mhc-name a new name",
		}}
	case exists && fromTopology(object):
		err = h.setPools(ctx, []string{poolOf(object)}, change)
	case exists || len(change.labels) > 0:
		err = h.setObject(ctx, o.mhcName, change)
	case o.mhcName != "":
		err = h.notFound(o.mhcName)
	case h.inTopology():
		err = h.setPools(ctx, h.workerPools(), change)
	default:
		err = h.setObject(ctx, "", change)
	}
	if err == nil {
		d.View.Info("The machine health check of cluster %s is changed.", name)
	}
	return err
}

// setPools writes the change into the topology. A pool whose check was off is switched on.
func (h *healthChecks) setPools(ctx context.Context, pools []string, change healthChange) error {
	return h.patchCluster(ctx, func(cluster *clusterv1.Cluster) error {
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
	})
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

// setObject changes, or makes, a health check outside of the topology. Like TKG's it has the cluster's name when it
// is given none.
func (h *healthChecks) setObject(ctx context.Context, name string, change healthChange) error {
	if name == "" {
		name = h.cluster.Name
	}
	object, exists := h.named(name)
	if exists {
		before := object.DeepCopy()
		change.applyObject(object)
		return wrapHealth(object, h.client.Patch(ctx, object, client.MergeFrom(before), client.FieldOwner(kube.FieldOwner)))
	}
	object = &clusterv1.MachineHealthCheck{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: h.cluster.Namespace, Labels: map[string]string{
			clusterv1.ClusterNameLabel: h.cluster.Name, kube.ManagedByLabel: kube.FieldOwner,
		}},
		Spec: clusterv1.MachineHealthCheckSpec{ClusterName: h.cluster.Name},
	}
	if len(change.labels) == 0 {
		change.labels = map[string]string{"node-pool": h.cluster.Name + "-worker-pool"} // TKG's label of workers
	}
	change.applyObject(object)
	return wrapHealth(object, h.client.Create(ctx, object, client.FieldOwner(kube.FieldOwner)))
}

func (c healthChange) applyObject(object *clusterv1.MachineHealthCheck) {
	for key, value := range c.labels {
		metav1.AddLabelToSelector(&object.Spec.Selector, key, value)
	}
	c.apply(&object.Spec.Checks)
}

func wrapHealth(object *clusterv1.MachineHealthCheck, err error) error {
	if err != nil {
		return fmt.Errorf("MachineHealthCheck %s/%s: %w", object.Namespace, object.Name, err)
	}
	return nil
}
