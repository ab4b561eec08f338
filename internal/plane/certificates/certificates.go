// Package certificates serves the part of cert-manager's API that providers' components use: Certificates of a
// self-signed Issuer, kept in Secrets and renewed, and their authority injected where an annotation asks for it. Any
// other issuer is answered with a condition that says so. clusterctl finds cert-manager installed already.
package certificates

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Names of cert-manager's API that others write and we answer.
const (
	group   = "cert-manager.io"
	version = "v1"

	nameAnnotation         = group + "/certificate-name" // on a Secret: the Certificate that it belongs to
	injectAnnotation       = group + "/inject-ca-from"   // NAMESPACE/CERTIFICATE
	injectSecretAnnotation = group + "/inject-ca-from-secret"

	caKey = "ca.crt"
)

func newObject(kind string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: version, Kind: kind})
	return u
}

func newList(kind string) *unstructured.UnstructuredList {
	u := &unstructured.UnstructuredList{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: version, Kind: kind + "List"})
	return u
}

// Add registers the controllers. Install must have been called before the manager starts.
func Add(mgr ctrl.Manager) error {
	if err := (&issuers{client: mgr.GetClient()}).add(mgr); err != nil {
		return fmt.Errorf("issuers: %w", err)
	}
	if err := (&certificates{client: mgr.GetClient(), live: mgr.GetAPIReader()}).add(mgr); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	for _, kind := range injectedKinds() {
		if err := (&injector{client: mgr.GetClient(), live: mgr.GetAPIReader(), injected: kind}).add(mgr); err != nil {
			return fmt.Errorf("injection into %s: %w", kind.name, err)
		}
	}
	return nil
}
