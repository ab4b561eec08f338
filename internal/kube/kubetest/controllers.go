package kubetest

import (
	"context"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/slipway-sh/slipway/internal/kube"
)

// standInEvery is how often the stand-in looks.
const standInEvery = 30 * time.Millisecond

// StandIn answers for Cluster API's controllers: it accepts every ClusterClass, gives every Cluster the machines it asks
// for, and lets deleted Clusters go. It ends with the test.
func StandIn(t testing.TB, c *kube.Client) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			acceptClasses(ctx, c.API())
			serveClusters(ctx, c.API())
			select {
			case <-ctx.Done():
			case <-time.After(standInEvery):
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func acceptClasses(ctx context.Context, api client.Client) {
	list := &clusterv1.ClusterClassList{}
	if api.List(ctx, list) != nil {
		return
	}
	for i := range list.Items {
		class := &list.Items[i]
		if len(class.Status.Conditions) > 0 {
			continue
		}
		class.Status.Conditions = []metav1.Condition{
			Condition("RefVersionsUpToDate", "True", "RefVersionsUpToDate", ""),
			Condition("VariablesReady", "True", "VariablesReady", ""),
		}
		_ = api.Status().Update(ctx, class)
	}
}

func serveClusters(ctx context.Context, api client.Client) {
	list := &clusterv1.ClusterList{}
	if api.List(ctx, list) != nil {
		return
	}
	for i := range list.Items {
		cluster := &list.Items[i]
		switch {
		case cluster.DeletionTimestamp != nil:
			if controllerutil.RemoveFinalizer(cluster, clusterv1.ClusterFinalizer) {
				_ = api.Update(ctx, cluster)
			}
			continue
		case controllerutil.AddFinalizer(cluster, clusterv1.ClusterFinalizer):
			if err := api.Update(ctx, cluster); err != nil {
				continue
			}
		}
		if Settle(cluster) {
			_ = ignoreConflict(api.Status().Update(ctx, cluster))
		}
	}
}

func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// Settle writes the status of a cluster that has everything it asks for, and says whether that changed anything.
func Settle(cluster *clusterv1.Cluster) bool {
	if kube.Settled(cluster) {
		return false
	}
	yes, control, workers := true, int32(0), int32(0)
	if n := cluster.Spec.Topology.ControlPlane.Replicas; n != nil {
		control = *n
	}
	for _, pool := range kube.Pools(cluster) {
		if pool.Replicas != nil {
			workers += *pool.Replicas
		}
	}
	reconciled := Condition("TopologyReconciled", "True", "ReconcileSucceeded", "")
	reconciled.ObservedGeneration = cluster.Generation
	cluster.Status = clusterv1.ClusterStatus{
		Phase:          string(clusterv1.ClusterPhaseProvisioned),
		Initialization: clusterv1.ClusterInitializationStatus{InfrastructureProvisioned: &yes, ControlPlaneInitialized: &yes},
		ControlPlane:   &clusterv1.ClusterControlPlaneStatus{DesiredReplicas: &control, Replicas: &control, ReadyReplicas: &control, UpToDateReplicas: &control, AvailableReplicas: &control},
		Workers:        &clusterv1.WorkersStatus{DesiredReplicas: &workers, Replicas: &workers, ReadyReplicas: &workers, UpToDateReplicas: &workers, AvailableReplicas: &workers},
		Conditions:     []metav1.Condition{Condition("Available", "True", "Available", ""), reconciled},
	}
	return true
}

// Condition is a condition that has just changed.
func Condition(conditionType, status, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: conditionType, Status: metav1.ConditionStatus(status), Reason: reason, Message: message,
		LastTransitionTime: metav1.Now(),
	}
}
