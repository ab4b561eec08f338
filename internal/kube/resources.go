package kube

import (
	"context"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// RoleResource is one resource of a cloud as an object of its own, below what it was made for. Cluster API's provider
// for Azure lists in status.resources the objects that Azure Service Operator (ASO) works for it.
const RoleResource = "resource"

// severityError is how ASO marks a failure that it does not try again: "Errors are fatal to reconciliation and mean
// that the user must take some action to resolve the problem before reconciliation will be attempted again."
const severityError = "Error"

// pollerAnnotation is there while ASO waits for the end of an operation of Azure's. The condition of an earlier failure
// stays until that operation has ended.
const pollerAnnotation = "serviceoperator.azure.com/poller-resume-token"

// addResources hangs the resources that the objects of a tree list under their nodes.
func (t *treeReader) addResources(ctx context.Context, n *Node) error {
	for _, child := range n.Children {
		if err := t.addResources(ctx, child); err != nil {
			return err
		}
	}
	object := t.listing(n)
	if object == nil {
		return nil
	}
	resources, err := t.client.listed(ctx, object)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		node := resourceNode(resource)
		node.Remedy = remedy(node, t.cluster)
		n.Children = append(n.Children, node)
	}
	return nil
}

// listing gives the object behind a node that may list resources; nil for the others.
func (t *treeReader) listing(n *Node) *unstructured.Unstructured {
	if n.Role != RoleInfrastructure && n.Role != RoleControlPlane && n.Role != RolePart {
		return nil
	}
	for kind, objects := range t.lists {
		if object := objects[n.Name]; object != nil && kind.Kind == n.Kind {
			return object
		}
	}
	return nil
}

// listed reads the resources that an object lists in its status; those that are not there are left out.
func (c *Client) listed(ctx context.Context, object *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	items, _, _ := unstructured.NestedSlice(object.Object, "status", "resources") // what is no list names nothing
	var out []*unstructured.Unstructured
	for _, item := range items {
		fields, _ := item.(map[string]any)
		named, _, _ := unstructured.NestedStringMap(fields, "resource")
		if named["kind"] == "" || named["name"] == "" {
			continue
		}
		gvk := schema.GroupVersionKind{Group: named["group"], Version: named["version"], Kind: named["kind"]}
		resource, err := c.live(ctx, gvk, Key{Namespace: object.GetNamespace(), Name: named["name"]})
		if err != nil {
			return nil, err
		}
		if resource != nil {
			out = append(out, resource)
		}
	}
	return out, nil
}

// resourceNode reads a resource. Its Ready condition is all there is, so it is the cause and sums up nothing.
func resourceNode(object *unstructured.Unstructured) *Node {
	n := nodeOf(RoleResource, object)
	c, generation := readyCondition(object)
	if c == nil || c.Status == "True" && generation >= object.GetGeneration() {
		return n
	}
	n.Ready = "False"
	if generation < object.GetGeneration() {
		c = &Condition{Type: c.Type, Status: "Unknown", Reason: "WaitingForReconciliation", Message: whyNotReady(object), Since: c.Since}
	}
	c.alone = true
	n.Blocking = c
	_, working := object.GetAnnotations()[pollerAnnotation]
	n.Stopped = c.Severity == severityError && !working && !n.Deleting
	return n
}

// ResourcesFollow says that the resources of a cluster's objects are what these ask for now, and ready, so that a Ready
// condition means the present and not the time before a change.
func (c *Client) ResourcesFollow(ctx context.Context, key Key) (bool, error) {
	cluster, err := c.live(ctx, clusterv1.GroupVersion.WithKind("Cluster"), key)
	if err != nil || cluster == nil {
		return false, err
	}
	t := newTreeReader(c, key)
	root, err := t.read(ctx, cluster)
	if err != nil {
		return false, err
	}
	return t.follows(ctx, root)
}

func (t *treeReader) follows(ctx context.Context, n *Node) (bool, error) {
	for _, child := range n.Children {
		if ok, err := t.follows(ctx, child); !ok || err != nil {
			return false, err
		}
	}
	object := t.listing(n)
	if object == nil {
		return true, nil
	}
	wanted, _, _ := unstructured.NestedSlice(object.Object, "spec", "resources") // what is no list asks for nothing
	have, err := t.client.listed(ctx, object)
	if err != nil {
		return false, err
	}
	for _, want := range wanted {
		if !slices.ContainsFunc(have, func(h *unstructured.Unstructured) bool { return includes(h, want) && readyNow(h) }) {
			return false, nil
		}
	}
	return true, nil
}

// includes says whether a live object is the wanted one and has all that is asked of it. Others may have added to it.
func includes(have *unstructured.Unstructured, want any) bool {
	fields, _ := want.(map[string]any)
	name, _, _ := unstructured.NestedString(fields, "metadata", "name")
	if fields["kind"] != have.GetKind() || name != have.GetName() {
		return false
	}
	return covers(have.Object["spec"], fields["spec"]) &&
		covers(have.Object["metadata"], map[string]any{"annotations": metadataOf(fields)["annotations"]})
}

func metadataOf(fields map[string]any) map[string]any {
	metadata, _ := fields["metadata"].(map[string]any)
	return metadata
}

// covers says whether a value has all of another: every field of an object, every item of a list in its place. What is
// not set is as good as empty, since types of Go do not tell them apart.
func covers(have, want any) bool {
	switch w := want.(type) {
	case nil:
		return true
	case bool, string, int64, float64:
		return have == want || have == nil && reflect.ValueOf(want).IsZero()
	case map[string]any:
		h, _ := have.(map[string]any)
		for key, value := range w {
			if !covers(h[key], value) {
				return false
			}
		}
		return true
	case []any:
		h, _ := have.([]any)
		if len(h) < len(w) {
			return false
		}
		for i := range w {
			if !covers(h[i], w[i]) {
				return false
			}
		}
		return true
	}
	return have == want
}
