package capi

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestFirstKindPassesOverWhatHasNoDefinition(t *testing.T) {
	mapper := meta.NewDefaultRESTMapper(nil)
	group := schema.GroupVersionKind{Group: "resources.azure.com", Version: "v1api20200601", Kind: "ResourceGroup"}
	mapper.Add(group, meta.RESTScopeNamespace)
	groups := group.GroupVersion().WithResource("resourcegroups")
	servers := schema.GroupVersionResource{Group: "dbforpostgresql.azure.com", Version: "v1api20240801", Resource: "flexibleservers"}
	if got, err := firstKind(mapper, []schema.GroupVersionResource{servers, groups}); err != nil || got != group {
		t.Errorf("kind is %v (%v), want %v", got, err, group)
	}
	if _, err := firstKind(mapper, []schema.GroupVersionResource{servers}); !meta.IsNoMatchError(err) {
		t.Errorf("error is %v, want one that says which kind is not served", err)
	}
}
