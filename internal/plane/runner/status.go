package runner

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// observation is what a Deployment's status says. The zero value is: nothing runs, and nothing is asked for.
type observation struct {
	running, ready  bool
	reason, message string
}

func (c *child) observe() observation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ready {
		return observation{running: true, ready: true}
	}
	return observation{running: c.pid != 0, reason: "NotReady", message: c.message}
}

// report writes the status in the words of the deployment controller, which clients such as `kubectl rollout status`
// and clusterctl wait for.
func (r *Runner) report(ctx context.Context, d *appsv1.Deployment, o observation) error {
	before := d.DeepCopy()
	s := &d.Status
	s.ObservedGeneration = d.Generation
	s.Replicas, s.UpdatedReplicas, s.ReadyReplicas, s.AvailableReplicas, s.UnavailableReplicas = 0, 0, 0, 0, 0
	if replicas(d) > 0 {
		s.Replicas, s.UpdatedReplicas, s.UnavailableReplicas = 1, 1, 1
	}
	if o.ready {
		s.ReadyReplicas, s.AvailableReplicas, s.UnavailableReplicas = 1, 1, 0
	}
	available := appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable", Message: "the controller runs and is ready"}
	progressing := appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable", Message: "the controller of this generation runs"}
	switch {
	case replicas(d) == 0:
		available.Message = "no replicas are asked for"
	case !o.ready:
		available.Status, available.Reason, available.Message = corev1.ConditionFalse, o.reason, o.message
		progressing.Reason, progressing.Message = "ReplicaSetUpdated", o.message
		if !o.running {
			progressing.Status = corev1.ConditionUnknown
		}
	case replicas(d) > 1:
		available.Message = "one controller runs and is ready; a plane runs no second replica"
	}
	setCondition(s, available)
	setCondition(s, progressing)
	if equality.Semantic.DeepEqual(before.Status, *s) {
		return nil
	}
	return client.IgnoreNotFound(r.client.Status().Patch(ctx, d, client.MergeFrom(before), client.FieldOwner(fieldName)))
}

func setCondition(s *appsv1.DeploymentStatus, c appsv1.DeploymentCondition) {
	now := metav1.NewTime(time.Now())
	c.LastUpdateTime, c.LastTransitionTime = now, now
	for i, old := range s.Conditions {
		if old.Type != c.Type {
			continue
		}
		if old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
		if old.Status == c.Status && old.Reason == c.Reason && old.Message == c.Message {
			return
		}
		s.Conditions[i] = c
		return
	}
	s.Conditions = append(s.Conditions, c)
}

// Down marks every Deployment of the cluster as not available. A plane that was killed left them Available, and who
// reads that before the children are up again would call webhooks that nobody serves.
func (r *Runner) Down(ctx context.Context) error {
	var list appsv1.DeploymentList
	if err := r.live.List(ctx, &list); err != nil {
		return err
	}
	for i := range list.Items {
		if err := r.report(ctx, &list.Items[i], observation{reason: "Starting", message: "the plane is starting"}); err != nil {
			return err
		}
	}
	return nil
}
