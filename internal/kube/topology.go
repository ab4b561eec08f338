package kube

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// The parts of a Cluster that are applied under a name of their own, because a command changes only them.
const (
	partReplicas  = "scale"
	partPool      = "pool" // followed by a dash and the pool's name
	partOperation = "operation"
	partOwner     = "owner"
)

// Size is how many machines a cluster is asked to have. A nil number means leave it as it is.
type Size struct {
	ControlPlane *int32
	Workers      *int32
	Pool         string // the pool that Workers is about; empty is all those that share a total
}

// DiffSize says what scaling would change, without changing it.
func (c *Client) DiffSize(ctx context.Context, key Key, size Size) ([]Change, error) {
	patch, err := c.sizePatch(ctx, key, size)
	if err != nil {
		return nil, err
	}
	return c.diff(ctx, patch, applyOptions{owner: FieldOwner + "-" + partReplicas, dryRun: true})
}

// ApplySize scales. The numbers are applied under a field owner of their own, so the rest of the Cluster keeps its
// owner, and a number that somebody else manages, such as the autoscaler, is refused with that owner's name.
func (c *Client) ApplySize(ctx context.Context, key Key, size Size) error {
	patch, err := c.sizePatch(ctx, key, size)
	if err != nil {
		return err
	}
	_, err = c.applyFields(ctx, partReplicas, patch, false)
	return err
}

// sizePatch holds every number of machines there is, changed or not: server-side apply would unset the ones left out.
func (c *Client) sizePatch(ctx context.Context, key Key, size Size) (*unstructured.Unstructured, error) {
	cluster, err := c.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, DeletingError(key)
	}
	topology := map[string]any{}
	control := cluster.Spec.Topology.ControlPlane.Replicas
	if size.ControlPlane != nil {
		control = size.ControlPlane
	}
	if control != nil {
		topology["controlPlane"] = map[string]any{"replicas": int64(*control)}
	}
	pools, err := resized(cluster, size)
	if err != nil {
		return nil, err
	}
	if workers := poolSizes(pools); len(workers) > 0 {
		topology["workers"] = workers
	}
	patch := clusterPatch(key)
	patch.Object["spec"] = map[string]any{"topology": topology}
	return patch, nil
}

// poolSizes is the number of each pool as the topology has it.
func poolSizes(pools []Pool) map[string]any {
	out := map[string]any{}
	for _, pool := range pools {
		if pool.Replicas == nil {
			continue
		}
		sized, _ := out[pool.list()].([]any)
		out[pool.list()] = append(sized, map[string]any{"name": pool.Name, "replicas": int64(*pool.Replicas)})
	}
	return out
}

func clusterPatch(key Key) *unstructured.Unstructured {
	patch := &unstructured.Unstructured{Object: map[string]any{}}
	patch.SetGroupVersionKind(clusterKind())
	patch.SetNamespace(key.Namespace)
	patch.SetName(key.Name)
	return patch
}

// DeletingError refuses to change a cluster that is being deleted.
func DeletingError(key Key) error {
	return &uerr.Error{
		Code: uerr.Failure, What: "the cluster is being deleted", Object: ClusterName(key),
		Cause: errors.New("a deletion cannot be taken back"),
		Next:  fmt.Sprintf("slipway delete cluster %s -n %s --wait follows it to its end", key.Name, key.Namespace),
	}
}

// SetOperation notes on the Cluster which operation was begun last; get clusters derives its words from it.
func (c *Client) SetOperation(ctx context.Context, key Key, operation string) error {
	patch := clusterPatch(key)
	patch.SetAnnotations(map[string]string{OperationAnnotation: operation})
	_, err := c.applyFields(ctx, partOperation, patch, false)
	return err
}

// OwnedByCluster says whether an object carries the owner reference that lets it go when the Cluster goes.
func (c *Client) OwnedByCluster(ctx context.Context, object client.Object, key Key) (bool, error) {
	desired, err := c.plain(object)
	if err != nil {
		return false, err
	}
	cluster, err := c.Cluster(ctx, key)
	if err != nil {
		return false, err
	}
	have, err := c.live(ctx, desired.GroupVersionKind(), client.ObjectKeyFromObject(desired))
	if err != nil || have == nil {
		return false, err
	}
	for _, ref := range have.GetOwnerReferences() {
		if ref.UID == cluster.UID {
			return true, nil
		}
	}
	return false, nil
}

// OwnByCluster makes the garbage collector remove an object once the Cluster is gone. The reference has a field owner
// of its own: applying the object's content again does not take it off.
func (c *Client) OwnByCluster(ctx context.Context, object client.Object, key Key) error {
	cluster, err := c.Cluster(ctx, key)
	if err != nil {
		return err
	}
	desired, err := c.plain(object)
	if err != nil {
		return err
	}
	have, err := c.live(ctx, desired.GroupVersionKind(), client.ObjectKeyFromObject(desired))
	if err != nil {
		return err
	}
	if have == nil {
		return &uerr.Error{Code: uerr.NotFound, What: "an object of the cluster is gone", Object: ObjectName(desired),
			Next: "type the same command again"}
	}
	patch := &unstructured.Unstructured{Object: map[string]any{}}
	patch.SetGroupVersionKind(desired.GroupVersionKind())
	patch.SetNamespace(desired.GetNamespace())
	patch.SetName(desired.GetName())
	patch.SetUID(have.GetUID()) // or an object deleted meanwhile would come back without its content
	patch.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: clusterv1.GroupVersion.String(), Kind: "Cluster", Name: cluster.Name, UID: cluster.UID,
	}})
	err = c.api.Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), client.FieldOwner(FieldOwner+"-"+partOwner))
	return c.applyError(ctx, desired, err)
}

// DeleteCluster asks for a Cluster's deletion. Its controllers take it apart in their order, machines before the
// infrastructure, which is why the deletion is not a foreground one: that would let the garbage collector delete
// everything at once.
func (c *Client) DeleteCluster(ctx context.Context, key Key) error {
	cluster := &clusterv1.Cluster{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	err := c.api.Delete(ctx, cluster, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err != nil && !apierrors.IsNotFound(err) {
		return c.explain(ctx, fmt.Errorf("delete %s: %w", ClusterName(key), err))
	}
	return nil
}
