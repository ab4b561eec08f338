package certificates

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// issuers tells each Issuer whether this plane can serve it.
type issuers struct{ client client.Client }

func (r *issuers) add(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("issuer").
		For(newObject("Issuer"), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(r)
}

// Reconcile sets the Ready condition.
func (r *issuers) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	object := newObject("Issuer")
	if err := r.client.Get(ctx, request.NamespacedName, object); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	c := condition{status: metav1.ConditionTrue, reason: "IsReady", message: "signs by itself"}
	if !selfSigned(object) {
		c = condition{status: metav1.ConditionFalse, reason: "NotServed", message: "this plane serves self-signed Issuers only"}
	}
	return reconcile.Result{}, setReady(ctx, r.client, object.DeepCopy(), object, c)
}

func selfSigned(issuer *unstructured.Unstructured) bool {
	_, found, err := unstructured.NestedMap(issuer.Object, "spec", "selfSigned")
	return found && err == nil
}

type condition struct {
	status          metav1.ConditionStatus
	reason, message string
}

// setReady writes the status when it differs from before; the time of the condition changes only with its status.
func setReady(ctx context.Context, c client.Client, before, object *unstructured.Unstructured, ready condition) error {
	since := time.Now().UTC().Format(time.RFC3339)
	conditions, _, _ := unstructured.NestedSlice(before.Object, "status", "conditions")
	for _, entry := range conditions {
		old, ok := entry.(map[string]any)
		if ok && old["type"] == "Ready" && old["status"] == string(ready.status) {
			since, _ = old["lastTransitionTime"].(string)
		}
	}
	entry := map[string]any{
		"type": "Ready", "status": string(ready.status), "reason": ready.reason, "message": ready.message,
		"lastTransitionTime": since, "observedGeneration": object.GetGeneration(),
	}
	if err := unstructured.SetNestedSlice(object.Object, []any{entry}, "status", "conditions"); err != nil {
		return err
	}
	patch := client.MergeFrom(before)
	if data, err := patch.Data(object); err != nil || string(data) == "{}" {
		return err
	}
	return client.IgnoreNotFound(c.Status().Patch(ctx, object, patch, fieldOwner))
}
