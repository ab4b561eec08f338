package certificates

import (
	"bytes"
	"context"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const conflictPause = 50 * time.Millisecond

// injected is one kind of object that names an authority.
type injected struct {
	name   string
	object func() client.Object
	// bundles points at every field that takes the authority.
	bundles func(client.Object) []*[]byte
}

func injectedKinds() []injected {
	return []injected{
		{"mutating webhooks", func() client.Object { return &admissionv1.MutatingWebhookConfiguration{} }, mutatingBundles},
		{"validating webhooks", func() client.Object { return &admissionv1.ValidatingWebhookConfiguration{} }, validatingBundles},
		{"conversion webhooks", func() client.Object { return &apiextensionsv1.CustomResourceDefinition{} }, conversionBundles},
		{"API services", func() client.Object { return &apiregistrationv1.APIService{} }, serviceBundles},
	}
}

func mutatingBundles(o client.Object) []*[]byte {
	var out []*[]byte
	if c, ok := o.(*admissionv1.MutatingWebhookConfiguration); ok {
		for i := range c.Webhooks {
			out = append(out, &c.Webhooks[i].ClientConfig.CABundle)
		}
	}
	return out
}

func validatingBundles(o client.Object) []*[]byte {
	var out []*[]byte
	if c, ok := o.(*admissionv1.ValidatingWebhookConfiguration); ok {
		for i := range c.Webhooks {
			out = append(out, &c.Webhooks[i].ClientConfig.CABundle)
		}
	}
	return out
}

func conversionBundles(o client.Object) []*[]byte {
	c, ok := o.(*apiextensionsv1.CustomResourceDefinition)
	if !ok || c.Spec.Conversion == nil || c.Spec.Conversion.Webhook == nil || c.Spec.Conversion.Webhook.ClientConfig == nil {
		return nil
	}
	return []*[]byte{&c.Spec.Conversion.Webhook.ClientConfig.CABundle}
}

func serviceBundles(o client.Object) []*[]byte {
	if s, ok := o.(*apiregistrationv1.APIService); ok && s.Spec.Service != nil {
		return []*[]byte{&s.Spec.CABundle}
	}
	return nil
}

// injector keeps the authority in the objects of one kind.
type injector struct {
	client client.Client
	live   client.Reader
	injected
}

// add watches the kind's metadata only: definitions are large and most of them change nothing that matters here.
func (r *injector) add(mgr ctrl.Manager) error {
	asks := predicate.NewPredicateFuncs(func(o client.Object) bool { return source(o) != "" })
	return ctrl.NewControllerManagedBy(mgr).
		Named("inject-"+strings.ReplaceAll(r.name, " ", "-")).
		For(r.object(), builder.OnlyMetadata, builder.WithPredicates(asks)).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.takersOf)).
		Complete(r)
}

func source(o client.Object) string {
	if from := o.GetAnnotations()[injectAnnotation]; from != "" {
		return from
	}
	return o.GetAnnotations()[injectSecretAnnotation]
}

// takersOf are the objects that name the Secret or its Certificate.
func (r *injector) takersOf(ctx context.Context, secret client.Object) []reconcile.Request {
	fromSecret := secret.GetNamespace() + "/" + secret.GetName()
	fromCertificate := secret.GetNamespace() + "/" + secret.GetAnnotations()[nameAnnotation]
	gvk, err := r.client.GroupVersionKindFor(r.object())
	if err != nil {
		return nil
	}
	list := &metav1.PartialObjectMetadataList{}
	gvk.Kind += "List"
	list.SetGroupVersionKind(gvk)
	if err := r.client.List(ctx, list); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		notes := list.Items[i].GetAnnotations()
		if notes[injectAnnotation] == fromCertificate || notes[injectSecretAnnotation] == fromSecret {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: list.Items[i].Name}})
		}
	}
	return requests
}

// Reconcile writes the authority where it is missing or another.
func (r *injector) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	object := r.object()
	if err := r.live.Get(ctx, request.NamespacedName, object); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	authority, err := r.authority(ctx, object)
	if err != nil || len(authority) == 0 {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	changed := false
	for _, bundle := range r.bundles(object) {
		if !bytes.Equal(*bundle, authority) {
			*bundle, changed = authority, true
		}
	}
	if !changed {
		return reconcile.Result{}, nil
	}
	err = r.client.Update(ctx, object, fieldOwner)
	if apierrors.IsConflict(err) { // the API server itself writes a new definition's status just now
		return reconcile.Result{RequeueAfter: conflictPause}, nil
	}
	return reconcile.Result{}, client.IgnoreNotFound(err)
}

// authority is empty as long as the Secret does not exist: its event brings us back.
func (r *injector) authority(ctx context.Context, object client.Object) ([]byte, error) {
	ns, name, ok := strings.Cut(source(object), "/")
	if !ok {
		return nil, nil
	}
	if object.GetAnnotations()[injectAnnotation] != "" {
		certificate := newObject("Certificate")
		if err := r.live.Get(ctx, types.NamespacedName{Namespace: ns, Name: name}, certificate); err != nil {
			return nil, err
		}
		name, _, _ = unstructured.NestedString(certificate.Object, "spec", "secretName")
	}
	secret := &corev1.Secret{}
	if err := r.live.Get(ctx, types.NamespacedName{Namespace: ns, Name: name}, secret); err != nil {
		return nil, err
	}
	return secret.Data[caKey], nil
}
