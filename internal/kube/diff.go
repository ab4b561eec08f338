package kube

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Change is one thing that would be different: a field of an object, or, without a Field, the object itself.
type Change struct {
	Object string `json:"object"`          // "Cluster default/dev1"
	Field  string `json:"field,omitempty"` // "spec.topology.workers.machineDeployments[name=md-0].replicas"
	From   string `json:"from,omitempty"`  // empty when it is not there yet
	To     string `json:"to,omitempty"`    // empty when it would be removed
}

// String is one line for a person.
func (c Change) String() string {
	line := strings.TrimSpace(c.Object + " " + c.Field)
	switch {
	case c.From == "":
		return line + ": " + c.To
	case c.To == "":
		return line + ": " + c.From + " would be removed"
	}
	return line + ": " + c.From + " -> " + c.To
}

// Diff says what applying the object would change, by asking the server to try. Values of a Secret are not shown.
func (c *Client) Diff(ctx context.Context, object client.Object) ([]Change, error) {
	return c.diff(ctx, object, applyOptions{owner: FieldOwner, dryRun: true, force: true})
}

func (c *Client) diff(ctx context.Context, object client.Object, o applyOptions) ([]Change, error) {
	desired, err := c.plain(object)
	if err != nil {
		return nil, err
	}
	name := ObjectName(desired)
	before, err := c.live(ctx, desired.GroupVersionKind(), client.ObjectKeyFromObject(desired))
	if err != nil {
		return nil, err
	}
	if before == nil {
		return []Change{{Object: name, To: "create"}}, nil
	}
	after, err := c.apply(ctx, desired, o)
	if err != nil {
		return nil, err
	}
	changes := compare(name, before.Object, after.Object)
	if desired.GetKind() == "Secret" {
		hideValues(changes)
	}
	return changes, nil
}

func hideValues(changes []Change) {
	for i := range changes {
		if changes[i].From != "" {
			changes[i].From = "<redacted>"
		}
		if changes[i].To != "" {
			changes[i].To = "<redacted>"
		}
	}
}

// compare lists the leaves that differ between two states of one object, without what the server itself keeps.
func compare(name string, before, after map[string]any) []Change {
	from, to := map[string]string{}, map[string]string{}
	flatten("", before, from)
	flatten("", after, to)
	fields := slices.Sorted(maps.Keys(from))
	for field := range to {
		if _, ok := from[field]; !ok {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	var out []Change
	for _, field := range fields {
		if from[field] != to[field] && !serverOwned(field) {
			out = append(out, Change{Object: name, Field: field, From: from[field], To: to[field]})
		}
	}
	return out
}

func serverOwned(field string) bool {
	for _, prefix := range []string{"status", "metadata.managedFields", "metadata.resourceVersion", "metadata.generation"} {
		if field == prefix || strings.HasPrefix(field, prefix+".") || strings.HasPrefix(field, prefix+"[") {
			return true
		}
	}
	return false
}

// flatten writes every leaf of a value under its path; items of a list are named by their key where they have one.
func flatten(path string, value any, out map[string]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			flatten(strings.TrimPrefix(path+"."+key, "."), child, out)
		}
	case []any:
		for i, child := range v {
			flatten(fmt.Sprintf("%s[%s]", path, itemKey(i, child)), child, out)
		}
	case nil:
	default:
		out[path] = fmt.Sprint(v)
	}
}

// itemKey names a list item as the API's list maps do: by name, type, key or uid, and by its index otherwise.
func itemKey(i int, item any) string {
	if fields, ok := item.(map[string]any); ok {
		for _, key := range []string{"name", "type", "uid", "key"} {
			if v, ok := fields[key].(string); ok {
				return key + "=" + v
			}
		}
	}
	return fmt.Sprint(i)
}

// absent says that an object, or its whole kind, is not there.
func absent(err error) bool {
	return apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}
