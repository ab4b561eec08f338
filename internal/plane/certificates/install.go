package certificates

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	fieldOwner       = client.FieldOwner("slipway-plane")
	namespace        = "cert-manager" // clusterctl takes its presence for cert-manager's
	establishPoll    = 20 * time.Millisecond
	establishTimeout = 30 * time.Second
)

// Install brings the definitions and waits until the API server serves them.
func Install(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, establishTimeout, errors.New("certificates: the API server does not serve their definitions"))
	defer cancel()
	err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("namespace %s: %w", namespace, err)
	}
	definitions := []*apiextensionsv1.CustomResourceDefinition{definition("Certificate", "cert", "certs"), definition("Issuer")}
	for _, crd := range definitions {
		current := &apiextensionsv1.CustomResourceDefinition{}
		err := c.Get(ctx, client.ObjectKeyFromObject(crd), current)
		if apierrors.IsNotFound(err) {
			err = c.Create(ctx, crd, fieldOwner)
		}
		if err != nil {
			return fmt.Errorf("definition of %s: %w", crd.Spec.Names.Kind, err)
		}
	}
	for _, crd := range definitions {
		if err := established(ctx, c, crd.Name); err != nil {
			return err
		}
	}
	return nil
}

func established(ctx context.Context, c client.Client, name string) error {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	for {
		if err := c.Get(ctx, types.NamespacedName{Name: name}, crd); err != nil {
			return err
		}
		for _, condition := range crd.Status.Conditions {
			if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(establishPoll):
		}
	}
}

// definition lets every field through: what is not understood is ignored, as components may set any of cert-manager's.
func definition(kind string, short ...string) *apiextensionsv1.CustomResourceDefinition {
	keep := true
	singular := strings.ToLower(kind)
	open := apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &keep}
	schema := &apiextensionsv1.JSONSchemaProps{
		Type:       "object",
		Properties: map[string]apiextensionsv1.JSONSchemaProps{"spec": open, "status": open},
	}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: singular + "s." + group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: group,
			Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{
				Kind: kind, ListKind: kind + "List", Plural: singular + "s", Singular: singular,
				ShortNames: short, Categories: []string{"cert-manager"},
			},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: version, Served: true, Storage: true,
				Schema:       &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: schema},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
				AdditionalPrinterColumns: []apiextensionsv1.CustomResourceColumnDefinition{
					{Name: "Ready", Type: "string", JSONPath: `.status.conditions[?(@.type=="Ready")].status`},
					{Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp"},
				},
			}},
		},
	}
}
