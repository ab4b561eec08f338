package cli

import (
	"context"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/uerr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// A health check of one of Slipway's clusters belongs to the Cluster's topology: Cluster API makes the
// MachineHealthCheck object, and undoes what is changed there. So the topology is what is changed, and the object is
// what is shown. Objects that somebody made by hand are changed themselves.

// healthChecks is a cluster with its MachineHealthCheck objects.
type healthChecks struct {
	client  *kube.Client
	key     kube.Key
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
	objects, err := management.HealthChecks(ctx, key)
	if err != nil {
		return nil, err
	}
	return &healthChecks{client: management, key: key, cluster: cluster, objects: objects}, nil
}

// change runs one edit as an operation.
func (h *healthChecks) change(ctx context.Context, d *Deps, verb string, edit kube.HealthEdit) error {
	op := phase.SetHealthCheck(phase.HealthCheckInput{
		Client: h.client, Cluster: h.key, Edit: edit, Holder: holder(verb + " machinehealthcheck " + h.key.Name),
		Resume: d.commandLine(),
	})
	return d.operate(ctx, "Changing the machine health checks of cluster "+h.key.Name, op)
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
	object := "MachineHealthCheck " + h.key.Namespace + "/" + name
	if name == "" {
		object = kube.ClusterName(h.key)
	}
	return &uerr.Error{
		Code: uerr.NotFound, What: "no such machine health check", Object: object,
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

// workerPools are the pools of the topology: what a command is about that names no health check, as in TKG, where the
// control plane had none.
func (h *healthChecks) workerPools() []string {
	var pools []string
	for _, pool := range h.cluster.Spec.Topology.Workers.MachineDeployments {
		pools = append(pools, pool.Name)
	}
	return pools
}

// unchecked refuses to check pools whose broken machines the infrastructure itself replaces, as it does in machine pools.
func (h *healthChecks) unchecked() error {
	pools := kube.Pools(h.cluster)
	if len(pools) == 0 || len(h.workerPools()) > 0 {
		return nil
	}
	return &uerr.Error{
		Code: uerr.Usage, What: "the infrastructure itself replaces broken machines of these pools: " + kube.PoolNames(pools),
		Object: kube.ClusterName(h.key), Next: "nothing; slipway get nodepools " + h.cluster.Name + " shows how many are ready",
	}
}

// inTopology says whether the Cluster has a topology at all.
func (h *healthChecks) inTopology() bool { return h.cluster.Spec.Topology.IsDefined() }
