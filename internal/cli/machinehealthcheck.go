package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A health check of one of Slipway's clusters belongs to the Cluster's topology: Cluster API makes the
// MachineHealthCheck object, and undoes what is changed there. So the topology is what is changed, and the object is
// what is shown. Objects that somebody made by hand are changed themselves.

// healthChecks is a cluster with its MachineHealthCheck objects.
type healthChecks struct {
	client  client.Client
	cluster *clusterv1.Cluster
	objects []clusterv1.MachineHealthCheck
}

// machineHealthCheckAliases are TKG's other words.
func machineHealthCheckAliases() []string { return []string{"mhc", "machinehealthchecks"} }

func loadHealthChecks(ctx context.Context, d *Deps, namespace, name string) (*healthChecks, error) {
	key, err := d.clusterKey(namespace, name)
	if err != nil {
		return nil, err
	}
	management, err := d.Management()
	if err != nil {
		return nil, err
	}
	cluster, err := management.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	list := &clusterv1.MachineHealthCheckList{}
	if err := management.API().List(ctx, list, client.InNamespace(key.Namespace)); err != nil {
		return nil, fmt.Errorf("list MachineHealthChecks of %s: %w", kube.ClusterName(key), err)
	}
	h := &healthChecks{client: management.API(), cluster: cluster}
	for _, object := range list.Items {
		if object.Spec.ClusterName == name {
			h.objects = append(h.objects, object)
		}
	}
	slices.SortFunc(h.objects, func(a, b clusterv1.MachineHealthCheck) int { return cmp.Compare(a.Name, b.Name) })
	return h, nil
}

// named gives the object of that name.
func (h *healthChecks) named(name string) (*clusterv1.MachineHealthCheck, bool) {
	for i := range h.objects {
		if h.objects[i].Name == name {
			return &h.objects[i], true
		}
	}
	return nil, false
}

func (h *healthChecks) notFound(name string) error {
	return &uerr.Error{
		Code: uerr.NotFound, What: "no such machine health check", Object: h.cluster.Namespace + "/" + name,
		Next: "slipway get machinehealthcheck " + h.cluster.Name,
	}
}

// fromTopology says whether Cluster API made the object from the Cluster's topology.
func fromTopology(object *clusterv1.MachineHealthCheck) bool {
	_, owned := object.Labels[clusterv1.ClusterTopologyOwnedLabel]
	return owned
}

// poolOf is the pool of the topology that an object checks; "" is the control plane.
func poolOf(object *clusterv1.MachineHealthCheck) string {
	if pool := object.Labels[clusterv1.ClusterTopologyMachineDeploymentNameLabel]; pool != "" {
		return pool
	}
	return object.Spec.Selector.MatchLabels[clusterv1.ClusterTopologyMachineDeploymentNameLabel]
}

// patchCluster sends what change made of the topology. The server refuses it when somebody else changed the Cluster
// since it was read.
func (h *healthChecks) patchCluster(ctx context.Context, change func(*clusterv1.Cluster) error) error {
	before := h.cluster.DeepCopy()
	if err := change(h.cluster); err != nil {
		return err
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := h.client.Patch(ctx, h.cluster, patch, client.FieldOwner(kube.FieldOwner+"-health")); err != nil {
		return fmt.Errorf("change the health checks of %s: %w", kube.ClusterName(client.ObjectKeyFromObject(h.cluster)), err)
	}
	return nil
}

// workerPools are the pools of the topology: what a command is about that names no health check, as in TKG, where the
// control plane had none.
func (h *healthChecks) workerPools() []string {
	var pools []string
	for _, pool := range h.cluster.Spec.Topology.Workers.MachineDeployments {
		pools = append(pools, pool.Name)
	}
	return pools
}

// inTopology says whether the Cluster has a topology at all.
func (h *healthChecks) inTopology() bool { return h.cluster.Spec.Topology.IsDefined() }
