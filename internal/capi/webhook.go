package capi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// certificateProblem waits for the CA bundle that cert-manager's injector, or the plane's, puts beside each service reference.
func certificateProblem(ctx context.Context, c client.Client, obj unstructured.Unstructured) *problem {
	configs := clientConfigs(obj)
	if len(configs) == 0 {
		return nil
	}
	p := &problem{object: obj.GetKind() + " " + obj.GetName()}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(obj.GroupVersionKind())
	if err := c.Get(ctx, client.ObjectKeyFromObject(&obj), live); err != nil {
		p.cause = err
		return p
	}
	for _, cc := range clientConfigs(*live) {
		if bundle, _ := cc["caBundle"].(string); bundle == "" {
			p.cause = errors.New("no CA bundle was injected yet")
			return p
		}
	}
	return nil
}

// clientConfigs are the calls to a service that the API server makes because of obj.
func clientConfigs(obj unstructured.Unstructured) []map[string]any {
	var out []map[string]any
	keep := func(from map[string]any) {
		if cc, ok := from["clientConfig"].(map[string]any); ok && cc["service"] != nil {
			out = append(out, cc)
		}
	}
	switch obj.GetKind() {
	case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
		hooks, _ := obj.Object["webhooks"].([]any)
		for _, h := range hooks {
			if m, ok := h.(map[string]any); ok {
				keep(m)
			}
		}
	case "CustomResourceDefinition":
		if m, found, _ := unstructured.NestedMap(obj.Object, "spec", "conversion", "webhook"); found {
			keep(m)
		}
	}
	return out
}

// webhookProblem makes the API server call a mutating webhook, by creating an empty object in a dry run. Only a failed
// call is a problem: an object that is refused was judged, so the webhook answered. One is enough, since a manager
// serves all its webhooks on one port.
func webhookProblem(ctx context.Context, c client.Client, obj unstructured.Unstructured) *problem {
	if obj.GetKind() != "MutatingWebhookConfiguration" {
		return nil
	}
	p := &problem{object: "MutatingWebhookConfiguration " + obj.GetName()}
	var cfg admissionv1.MutatingWebhookConfiguration
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &cfg); err != nil {
		p.cause = err
		return p
	}
	resources := createdResources(cfg)
	if len(resources) == 0 {
		return nil
	}
	kind, err := firstKind(c.RESTMapper(), resources)
	if err != nil {
		p.cause = err
		return p
	}
	probe := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{}}}
	probe.SetGroupVersionKind(kind)
	probe.SetName("slipway-probe")
	probe.SetNamespace("default")
	err = c.Create(ctx, probe, client.DryRunAll)
	if unanswered(err) {
		p.cause = fmt.Errorf("create %s in a dry run: %w", kind.Kind, err)
		return p
	}
	return nil
}

// createdResources are those whose creation is judged.
func createdResources(cfg admissionv1.MutatingWebhookConfiguration) []schema.GroupVersionResource {
	var out []schema.GroupVersionResource
	for _, hook := range cfg.Webhooks {
		for _, rule := range hook.Rules {
			if slices.Contains(rule.Operations, admissionv1.Create) {
				out = append(out, schema.GroupVersionResource{
					Group: rule.APIGroups[0], Version: rule.APIVersions[0], Resource: rule.Resources[0],
				})
			}
		}
	}
	return out
}

// firstKind passes over resources without a definition: upstream's Azure provider has webhooks for all of Azure Service
// Operator's kinds, and definitions for ten of them.
func firstKind(mapper meta.RESTMapper, resources []schema.GroupVersionResource) (schema.GroupVersionKind, error) {
	var first error
	for _, resource := range resources {
		kind, err := mapper.KindFor(resource)
		if err == nil || !meta.IsNoMatchError(err) {
			return kind, err
		}
		first = cmp.Or(first, err)
	}
	return schema.GroupVersionKind{}, first
}

// unanswered tells an API server that could not reach the webhook, or not be reached itself, from one that was told no.
func unanswered(err error) bool {
	if err == nil {
		return false
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return true
	}
	return apierrors.IsInternalError(err) && strings.Contains(err.Error(), "failed calling webhook") ||
		apierrors.IsNotFound(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err)
}
