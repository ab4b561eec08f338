package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The life of an identity Secret, as the vSphere controller v1.14 has it: once its cluster object names the Secret, the
// controller makes itself an owner and sets a finalizer; when the infrastructure is gone it takes the finalizer off and
// deletes the Secret. What is left to us is the Secret of a cluster that never got so far: it also carries an owner
// reference to the Cluster, and where there is no Cluster yet, Orphans finds it.

// IsLeftover says whether an object of a cluster that is there belonged to an earlier cluster of the same name, so that
// the garbage collector or the provider is about to delete it: it is being deleted, or it is owned while no such
// Cluster is there, or it is owned by another Cluster than the one that is.
func (c *Client) IsLeftover(ctx context.Context, object client.Object, cluster Key) (bool, error) {
	desired, err := c.plain(object)
	if err != nil {
		return false, err
	}
	have, err := c.live(ctx, desired.GroupVersionKind(), client.ObjectKeyFromObject(desired))
	if err != nil || have == nil {
		return false, err
	}
	current, err := c.live(ctx, clusterKind(), cluster)
	switch {
	case err != nil:
		return false, err
	case have.GetDeletionTimestamp() != nil:
		return true, nil
	case current == nil:
		return len(have.GetOwnerReferences()) > 0, nil
	}
	for _, ref := range have.GetOwnerReferences() {
		if ref.Kind == clusterv1.ClusterKind && ref.UID != current.GetUID() {
			return true, nil
		}
	}
	return false, nil
}

// ApplyFor applies an object that is one cluster's alone; a leftover of that name is deleted first and waited for.
func (c *Client) ApplyFor(ctx context.Context, cluster Key, object client.Object) error {
	leftover, err := c.IsLeftover(ctx, object, cluster)
	if err != nil {
		return err
	}
	if leftover {
		plain, err := c.plain(object)
		if err != nil {
			return err
		}
		if err := client.IgnoreNotFound(c.api.Delete(ctx, plain.DeepCopy())); err != nil {
			return c.explain(ctx, fmt.Errorf("delete %s of an earlier cluster: %w", ObjectName(plain), err))
		}
		if err := c.awaitAbsent(ctx, plain); err != nil {
			return err
		}
	}
	return c.ApplyOwn(ctx, object)
}

// Orphan is an object that was made for a cluster which is not there.
type Orphan struct {
	GVK schema.GroupVersionKind
	Key Key
}

// String is "Kind namespace/name".
func (o Orphan) String() string { return o.GVK.Kind + " " + o.Key.String() }

// Orphans lists what a create that was stopped before it made the Cluster has left behind: objects that carry our label
// and the cluster's name, and no owner who would take them along. While the Cluster is there, there are none.
func (c *Client) Orphans(ctx context.Context, cluster Key) ([]Orphan, error) {
	current, err := c.live(ctx, clusterKind(), cluster)
	if err != nil || current != nil {
		return nil, err
	}
	var out []Orphan
	for _, gvk := range []schema.GroupVersionKind{
		corev1.SchemeGroupVersion.WithKind("Secret"), corev1.SchemeGroupVersion.WithKind("ConfigMap"),
		{Group: "addons.cluster.x-k8s.io", Version: "v1beta2", Kind: "ClusterResourceSet"},
	} {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		err := c.api.List(ctx, list, client.InNamespace(cluster.Namespace), client.MatchingLabels{
			ManagedByLabel: FieldOwner, clusterv1.ClusterNameLabel: cluster.Name,
		})
		if err != nil && !absent(err) {
			return nil, c.explain(ctx, fmt.Errorf("list %s: %w", gvk.Kind, err))
		}
		for i := range list.Items {
			if list.Items[i].DeletionTimestamp == nil {
				out = append(out, Orphan{GVK: gvk, Key: client.ObjectKeyFromObject(&list.Items[i])})
			}
		}
	}
	return out, nil
}

// DeleteOrphan deletes one of them.
func (c *Client) DeleteOrphan(ctx context.Context, o Orphan) error {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(o.GVK)
	object.SetNamespace(o.Key.Namespace)
	object.SetName(o.Key.Name)
	if err := client.IgnoreNotFound(c.api.Delete(ctx, object)); err != nil {
		return c.explain(ctx, fmt.Errorf("delete %s: %w", o, err))
	}
	return nil
}

// Exists says whether an object is there and not being deleted.
func (c *Client) Exists(ctx context.Context, object client.Object) (bool, error) {
	desired, err := c.plain(object)
	if err != nil {
		return false, err
	}
	have, err := c.live(ctx, desired.GroupVersionKind(), client.ObjectKeyFromObject(desired))
	return have != nil && have.GetDeletionTimestamp() == nil, err
}
