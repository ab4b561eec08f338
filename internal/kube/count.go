package kube

import (
	"fmt"
	"slices"

	utilversion "k8s.io/apimachinery/pkg/util/version"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// Count is how many machines of a kind are there and how many should be. The zero value is a cluster that has none.
type Count struct {
	Desired  int32
	Existing int32 // including those that are being deleted
	Ready    int32
	UpToDate int32
	Managed  bool // the infrastructure runs the control plane and there are no machines to count
}

// String is what TKG's columns show: ready/desired.
func (c Count) String() string {
	if c.Managed {
		return "managed"
	}
	return fmt.Sprintf("%d/%d", c.Ready, c.Desired)
}

// Complete says that there are exactly the machines asked for, and each is ready and up to date.
func (c Count) Complete() bool {
	return c.Existing == c.Desired && c.Ready == c.Desired && c.UpToDate == c.Desired
}

// ControlPlaneCount counts control plane machines; what is asked for is read from the topology, because the status
// follows a change only after a moment.
func ControlPlaneCount(cluster *clusterv1.Cluster) Count {
	status := cluster.Status.ControlPlane
	want := cluster.Spec.Topology.ControlPlane.Replicas
	if want == nil && (status == nil || status.DesiredReplicas == nil) {
		return Count{Managed: true}
	}
	count := Count{}
	if status != nil {
		count = Count{
			Desired: value(status.DesiredReplicas), Existing: value(status.Replicas),
			Ready: value(status.ReadyReplicas), UpToDate: value(status.UpToDateReplicas),
		}
	}
	if want != nil {
		count.Desired = *want
	}
	return count
}

// WorkerCount counts the workers of all pools.
func WorkerCount(cluster *clusterv1.Cluster) Count {
	count := Count{}
	if status := cluster.Status.Workers; status != nil {
		count = Count{
			Desired: value(status.DesiredReplicas), Existing: value(status.Replicas),
			Ready: value(status.ReadyReplicas), UpToDate: value(status.UpToDateReplicas),
		}
	}
	asked, all := int32(0), true
	for _, pool := range cluster.Spec.Topology.Workers.MachineDeployments {
		asked, all = asked+value(pool.Replicas), all && pool.Replicas != nil
	}
	for _, pool := range cluster.Spec.Topology.Workers.MachinePools {
		asked, all = asked+value(pool.Replicas), all && pool.Replicas != nil
	}
	if all { // a pool without a number is sized by somebody else, such as the autoscaler
		count.Desired = asked
	}
	return count
}

func value(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// InfrastructureReady says that the network, endpoint and whatever else a cluster's machines need are there.
func InfrastructureReady(cluster *clusterv1.Cluster) bool {
	return isSet(cluster.Status.Initialization.InfrastructureProvisioned)
}

// ControlPlaneReady says that the API server answers and every control plane machine asked for is up.
func ControlPlaneReady(cluster *clusterv1.Cluster) bool {
	if !isSet(cluster.Status.Initialization.ControlPlaneInitialized) {
		return false
	}
	count := ControlPlaneCount(cluster)
	if count.Managed {
		return isTrue(cluster.Status.Conditions, clusterv1.ClusterControlPlaneAvailableCondition, 0)
	}
	return count.Complete()
}

// WorkersReady says that every worker asked for is up.
func WorkersReady(cluster *clusterv1.Cluster) bool { return WorkerCount(cluster).Complete() }

// Settled says that the cluster is what was asked for, and nothing is still going on.
func Settled(cluster *clusterv1.Cluster) bool {
	conditions := cluster.Status.Conditions
	return cluster.DeletionTimestamp == nil &&
		ControlPlaneReady(cluster) && WorkersReady(cluster) &&
		isTrue(conditions, clusterv1.ClusterTopologyReconciledCondition, cluster.Generation) &&
		isTrue(conditions, clusterv1.ClusterAvailableCondition, 0)
}

// ControlPlaneAt says that every part of the control plane runs a Kubernetes version. Of one that the infrastructure runs
// only the minor version counts, because the infrastructure chooses the patch level; where the Cluster does not say the
// version, as with some of these, what counts is that Cluster API has nothing of the topology left to follow.
func ControlPlaneAt(cluster *clusterv1.Cluster, version string) bool {
	status := cluster.Status.ControlPlane
	if status == nil || len(status.Versions) == 0 {
		return TopologyFollowed(cluster)
	}
	return allAt(status.Versions, version, ControlPlaneCount(cluster).Managed)
}

// WorkersAt says the same of every worker.
func WorkersAt(cluster *clusterv1.Cluster, version string) bool {
	status := cluster.Status.Workers
	return status == nil || allAt(status.Versions, version, ControlPlaneCount(cluster).Managed)
}

func allAt(have []clusterv1.StatusVersion, version string, minorOnly bool) bool {
	want, err := utilversion.ParseGeneric(version)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(have, func(v clusterv1.StatusVersion) bool {
		got, err := utilversion.ParseGeneric(v.Version)
		return err != nil || got.Minor() != want.Minor() || got.Major() != want.Major() || !minorOnly && got.Patch() != want.Patch()
	})
}
