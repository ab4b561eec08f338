package kube

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const partRetry = "retry"

// StoppedResources names the resources of a cluster that failed and are not tried again by themselves, and those that an
// interrupted Retry left on hold. held are those that somebody keeps on hold on purpose: they are not to be touched.
func (c *Client) StoppedResources(ctx context.Context, key Key) (stopped, held []Unready, err error) {
	resources, err := c.resources(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range resources {
		node := resourceNode(r)
		u := Unready{Object: objectOf(r), Why: whyNotReady(r)}
		onHold := r.GetAnnotations()[policyAnnotation] == policySkip
		switch {
		case onHold && heldByRetry(r):
			stopped = append(stopped, u)
		case onHold && node.Stopped:
			held = append(held, u)
		case node.Stopped:
			stopped = append(stopped, u)
		}
	}
	return stopped, held, nil
}

// Retry makes a resource that stopped go on. ASO looks at one again when its specification changes, when its reconcile
// policy becomes "skip" or ceases to be, or when it is given other credentials. The second changes nothing in the cloud,
// so the resource is put on hold and released at once, under a field owner of Slipway's own. ASO could only have read the
// cloud between the two, and what it would write of that conflicts with the release.
func (c *Client) Retry(ctx context.Context, o Object) error {
	have, err := c.live(ctx, o.Kind, o.Key)
	if err != nil || have == nil {
		return err
	}
	for _, policy := range []string{policySkip, ""} {
		patch := &unstructured.Unstructured{Object: map[string]any{}}
		patch.SetGroupVersionKind(o.Kind)
		patch.SetNamespace(o.Key.Namespace)
		patch.SetName(o.Key.Name)
		patch.SetUID(have.GetUID()) // or one that was deleted meanwhile would come back without its content
		if policy != "" {
			patch.SetAnnotations(map[string]string{policyAnnotation: policy})
		}
		err := c.api.Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), client.FieldOwner(FieldOwner+"-"+partRetry))
		if err := c.applyError(ctx, have, err); err != nil {
			return err
		}
	}
	return nil
}

// heldByRetry says whether a Retry was interrupted between its two halves.
func heldByRetry(object *unstructured.Unstructured) bool {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == FieldOwner+"-"+partRetry && entry.FieldsV1 != nil {
			return true
		}
	}
	return false
}

// resources reads every resource that the objects of a cluster list.
func (c *Client) resources(ctx context.Context, key Key) ([]*unstructured.Unstructured, error) {
	if _, err := c.Cluster(ctx, key); err != nil {
		return nil, err
	}
	cluster, err := c.live(ctx, clusterKind(), key)
	if err != nil || cluster == nil {
		return nil, err
	}
	t := newTreeReader(c, c.api, key)
	root, err := t.read(ctx, cluster)
	if err != nil {
		return nil, err
	}
	return t.resourcesBelow(ctx, root)
}

func (t *treeReader) resourcesBelow(ctx context.Context, n *Node) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	if object := t.listing(n); object != nil {
		listed, err := t.listed(ctx, object)
		if err != nil {
			return nil, err
		}
		out = listed
	}
	for _, child := range n.Children {
		below, err := t.resourcesBelow(ctx, child)
		if err != nil {
			return nil, err
		}
		out = append(out, below...)
	}
	return out, nil
}
