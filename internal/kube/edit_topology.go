package kube

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TopologyEdit is a change of what a Cluster was created with.
type TopologyEdit struct {
	Version   string                    // of Kubernetes; empty leaves it
	Variables map[string]any            // ClusterClass variables, as JSON values; nil takes one off
	Pools     map[string]map[string]any // the same for variables that a pool has of its own, by the pool's name
}

// Empty says that the edit leaves everything as it is.
func (e TopologyEdit) Empty() bool {
	return e.Version == "" && len(e.Variables) == 0 && len(e.Pools) == 0
}

// With is the edit with other values of some variables.
func (e TopologyEdit) With(variables map[string]any) TopologyEdit {
	all := maps.Clone(e.Variables)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, variables)
	e.Variables = all
	return e
}

// DiffTopology says what ApplyTopology would change, by asking the server to try.
func (c *Client) DiffTopology(ctx context.Context, key Key, edit TopologyEdit) ([]Change, error) {
	object, err := c.edited(ctx, key, edit)
	if err != nil {
		return nil, err
	}
	return c.diff(ctx, object, applyOptions{owner: FieldOwner, dryRun: true})
}

// ApplyTopology changes a Cluster under the name that it was created with, and only the fields of the edit: everything
// else is applied as it is. A field that somebody else has taken over is refused with that owner's name.
func (c *Client) ApplyTopology(ctx context.Context, key Key, edit TopologyEdit) error {
	object, err := c.edited(ctx, key, edit)
	if err != nil {
		return err
	}
	_, err = c.apply(ctx, object, applyOptions{owner: FieldOwner})
	return err
}

// edited is the Cluster as Slipway applied it, with the edit.
func (c *Client) edited(ctx context.Context, key Key, edit TopologyEdit) (*unstructured.Unstructured, error) {
	if _, err := c.Cluster(ctx, key); err != nil {
		return nil, err
	}
	cluster, err := c.live(ctx, clusterKind(), key)
	if err != nil {
		return nil, err
	}
	if cluster == nil || cluster.GetDeletionTimestamp() != nil {
		return nil, DeletingError(key)
	}
	object, err := applied(cluster)
	if err != nil {
		return nil, fmt.Errorf("%s: what slipway applied: %w", ClusterName(key), err)
	}
	if edit.Version != "" {
		if err := unstructured.SetNestedField(object.Object, edit.Version, "spec", "topology", "version"); err != nil {
			return nil, err
		}
	}
	if err := setVariables(object.Object, edit.Variables, "spec", "topology", "variables"); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(edit.Pools)) {
		if err := editPool(object.Object, name, edit.Pools[name]); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// editPool changes a pool's own variables. A pool that Slipway did not make has none to change.
func editPool(cluster map[string]any, name string, variables map[string]any) error {
	for _, list := range []string{"machineDeployments", "machinePools"} {
		path := []string{"spec", "topology", "workers", list}
		pools, _, err := unstructured.NestedSlice(cluster, path...)
		if err != nil {
			return err
		}
		for i, item := range pools {
			pool, ok := item.(map[string]any)
			if !ok || pool["name"] != name {
				continue
			}
			if err := setVariables(pool, variables, "variables", "overrides"); err != nil {
				return err
			}
			pools[i] = pool
			return unstructured.SetNestedSlice(cluster, pools, path...)
		}
	}
	return nil
}

// setVariables puts values into a list of variables, each in its place or at the end.
func setVariables(object map[string]any, values map[string]any, path ...string) error {
	if len(values) == 0 {
		return nil
	}
	list, _, err := unstructured.NestedSlice(object, path...)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		at := slices.IndexFunc(list, func(item any) bool {
			fields, _ := item.(map[string]any)
			return fields["name"] == name
		})
		value, err := plainJSON(values[name])
		switch {
		case err != nil:
			return fmt.Errorf("variable %q: %w", name, err)
		case value == nil && at >= 0:
			list = slices.Delete(list, at, at+1)
		case value == nil:
		case at >= 0:
			list[at] = map[string]any{"name": name, "value": value}
		default:
			list = append(list, map[string]any{"name": name, "value": value})
		}
	}
	return unstructured.SetNestedSlice(object, list, path...)
}

// plainJSON turns a value into JSON's own types as apimachinery copies them: whole numbers are int64.
func plainJSON(value any) (any, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var out any
	return out, json.Unmarshal(raw, &out)
}

// applied is the part of a Cluster that Slipway applied under its plain name, read from the server's record of who owns
// what. Of a Cluster that somebody else applied that is its name alone.
func applied(cluster *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	out := clusterPatch(client.ObjectKeyFromObject(cluster))
	for _, entry := range cluster.GetManagedFields() {
		if entry.Manager != FieldOwner || entry.Operation != metav1.ManagedFieldsOperationApply || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		var fields map[string]any
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields); err != nil {
			return nil, err
		}
		owned, ok := ownedPart(cluster.Object, fields).(map[string]any)
		if !ok {
			continue
		}
		object := &unstructured.Unstructured{Object: owned}
		object.SetGroupVersionKind(out.GroupVersionKind())
		object.SetNamespace(out.GetNamespace())
		object.SetName(out.GetName())
		out = object.DeepCopy() // or an edit would reach the live object
	}
	return out, nil
}

// ownedPart is what a set of fields in the notation of managedFields (f:NAME, k:{...}, v:VALUE, i:INDEX and ".") selects
// of a value. A field without fields of its own is owned as a whole.
func ownedPart(value any, fields map[string]any) any {
	if len(fields) == 0 {
		return value
	}
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, child := range v {
			if inner, ok := fields["f:"+name].(map[string]any); ok {
				out[name] = ownedPart(child, inner)
			}
		}
		return out
	case []any:
		out := []any{}
		for i, item := range v {
			if inner, ok := fieldsOfItem(fields, i, item); ok {
				out = append(out, ownedPart(item, inner))
			}
		}
		return out
	}
	return value
}

// fieldsOfItem finds the fields of one item of a list, by its keys, its value or its index.
func fieldsOfItem(fields map[string]any, index int, item any) (map[string]any, bool) {
	for path, inner := range fields {
		of, _ := inner.(map[string]any)
		kind, text, _ := strings.Cut(path, ":")
		if kind == "i" && text == fmt.Sprint(index) {
			return of, true
		}
		var wanted any
		if kind != "k" && kind != "v" || json.Unmarshal([]byte(text), &wanted) != nil {
			continue
		}
		if kind == "v" && wanted == item {
			return of, true
		}
		if kind == "k" && hasKeys(item, wanted) {
			return of, true
		}
	}
	return nil, false
}

func hasKeys(item, keys any) bool {
	fields, isObject := item.(map[string]any)
	wanted, _ := keys.(map[string]any)
	if !isObject || len(wanted) == 0 {
		return false
	}
	for key, value := range wanted {
		if fields[key] != value {
			return false
		}
	}
	return true
}
