package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// classPrefix begins the names of the classes that Slipway makes: slipway-PROVIDER-HASH.
const classPrefix = FieldOwner + "-"

func classKind() schema.GroupVersionKind { return clusterv1.GroupVersion.WithKind("ClusterClass") }

// MissingClass gives the objects of a class that are not in the management cluster. Their names carry a hash of their
// content, so one that is there needs no comparison.
func (c *Client) MissingClass(ctx context.Context, objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var missing []*unstructured.Unstructured
	for _, object := range objects {
		have, err := c.live(ctx, object.GroupVersionKind(), client.ObjectKeyFromObject(object))
		if err != nil {
			return nil, err
		}
		if have == nil || have.GetDeletionTimestamp() != nil {
			missing = append(missing, object)
		}
	}
	return missing, nil
}

// ApplyClass creates the objects of a class that are not there, in the order given (definitions and templates first), and
// waits until Cluster API has read the class: a Cluster that is applied before that is backed off for more than a minute.
func (c *Client) ApplyClass(ctx context.Context, objects []*unstructured.Unstructured) error {
	missing, err := c.MissingClass(ctx, objects)
	if err != nil {
		return err
	}
	for _, object := range missing {
		if err := c.awaitAbsent(ctx, object); err != nil {
			return err
		}
		if err := c.ApplyOwn(ctx, object); err != nil {
			return err
		}
		if err := c.awaitServed(ctx, object); err != nil {
			return err
		}
	}
	for _, object := range objects {
		if object.GetKind() != "ClusterClass" {
			continue
		}
		if err := c.AwaitClass(ctx, client.ObjectKeyFromObject(object)); err != nil {
			return err
		}
	}
	return nil
}

// awaitAbsent waits for an object that is being deleted, since its name cannot be used before it is gone.
func (c *Client) awaitAbsent(ctx context.Context, object *unstructured.Unstructured) error {
	gvk, key := object.GroupVersionKind(), client.ObjectKeyFromObject(object)
	t := target{gvk: gvk, namespace: key.Namespace, name: key.Name}
	what := "the management cluster to answer"
	err := c.until(ctx, []target{t}, func(ctx context.Context, from client.Reader) (bool, error) {
		have, err := c.read(ctx, from, gvk, key)
		if have == nil || have.GetDeletionTimestamp() == nil {
			return err == nil, err
		}
		what = "an object of that name to be deleted"
		return false, nil
	})
	if ctx.Err() != nil {
		return EndedError(ctx, what, ObjectName(object), err)
	}
	return err
}

// awaitServed waits until the API server serves what a CustomResourceDefinition defines; any other object needs no wait.
func (c *Client) awaitServed(ctx context.Context, object *unstructured.Unstructured) error {
	if object.GetKind() != "CustomResourceDefinition" {
		return nil
	}
	t := target{gvk: object.GroupVersionKind(), name: object.GetName()}
	err := c.until(ctx, []target{t}, func(ctx context.Context, from client.Reader) (bool, error) {
		have, err := c.read(ctx, from, t.gvk, Key{Name: t.name})
		if err != nil || have == nil || !established(have) {
			return false, err
		}
		_, err = c.api.RESTMapper().RESTMapping(definedKind(have))
		if absent(err) {
			return false, nil
		}
		return err == nil, err
	})
	if ctx.Err() != nil {
		return EndedError(ctx, "its kind to be served", ObjectName(object), err)
	}
	return err
}

func established(definition *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(item any) bool {
		condition, _ := item.(map[string]any)
		return condition["type"] == "Established" && condition["status"] == "True"
	})
}

func definedKind(definition *unstructured.Unstructured) schema.GroupKind {
	group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "kind")
	return schema.GroupKind{Group: group, Kind: kind}
}

// AwaitClass waits until Cluster API has resolved a ClusterClass's templates and variables.
func (c *Client) AwaitClass(ctx context.Context, key Key) error {
	object := "ClusterClass " + key.Namespace + "/" + key.Name
	last := errors.New("it has not been looked at yet; is Cluster API's controller running?")
	t := target{gvk: classKind(), namespace: key.Namespace, name: key.Name}
	err := c.until(ctx, []target{t}, func(ctx context.Context, from client.Reader) (bool, error) {
		unmet, err := c.unmetClass(ctx, from, key)
		if unmet != nil && unmet.Reason != "" {
			last = errors.New(unmet.String())
		}
		return unmet == nil && err == nil, err
	})
	if ctx.Err() != nil {
		return EndedError(ctx, "the cluster's class to be accepted", object, last)
	}
	return err
}

// ClassReady says whether Cluster API has resolved a ClusterClass's templates and variables.
func (c *Client) ClassReady(ctx context.Context, key Key) (bool, error) {
	unmet, err := c.unmetClass(ctx, c.api, key)
	return unmet == nil, err
}

// unmetClass gives the first condition of a ClusterClass that a Cluster has to wait for; nil when there is none.
func (c *Client) unmetClass(ctx context.Context, from client.Reader, key Key) (*Condition, error) {
	class := &clusterv1.ClusterClass{}
	found, err := c.readInto(ctx, from, classKind(), key, class)
	if err == nil && !found {
		err = fmt.Errorf("read ClusterClass %s: it is not there", key)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range []string{clusterv1.ClusterClassRefVersionsUpToDateCondition, clusterv1.ClusterClassVariablesReadyCondition} {
		if isTrue(class.Status.Conditions, name, class.Generation) {
			continue
		}
		if found := findCondition(class.Status.Conditions, name); found != nil {
			return found, nil
		}
		return &Condition{Type: name, Status: "Unknown"}, nil
	}
	return nil, nil
}

func findCondition(conditions []metav1.Condition, name string) *Condition {
	for _, c := range conditions {
		if c.Type == name {
			return &Condition{Type: c.Type, Status: string(c.Status), Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time}
		}
	}
	return nil
}

// UnusedClasses lists Slipway's classes in a namespace that no Cluster names. While another operation holds a lock in
// the namespace there are none, because it may have made its class and not yet the Cluster that will name it.
//
// Owner references to the Clusters would have the garbage collector do this, but a class that is owned by a Cluster
// which in turn depends on its class is a cycle, and clusterctl's move silently leaves the objects of a cycle behind.
func (c *Client) UnusedClasses(ctx context.Context, namespace, ownLock string) ([]string, error) {
	leases := &coordinationv1.LeaseList{}
	if err := c.api.List(ctx, leases, client.InNamespace(namespace)); err != nil {
		return nil, c.explain(ctx, fmt.Errorf("list Leases: %w", err))
	}
	for i := range leases.Items {
		if lease := &leases.Items[i]; isLock(lease) && lease.Name != lockName(ownLock) && c.alive(lease) {
			return nil, nil
		}
	}
	used := map[string]bool{}
	clusters := &clusterv1.ClusterList{}
	if err := c.api.List(ctx, clusters); err != nil {
		return nil, c.explain(ctx, fmt.Errorf("list Clusters: %w", err))
	}
	for i := range clusters.Items {
		key := clusters.Items[i].GetClassKey()
		used[key.String()] = true
	}
	classes := &clusterv1.ClusterClassList{}
	if err := c.api.List(ctx, classes, client.InNamespace(namespace)); err != nil {
		return nil, c.explain(ctx, fmt.Errorf("list ClusterClasses: %w", err))
	}
	var out []string
	for i := range classes.Items {
		class := &classes.Items[i]
		ours := strings.HasPrefix(class.Name, classPrefix) && class.Labels[ManagedByLabel] == FieldOwner
		if ours && !used[client.ObjectKeyFromObject(class).String()] && class.DeletionTimestamp == nil {
			out = append(out, class.Name)
		}
	}
	return out, nil
}

// DeleteClass deletes a class; the garbage collector takes its templates. One that a Cluster has begun to use meanwhile
// is refused by Cluster API and left alone.
func (c *Client) DeleteClass(ctx context.Context, key Key) error {
	class := &clusterv1.ClusterClass{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	err := c.api.Delete(ctx, class, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return nil
	}
	return c.explain(ctx, fmt.Errorf("delete ClusterClass %s: %w", key, err))
}
