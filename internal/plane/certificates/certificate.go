package certificates

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// certificates keeps the Secret of each Certificate.
type certificates struct {
	client client.Client
	live   client.Reader // Secrets are not cached: the plane need not hold every kubeconfig twice
}

func (r *certificates) add(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("certificate").
		For(newObject("Certificate"), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(ownerOfSecret)).
		Watches(newObject("Issuer"), handler.EnqueueRequestsFromMapFunc(r.ofIssuer), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(r)
}

func ownerOfSecret(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetAnnotations()[nameAnnotation]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

func (r *certificates) ofIssuer(ctx context.Context, o client.Object) []reconcile.Request {
	list := newList("Certificate")
	if err := r.client.List(ctx, list, client.InNamespace(o.GetNamespace())); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// Reconcile issues what is missing and comes back when it has to be renewed.
func (r *certificates) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	object := newObject("Certificate")
	if err := r.client.Get(ctx, request.NamespacedName, object); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if object.GetDeletionTimestamp() != nil {
		return reconcile.Result{}, nil
	}
	s, why, err := r.read(ctx, object)
	if err != nil {
		return reconcile.Result{}, err
	}
	if why != "" {
		return reconcile.Result{}, r.report(ctx, object, nil, metav1.ConditionFalse, "NotIssued", why)
	}
	notAfter, err := r.ensure(ctx, object, s)
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("secret %s/%s: %w", object.GetNamespace(), s.SecretName, err)
	}
	renew := s.renewal(notAfter)
	times := map[string]time.Time{"notAfter": notAfter, "renewalTime": renew}
	err = r.report(ctx, object, times, metav1.ConditionTrue, "Ready", "certificate is issued and in its Secret")
	return reconcile.Result{RequeueAfter: max(time.Until(renew), time.Second)}, err
}

// read gives the specification, or why it cannot be served.
func (r *certificates) read(ctx context.Context, object *unstructured.Unstructured) (spec, string, error) {
	var s spec
	fields, _, _ := unstructured.NestedMap(object.Object, "spec")
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &s); err != nil {
		return s, "spec: " + err.Error(), nil
	}
	if s.SecretName == "" {
		return s, "spec.secretName is empty", nil
	}
	if kind := s.IssuerRef.Kind; kind != "" && kind != "Issuer" {
		return s, fmt.Sprintf("issuer %s is a %s; this plane serves self-signed Issuers only", s.IssuerRef.Name, kind), nil
	}
	issuer := newObject("Issuer")
	err := r.client.Get(ctx, types.NamespacedName{Namespace: object.GetNamespace(), Name: s.IssuerRef.Name}, issuer)
	if apierrors.IsNotFound(err) {
		return s, fmt.Sprintf("Issuer %s does not exist", s.IssuerRef.Name), nil
	}
	if err != nil {
		return s, "", err
	}
	if !selfSigned(issuer) {
		return s, fmt.Sprintf("Issuer %s is not self-signed; this plane serves no other", s.IssuerRef.Name), nil
	}
	return s, "", nil
}

// ensure puts a valid certificate into the Secret and says when it ends.
func (r *certificates) ensure(ctx context.Context, object *unstructured.Unstructured, s spec) (time.Time, error) {
	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: object.GetNamespace(), Name: s.SecretName}
	err := r.live.Get(ctx, key, secret)
	if err != nil && !apierrors.IsNotFound(err) {
		return time.Time{}, err
	}
	exists := err == nil
	if cert, why := s.current(secret.Data, time.Now()); why == "" {
		return cert.NotAfter, nil
	}
	data, err := s.issue(time.Now())
	if err != nil {
		return time.Time{}, err
	}
	secret.Namespace, secret.Name, secret.Data = key.Namespace, key.Name, data
	secret.Labels = merged(secret.Labels, s.SecretTemplate.Labels)
	secret.Annotations = merged(secret.Annotations, s.SecretTemplate.Annotations)
	secret.Annotations[nameAnnotation] = object.GetName()
	if exists {
		err = r.client.Update(ctx, secret, fieldOwner)
	} else {
		secret.Type = corev1.SecretTypeTLS
		err = r.client.Create(ctx, secret, fieldOwner)
	}
	if err != nil {
		return time.Time{}, err
	}
	cert, _ := s.current(data, time.Now())
	if cert == nil {
		return time.Time{}, fmt.Errorf("duration %s is shorter than its renewal", s.duration())
	}
	return cert.NotAfter, nil
}

func (r *certificates) report(ctx context.Context, object *unstructured.Unstructured, times map[string]time.Time, ready metav1.ConditionStatus, reason, message string) error {
	before := object.DeepCopy()
	for name, at := range times {
		if err := unstructured.SetNestedField(object.Object, at.UTC().Format(time.RFC3339), "status", name); err != nil {
			return err
		}
	}
	return setReady(ctx, r.client, before, object, condition{status: ready, reason: reason, message: message})
}

func merged(base, more map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range []map[string]string{base, more} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}
