package kube

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"k8s.io/client-go/util/retry"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const partHealth = "health"

// HealthEdit is a change of a cluster's machine health checks. Its functions are given what is there, and may be called
// again when somebody else changed that in the meantime.
type HealthEdit struct {
	// Topology changes the checks that Cluster API makes of the Cluster's topology; nil leaves them.
	Topology func(*clusterv1.Cluster) error
	// Objects change the checks that somebody made by hand, by name. One that is not there is made; a nil function
	// deletes.
	Objects map[string]func(*clusterv1.MachineHealthCheck)
}

// HealthChecks lists the machine health checks of a cluster by name.
func (c *Client) HealthChecks(ctx context.Context, key Key) ([]clusterv1.MachineHealthCheck, error) {
	list := &clusterv1.MachineHealthCheckList{}
	if err := c.api.List(ctx, list, client.InNamespace(key.Namespace)); err != nil {
		return nil, c.explain(ctx, fmt.Errorf("list MachineHealthChecks of %s: %w", ClusterName(key), err))
	}
	of := slices.DeleteFunc(list.Items, func(m clusterv1.MachineHealthCheck) bool { return m.Spec.ClusterName != key.Name })
	slices.SortFunc(of, func(a, b clusterv1.MachineHealthCheck) int { return cmp.Compare(a.Name, b.Name) })
	return of, nil
}

// DiffHealth says what ApplyHealth would change, by asking the server to try.
func (c *Client) DiffHealth(ctx context.Context, key Key, edit HealthEdit) ([]Change, error) {
	return c.editHealth(ctx, key, edit, client.DryRunAll)
}

// ApplyHealth changes the machine health checks of a cluster.
func (c *Client) ApplyHealth(ctx context.Context, key Key, edit HealthEdit) error {
	_, err := c.editHealth(ctx, key, edit)
	return err
}

func (c *Client) editHealth(ctx context.Context, key Key, edit HealthEdit, options ...client.PatchOption) ([]Change, error) {
	cluster, err := c.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, DeletingError(key)
	}
	var out []Change
	if edit.Topology != nil {
		out, err = c.patch(ctx, cluster, func() error { return edit.Topology(cluster) }, options...)
		if err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(edit.Objects)) {
		changes, err := c.editHealthCheck(ctx, cluster, name, edit.Objects[name], options...)
		if err != nil {
			return nil, err
		}
		out = append(out, changes...)
	}
	return out, nil
}

// editHealthCheck changes, makes or deletes a check that is not the topology's.
func (c *Client) editHealthCheck(
	ctx context.Context, cluster *clusterv1.Cluster, name string, change func(*clusterv1.MachineHealthCheck), options ...client.PatchOption,
) ([]Change, error) {
	dryRun := (&client.PatchOptions{}).ApplyOptions(options).DryRun
	check := &clusterv1.MachineHealthCheck{}
	check.SetGroupVersionKind(clusterv1.GroupVersion.WithKind("MachineHealthCheck"))
	check.Namespace, check.Name = cluster.Namespace, name
	object := ObjectName(check)
	err := c.api.Get(ctx, client.ObjectKeyFromObject(check), check)
	switch {
	case absent(err) && change == nil:
		return nil, nil
	case absent(err):
		check.Labels = map[string]string{clusterv1.ClusterNameLabel: cluster.Name, ManagedByLabel: FieldOwner}
		check.Spec.ClusterName = cluster.Name
		change(check)
		err = c.api.Create(ctx, check, client.FieldOwner(FieldOwner), &client.CreateOptions{DryRun: dryRun})
		return []Change{{Object: object, To: "create"}}, c.healthError(ctx, object, err)
	case err != nil:
		return nil, c.healthError(ctx, object, err)
	case change == nil:
		err = client.IgnoreNotFound(c.api.Delete(ctx, check, &client.DeleteOptions{DryRun: dryRun}))
		return []Change{{Object: object, From: name}}, c.healthError(ctx, object, err)
	}
	return c.patch(ctx, check, func() error { change(check); return nil }, options...)
}

// patch sends what change makes of an object, as it is on the server, and says which fields that changes. When
// somebody else was faster it reads the object again and repeats the change.
func (c *Client) patch(ctx context.Context, object client.Object, change func() error, options ...client.PatchOption) ([]Change, error) {
	options = append(options, client.FieldOwner(FieldOwner+"-"+partHealth))
	var out []Change
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := c.api.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		live, ok := object.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("a copy of %T is no object", object)
		}
		if err := change(); err != nil {
			return err
		}
		lock := client.MergeFromWithOptions(live, client.MergeFromWithOptimisticLock{})
		if err := c.api.Patch(ctx, object, lock, options...); err != nil {
			return err
		}
		before, err := c.plain(live)
		if err != nil {
			return err
		}
		after, err := c.plain(object)
		if err != nil {
			return err
		}
		out = compare(ObjectName(after), before.Object, after.Object)
		return nil
	})
	return out, c.healthError(ctx, object.GetName(), err)
}

func (c *Client) healthError(ctx context.Context, object string, err error) error {
	if err == nil {
		return nil
	}
	return c.explain(ctx, fmt.Errorf("change the machine health checks, %s: %w", object, err))
}

// TopologyFollowed says whether Cluster API has made what the topology says now.
func TopologyFollowed(cluster *clusterv1.Cluster) bool {
	return !cluster.Spec.Topology.IsDefined() ||
		isTrue(cluster.Status.Conditions, clusterv1.ClusterTopologyReconciledCondition, cluster.Generation)
}
