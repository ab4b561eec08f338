package plane_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestCertificateIsIssuedAndItsAuthorityInjected(t *testing.T) {
	p := shared.Plane(t)
	c := newClient(t, p)
	ns := p.Namespace(t)
	create(t, c, ns, "certificate.yaml")
	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: ns, Name: "serving"}
	eventually(t, "the Secret comes", func() (bool, string) {
		err := c.Get(t.Context(), key, secret)
		return err == nil, errText(err)
	})
	pair, err := tls.X509KeyPair(secret.Data["tls.crt"], secret.Data["tls.key"])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(secret.Data["ca.crt"])
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: "hooks." + ns + ".svc", Roots: roots}); err != nil {
		t.Errorf("the certificate does not serve the name that was asked for: %v", err)
	}
	eventually(t, "the Certificate is Ready", func() (bool, string) { return ready(t, c, ns, "serving") })
	hooks := &admissionv1.ValidatingWebhookConfiguration{}
	eventually(t, "the authority is injected", func() (bool, string) {
		err := c.Get(t.Context(), types.NamespacedName{Name: "planetest-" + ns}, hooks)
		return err == nil && bytes.Equal(hooks.Webhooks[0].ClientConfig.CABundle, secret.Data["ca.crt"]), errText(err)
	})

	if err := c.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	renewed := &corev1.Secret{}
	eventually(t, "a lost Secret comes again and its authority is injected", func() (bool, string) {
		if err := c.Get(t.Context(), key, renewed); err != nil {
			return false, err.Error()
		}
		err := c.Get(t.Context(), types.NamespacedName{Name: "planetest-" + ns}, hooks)
		return err == nil && bytes.Equal(hooks.Webhooks[0].ClientConfig.CABundle, renewed.Data["ca.crt"]), errText(err)
	})
	if bytes.Equal(renewed.Data["tls.key"], secret.Data["tls.key"]) {
		t.Error("the renewed Secret has the old key")
	}
}

func TestCertificateOfAnotherIssuerSaysWhyItIsNotIssued(t *testing.T) {
	p := shared.Plane(t)
	c := newClient(t, p)
	ns := p.Namespace(t)
	create(t, c, ns, "certificate_acme.yaml")
	eventually(t, "the Certificate says so", func() (bool, string) {
		ok, said := ready(t, c, ns, "acme")
		return !ok && strings.Contains(said, "is not self-signed"), said
	})
}

// ready reads the condition and what it says.
func ready(t *testing.T, c client.Client, ns, name string) (bool, string) {
	t.Helper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"})
	if err := c.Get(t.Context(), types.NamespacedName{Namespace: ns, Name: name}, object); err != nil {
		return false, err.Error()
	}
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		if condition, ok := entry.(map[string]any); ok && condition["type"] == "Ready" {
			message, _ := condition["message"].(string)
			return condition["status"] == "True", message
		}
	}
	return false, "no condition"
}
