package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The roles of a node in a cluster's tree.
const (
	RoleCluster        = "cluster"
	RoleInfrastructure = "infrastructure"
	RoleControlPlane   = "control plane"
	RolePool           = "pool"
	RoleMachine        = "machine"
	RolePart           = "part" // what a machine is made of: infrastructure machine, bootstrap configuration
)

// Node is one object of a cluster's tree, with what a person asks of it.
type Node struct {
	Role       string      `json:"role"`
	Kind       string      `json:"kind"`
	Namespace  string      `json:"namespace"`
	Name       string      `json:"name"`
	Ready      string      `json:"ready"` // True, False or Unknown: its Available or Ready condition, or what says the same
	Deleting   bool        `json:"deleting,omitempty"`
	Phase      string      `json:"phase,omitempty"`
	Version    string      `json:"version,omitempty"`
	Desired    *int64      `json:"desired,omitempty"` // machines asked for
	Up         *int64      `json:"up,omitempty"`      // machines ready
	Created    time.Time   `json:"created,omitzero"`
	Blocking   *Condition  `json:"blocking,omitempty"` // why it is not ready
	Stopped    bool        `json:"stopped,omitempty"`  // it failed, and is not tried again by itself
	Remedy     string      `json:"remedy,omitempty"`   // what to do about that
	Conditions []Condition `json:"conditions,omitempty"`
	Children   []*Node     `json:"children,omitempty"`
}

// Object is the node's name in messages: "Machine default/dev1-abc".
func (n *Node) Object() string { return n.Kind + " " + n.Namespace + "/" + n.Name }

// Tree reads a cluster with everything it is made of. Objects that are not there yet are left out.
func (c *Client) Tree(ctx context.Context, namespace, name string) (*Node, error) {
	return c.tree(ctx, c.api, Key{Namespace: namespace, Name: name})
}

func (c *Client) tree(ctx context.Context, from client.Reader, key Key) (*Node, error) {
	cluster, err := c.read(ctx, from, clusterKind(), key)
	if err != nil {
		return nil, err
	}
	if cluster == nil {
		return nil, noSuchCluster(key)
	}
	t := newTreeReader(c, from, key)
	root, err := t.read(ctx, cluster)
	if err != nil {
		return nil, err
	}
	return root, t.addResources(ctx, root)
}

// treeReader remembers the lists it has read: one request for each kind, however many machines there are.
type treeReader struct {
	client  *Client
	from    client.Reader
	cluster Key
	lists   map[schema.GroupKind]map[string]*unstructured.Unstructured
}

func newTreeReader(c *Client, from client.Reader, cluster Key) *treeReader {
	return &treeReader{client: c, from: from, cluster: cluster, lists: map[schema.GroupKind]map[string]*unstructured.Unstructured{}}
}

func (t *treeReader) read(ctx context.Context, cluster *unstructured.Unstructured) (*Node, error) {
	root := nodeOf(RoleCluster, cluster)
	for _, part := range []struct{ role, field string }{
		{RoleInfrastructure, "infrastructureRef"}, {RoleControlPlane, "controlPlaneRef"},
	} {
		object, err := t.follow(ctx, cluster, "spec", part.field)
		if err != nil {
			return nil, err
		}
		if object != nil {
			root.Children = append(root.Children, nodeOf(part.role, object))
		}
	}
	for _, kind := range []string{"MachineDeployment", "MachinePool"} {
		pools, err := t.list(ctx, clusterv1.GroupVersion.WithKind(kind).GroupKind())
		if err != nil {
			return nil, err
		}
		for _, pool := range sortedObjects(pools) {
			node, err := t.pool(ctx, pool)
			if err != nil {
				return nil, err
			}
			root.Children = append(root.Children, node)
		}
	}
	return root, t.addMachines(ctx, root)
}

// pool is a pool's node. Below a machine pool is the infrastructure's object of it, which may be all there is: not every
// infrastructure shows the machines in it. A machine deployment's is only a template.
func (t *treeReader) pool(ctx context.Context, object *unstructured.Unstructured) (*Node, error) {
	node := nodeOf(RolePool, object)
	if object.GetKind() != "MachinePool" {
		return node, nil
	}
	part, err := t.follow(ctx, object, "spec", "template", "spec", "infrastructureRef")
	if part != nil {
		node.Children = append(node.Children, nodeOf(RoleInfrastructure, part))
	}
	return node, err
}

// addMachines hangs every Machine under its pool, its control plane, or the cluster itself.
func (t *treeReader) addMachines(ctx context.Context, root *Node) error {
	machines, err := t.list(ctx, clusterv1.GroupVersion.WithKind("Machine").GroupKind())
	if err != nil {
		return err
	}
	for _, machine := range sortedObjects(machines) {
		node := nodeOf(RoleMachine, machine)
		for _, field := range []string{"infrastructureRef", "bootstrap/configRef"} {
			part, err := t.follow(ctx, machine, append([]string{"spec"}, strings.Split(field, "/")...)...)
			if err != nil {
				return err
			}
			if part == nil {
				continue
			}
			child := nodeOf(RolePart, part)
			node.Children = append(node.Children, child)
			if err := t.addOwned(ctx, child, part); err != nil {
				return err
			}
		}
		parent := machineParent(root, machine)
		parent.Children = append(parent.Children, node)
	}
	return nil
}

func machineParent(root *Node, machine *unstructured.Unstructured) *Node {
	labels := machine.GetLabels()
	pool := labels[clusterv1.MachineDeploymentNameLabel]
	if pool == "" {
		pool = labels[clusterv1.MachinePoolNameLabel]
	}
	_, isControlPlane := labels[clusterv1.MachineControlPlaneLabel]
	for _, child := range root.Children {
		if child.Role == RolePool && child.Name == pool || child.Role == RoleControlPlane && isControlPlane {
			return child
		}
	}
	return root
}

// addOwned adds the object that does the work behind an infrastructure machine, for the providers that have one.
func (t *treeReader) addOwned(ctx context.Context, node *Node, owner *unstructured.Unstructured) error {
	kinds := map[string]string{"VSphereMachine": "VSphereVM"}
	kind, ok := kinds[node.Kind]
	if !ok {
		return nil
	}
	objects, err := t.list(ctx, schema.GroupKind{Group: owner.GroupVersionKind().Group, Kind: kind})
	if err != nil {
		return err
	}
	for _, object := range sortedObjects(objects) {
		for _, ref := range object.GetOwnerReferences() {
			if ref.UID == owner.GetUID() {
				node.Children = append(node.Children, nodeOf(RolePart, object))
			}
		}
	}
	return nil
}

// follow reads what a reference names; nil when the field is empty or its object is not there.
func (t *treeReader) follow(ctx context.Context, from *unstructured.Unstructured, path ...string) (*unstructured.Unstructured, error) {
	ref, ok, err := unstructured.NestedStringMap(from.Object, path...)
	if !ok || err != nil || ref["name"] == "" {
		return nil, nil //nolint:nilerr // a reference of another shape names nothing we could show
	}
	objects, err := t.list(ctx, schema.GroupKind{Group: ref["apiGroup"], Kind: ref["kind"]})
	if err != nil {
		return nil, err
	}
	return objects[ref["name"]], nil
}

// list reads all objects of a kind that carry the cluster's name; of a kind that is not installed there are none.
func (t *treeReader) list(ctx context.Context, kind schema.GroupKind) (map[string]*unstructured.Unstructured, error) {
	if have, ok := t.lists[kind]; ok {
		return have, nil
	}
	found := map[string]*unstructured.Unstructured{}
	mapping, err := t.client.api.RESTMapper().RESTMapping(kind)
	if err == nil {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(mapping.GroupVersionKind.GroupVersion().WithKind(kind.Kind + "List"))
		err = t.from.List(ctx, list, client.InNamespace(t.cluster.Namespace),
			client.MatchingLabels{clusterv1.ClusterNameLabel: t.cluster.Name})
		for i := range list.Items {
			found[list.Items[i].GetName()] = &list.Items[i]
		}
	}
	if err != nil && !absent(err) && !apierrors.IsMethodNotSupported(err) {
		return nil, t.client.explain(ctx, fmt.Errorf("list %s: %w", kind.Kind, err))
	}
	t.lists[kind] = found
	return found, nil
}

func sortedObjects(objects map[string]*unstructured.Unstructured) []*unstructured.Unstructured {
	out := make([]*unstructured.Unstructured, 0, len(objects))
	for _, object := range objects {
		out = append(out, object)
	}
	slices.SortFunc(out, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	return out
}

// nodeOf reads what every object of Cluster API has in common.
func nodeOf(role string, object *unstructured.Unstructured) *Node {
	n := &Node{
		Role: role, Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName(),
		Deleting: object.GetDeletionTimestamp() != nil, Created: object.GetCreationTimestamp().Time,
		Conditions: conditionsOf(object),
	}
	n.Phase, _, _ = unstructured.NestedString(object.Object, "status", "phase")
	n.Version, _, _ = unstructured.NestedString(object.Object, "spec", "version")
	if role == RoleCluster {
		n.Version, _, _ = unstructured.NestedString(object.Object, "spec", "topology", "version")
	}
	if desired, ok, _ := unstructured.NestedInt64(object.Object, "spec", "replicas"); ok {
		up, _, _ := unstructured.NestedInt64(object.Object, "status", "readyReplicas")
		n.Desired, n.Up = &desired, &up
	}
	n.Ready = n.readyWithoutCondition(object)
	for _, summary := range []string{clusterv1.ReadyCondition, clusterv1.AvailableCondition} {
		for _, c := range n.Conditions {
			if c.Type == summary {
				n.Ready = c.Status
			}
		}
	}
	if n.Deleting {
		n.Ready = "False"
	}
	n.Blocking = blockingOf(n)
	return n
}

// readyWithoutCondition goes by the field that the contract of infrastructure providers had before conditions, or by the
// machines of a pool.
func (n *Node) readyWithoutCondition(object *unstructured.Unstructured) string {
	ready, known, _ := unstructured.NestedBool(object.Object, "status", "ready")
	if !known && n.Desired != nil {
		ready, known = *n.Up == *n.Desired, true
	}
	switch {
	case !known:
		return "Unknown"
	case ready:
		return "True"
	}
	return "False"
}
