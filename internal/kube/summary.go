package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Status is TKG's word for the state of a cluster, which runbooks look for.
type Status string

// The words, and what each is derived from; the first that fits counts.
//
//	deleting      the Cluster has a deletion timestamp
//	failed        being created, and Cluster API has not been able to apply the topology for longer than a minute
//	              (TopologyReconciled False, ReconcileFailed); other failures it goes on retrying
//	updateFailed  the same of a cluster that was created before
//	running       as many machines up, ready and up to date as asked for, the topology reconciled at the Cluster's
//	              present generation, and the Cluster's Available condition True
//	createStalled being created, and no condition of the Cluster has moved for 15 minutes
//	creating      its infrastructure is not provisioned or its control plane not initialized, or its creation was
//	              begun less than an hour ago and nothing else was asked of it since
//	updateStalled like createStalled, of a cluster that was created before
//	updating      all others: scaling, upgrading, or a machine being replaced
const (
	Creating      Status = "creating"
	Running       Status = "running"
	Updating      Status = "updating"
	Deleting      Status = "deleting"
	Failed        Status = "failed"
	CreateStalled Status = "createStalled"
	UpdateFailed  Status = "updateFailed"
	UpdateStalled Status = "updateStalled"
)

const (
	topologyGrace = time.Minute      // the class and its templates may be a moment behind the Cluster
	stalledAfter  = 15 * time.Minute // longer than a machine takes to boot and join
	creationSpan  = time.Hour        // after which a lost machine is an update, whoever wrote the operation annotation
)

// Operations, the values of OperationAnnotation.
const (
	OperationCreate = "create"
	OperationUpdate = "update"
)

// ClusterSummary is one line of get clusters.
type ClusterSummary struct {
	Name         string    `json:"name"`
	Namespace    string    `json:"namespace"`
	Status       Status    `json:"status"`
	ControlPlane string    `json:"controlplane"` // "1/1": ready/desired
	Workers      string    `json:"workers"`
	Kubernetes   string    `json:"kubernetes"`
	Roles        []string  `json:"roles"` // empty, or "management"
	Plan         string    `json:"plan,omitempty"`
	Created      time.Time `json:"created,omitzero"`
}

// Summaries lists the clusters of a namespace, or of all when it is empty, by namespace and name.
func (c *Client) Summaries(ctx context.Context, namespace string) ([]ClusterSummary, error) {
	list := &clusterv1.ClusterList{}
	if err := c.api.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, c.explain(ctx, fmt.Errorf("list Clusters: %w", err))
	}
	out := make([]ClusterSummary, 0, len(list.Items))
	for i := range list.Items {
		out = append(out, Summarise(&list.Items[i], c.now()))
	}
	slices.SortFunc(out, func(a, b ClusterSummary) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return out, nil
}

// Summarise is the line of one cluster.
func Summarise(cluster *clusterv1.Cluster, now time.Time) ClusterSummary {
	s := ClusterSummary{
		Name: cluster.Name, Namespace: cluster.Namespace, Status: StatusOf(cluster, now),
		ControlPlane: ControlPlaneCount(cluster).String(), Workers: WorkerCount(cluster).String(),
		Kubernetes: cluster.Spec.Topology.Version, Roles: []string{},
		Plan: cluster.Labels[PlanLabel], Created: cluster.CreationTimestamp.Time,
	}
	for label := range cluster.Labels {
		if role, ok := strings.CutPrefix(label, RoleLabelPrefix); ok {
			s.Roles = append(s.Roles, role)
		}
	}
	slices.Sort(s.Roles)
	return s
}

// StatusOf derives TKG's word from the Cluster's conditions; the rules are listed with the words.
func StatusOf(cluster *clusterv1.Cluster, now time.Time) Status {
	if cluster.DeletionTimestamp != nil {
		return Deleting
	}
	creating := beingCreated(cluster, now)
	switch {
	case hasFailed(cluster, now):
		return choose(creating, Failed, UpdateFailed)
	case Settled(cluster):
		return Running
	case now.Sub(lastMove(cluster)) > stalledAfter:
		return choose(creating, CreateStalled, UpdateStalled)
	}
	return choose(creating, Creating, Updating)
}

func choose(creating bool, a, b Status) Status {
	if creating {
		return a
	}
	return b
}

func beingCreated(cluster *clusterv1.Cluster, now time.Time) bool {
	initial := cluster.Status.Initialization
	if !isSet(initial.InfrastructureProvisioned) || !isSet(initial.ControlPlaneInitialized) {
		return true
	}
	return cluster.Annotations[OperationAnnotation] == OperationCreate && now.Sub(cluster.CreationTimestamp.Time) < creationSpan
}

func isSet(b *bool) bool { return b != nil && *b }

func hasFailed(cluster *clusterv1.Cluster, now time.Time) bool {
	c := findCondition(cluster.Status.Conditions, clusterv1.ClusterTopologyReconciledCondition)
	return c != nil && c.Status == string(metav1.ConditionFalse) &&
		c.Reason == clusterv1.ClusterTopologyReconciledFailedReason && now.Sub(c.Since) > topologyGrace
}

// lastMove is when a condition of the Cluster last changed, or when it was created.
func lastMove(cluster *clusterv1.Cluster) time.Time {
	last := cluster.CreationTimestamp.Time
	for _, c := range cluster.Status.Conditions {
		if c.LastTransitionTime.After(last) {
			last = c.LastTransitionTime.Time
		}
	}
	return last
}
