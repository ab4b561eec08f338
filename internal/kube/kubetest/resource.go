package kubetest

import (
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
)

// ResourceKind is the kind of a resource of a cloud that is an object of its own, in the shape of Azure Service
// Operator's: its status has a Ready condition with a severity, and is written apart from its specification.
const ResourceKind = "TestResource"

// resourceCRD is testCRD with a status that does not move the generation.
func resourceCRD() *apiextensionsv1.CustomResourceDefinition {
	crd := testCRD(ResourceKind, "v1beta1")
	crd.Spec.Versions[0].Subresources = &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}}
	return crd
}

// Resource is a resource of the test infrastructure with one field.
func Resource(namespace, name, size string) *unstructured.Unstructured {
	object := Infra(ResourceKind, namespace, name, "")
	object.Object["spec"] = map[string]any{"size": size}
	return object
}

// Ready is what a resource says of itself.
type Ready struct{ Status, Severity, Reason, Message string }

// SetReady writes the Ready condition of a resource for its present generation.
func SetReady(t testing.TB, c *kube.Client, namespace, name string, ready Ready) {
	t.Helper()
	object := Resource(namespace, name, "")
	must(t, c.API().Get(t.Context(), client.ObjectKeyFromObject(object), object))
	condition := map[string]any{
		"type": "Ready", "status": ready.Status, "reason": ready.Reason, "message": ready.Message,
		"observedGeneration": object.GetGeneration(), "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}
	if ready.Severity != "" {
		condition["severity"] = ready.Severity
	}
	must(t, unstructured.SetNestedSlice(object.Object, []any{condition}, "status", "conditions"))
	must(t, c.API().Status().Update(t.Context(), object))
}

// Listing is an object of a cluster that asks for resources and lists them in its status, as CAPZ's do.
func Listing(kind, name, cluster string, resources ...*unstructured.Unstructured) *unstructured.Unstructured {
	object := Infra(kind, resources[0].GetNamespace(), name, cluster)
	var wanted, listed []any
	for _, r := range resources {
		wanted = append(wanted, map[string]any{
			"apiVersion": r.GetAPIVersion(), "kind": r.GetKind(), "metadata": map[string]any{"name": r.GetName()},
			"spec": r.DeepCopy().Object["spec"],
		})
		gvk := r.GroupVersionKind()
		listed = append(listed, map[string]any{"ready": false, "resource": map[string]any{
			"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind, "name": r.GetName(),
		}})
	}
	object.Object["spec"] = map[string]any{"resources": wanted}
	object.Object["status"] = map[string]any{"resources": listed}
	return object
}
