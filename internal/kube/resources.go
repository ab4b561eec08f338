package kube

import (
	"context"
	"errors"
	"reflect"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// RoleResource is one resource of a cloud as an object of its own, below what it was made for. Cluster API's provider
// for Azure lists in status.resources the objects that Azure Service Operator (ASO) works for it.
const RoleResource = "resource"

// severityError is how ASO marks a failure that it does not try again: "Errors are fatal to reconciliation and mean
// that the user must take some action to resolve the problem before reconciliation will be attempted again."
const severityError = "Error"

// Annotations of ASO's.
const (
	// pollerAnnotation is there while ASO waits for the end of an operation of the cloud's. The condition of an earlier
	// failure stays until then.
	pollerAnnotation = "serviceoperator.azure.com/poller-resume-token"
	// generationAnnotation is the generation that was sent to the cloud last.
	generationAnnotation = "serviceoperator.azure.com/latest-reconciled-generation"
	// policyAnnotation says what ASO may do to the resource; with policySkip it only reads it.
	policyAnnotation = "serviceoperator.azure.com/reconcile-policy"
	policySkip       = "skip"
)

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
	resources, err := t.listed(ctx, object)
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
func (t *treeReader) listed(ctx context.Context, object *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	items, _, _ := unstructured.NestedSlice(object.Object, "status", "resources") // what is no list names nothing
	var out []*unstructured.Unstructured
	for _, item := range items {
		fields, _ := item.(map[string]any)
		named, _, _ := unstructured.NestedStringMap(fields, "resource")
		if named["kind"] == "" || named["name"] == "" {
			continue
		}
		gvk := schema.GroupVersionKind{Group: named["group"], Version: named["version"], Kind: named["kind"]}
		resource, err := t.client.read(ctx, t.from, gvk, Key{Namespace: object.GetNamespace(), Name: named["name"]})
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

// AwaitResources waits until the resources of a cluster's objects are what these ask for now, and ready: a Ready condition
// alone may be that of the time before a change.
func (c *Client) AwaitResources(ctx context.Context, key Key, note func(string)) error {
	last, patience := Unready{}, c.newPatience()
	err := c.until(ctx, clusterTargets(key), func(ctx context.Context, from client.Reader) (bool, error) {
		behind, err := c.resourceBehind(ctx, from, key)
		if err != nil || behind == nil {
			return err == nil, err
		}
		last = *behind
		note(last.String())
		return false, patience.overFor(stoppedOf([]Unready{last}))
	})
	if err == nil || ctx.Err() == nil {
		return err
	}
	return EndedError(ctx, "the cloud to follow the change", last.Object.String(), errors.New(last.Why))
}

// ResourceBehind gives a resource that is not yet what its object asks for, or not ready; nil when there is none.
func (c *Client) ResourceBehind(ctx context.Context, key Key) (*Unready, error) {
	return c.resourceBehind(ctx, c.api, key)
}

func (c *Client) resourceBehind(ctx context.Context, from client.Reader, key Key) (*Unready, error) {
	cluster, err := c.read(ctx, from, clusterKind(), key)
	if err != nil || cluster == nil {
		return nil, err
	}
	t := newTreeReader(c, from, key)
	root, err := t.read(ctx, cluster)
	if err != nil {
		return nil, err
	}
	return t.behind(ctx, root)
}

func (t *treeReader) behind(ctx context.Context, n *Node) (*Unready, error) {
	for _, child := range n.Children {
		if found, err := t.behind(ctx, child); found != nil || err != nil {
			return found, err
		}
	}
	object := t.listing(n)
	if object == nil {
		return nil, nil
	}
	wanted, _, _ := unstructured.NestedSlice(object.Object, "spec", "resources") // what is no list asks for nothing
	have, err := t.listed(ctx, object)
	if err != nil {
		return nil, err
	}
	for _, want := range wanted {
		found := compareResource(object, have, want)
		if found == nil {
			continue
		}
		if found.stopped != nil {
			found.stopped.Remedy = remedy(found.stopped, t.cluster)
		}
		return found, nil
	}
	return nil, nil
}

// compareResource gives what is wanted when it is not there, or lags behind.
func compareResource(parent *unstructured.Unstructured, have []*unstructured.Unstructured, want any) *Unready {
	for _, h := range have {
		if !isNamed(h, want) {
			continue
		}
		why := lag(h, want)
		if why == "" {
			return nil
		}
		u := &Unready{Object: objectOf(h), Why: why}
		if node := resourceNode(h); node.Stopped {
			u.stopped = node
		}
		return u
	}
	return &Unready{Object: objectOf(parent), Why: "has not made all of its resources yet"}
}

func objectOf(object *unstructured.Unstructured) Object {
	return Object{Kind: object.GroupVersionKind(), Key: client.ObjectKeyFromObject(object)}
}

// lag says why a live resource is not yet what is wanted of it; empty when it is. Ready may be left over: ASO keeps it
// through a change that comes without a new generation, such as the end of a hold, until the operation has ended.
func lag(have *unstructured.Unstructured, want any) string {
	notes := have.GetAnnotations()
	fields, _ := want.(map[string]any)
	asked, _, _ := unstructured.NestedStringMap(fields, "metadata", "annotations") // what is no map asks for none
	sent := notes[generationAnnotation]
	switch {
	case !covers(have.Object["spec"], fields["spec"]) || notes[policyAnnotation] != asked[policyAnnotation]:
		return "has not been given the change yet"
	case notes[policyAnnotation] != policySkip && sent != "" && sent != strconv.FormatInt(have.GetGeneration(), 10):
		return "the change is not sent to the cloud yet"
	case notes[pollerAnnotation] != "":
		return "the cloud is working on it"
	case !readyNow(have):
		return whyNotReady(have)
	}
	return ""
}

func isNamed(have *unstructured.Unstructured, want any) bool {
	fields, _ := want.(map[string]any)
	metadata, _ := fields["metadata"].(map[string]any)
	return fields["kind"] == have.GetKind() && metadata["name"] == have.GetName()
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
