package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/util/retry"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// PoolEdit is what a pool of workers is asked to be. A pool of another name is added.
type PoolEdit struct {
	Name      string
	Class     string         // of workers in the ClusterClass; empty is the pool's own, and WorkerClass for a new one
	Zone      string         // empty leaves it
	Replicas  *int32         // nil leaves it
	Variables map[string]any // ClusterClass variables as JSON values, merged into those in force; null takes a field out
}

// DiffPool says what ApplyPool would change, by asking the server to try: whatever its admission refuses, this refuses.
func (c *Client) DiffPool(ctx context.Context, key Key, edit PoolEdit) ([]Change, error) {
	patch, err := c.poolPatch(ctx, key, edit)
	if err != nil {
		return nil, err
	}
	changes, err := c.diff(ctx, patch, applyOptions{owner: poolOwner(edit.Name), dryRun: true})
	return changes, poolError(key, edit.Name, err)
}

// ApplyPool changes or adds a pool. Each pool that was set has a field owner of its own, so that neither a creation typed
// again nor another pool's change takes it off. Scaling takes the number over, and the next change of the pool
// applies the number that is there.
func (c *Client) ApplyPool(ctx context.Context, key Key, edit PoolEdit) error {
	patch, err := c.poolPatch(ctx, key, edit)
	if err != nil {
		return err
	}
	_, err = c.apply(ctx, patch, applyOptions{owner: poolOwner(edit.Name)})
	return poolError(key, edit.Name, err)
}

func poolOwner(pool string) string { return FieldOwner + "-" + partPool + "-" + pool }

// poolPatch holds the pool as it is, changed or not, with the edit.
func (c *Client) poolPatch(ctx context.Context, key Key, edit PoolEdit) (*unstructured.Unstructured, error) {
	cluster, err := c.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, DeletingError(key)
	}
	pool, err := FindPool(cluster, edit.Name)
	if err != nil {
		if pool, err = c.newPool(ctx, cluster, edit); err != nil {
			return nil, err
		}
	}
	if edit.Zone != "" {
		pool.Zones = []string{edit.Zone}
	}
	if edit.Replicas != nil {
		pool.Replicas = edit.Replicas
	}
	variables, err := mergedVariables(cluster, pool, edit.Variables)
	if err != nil {
		return nil, fmt.Errorf("%s: pool %s: %w", ClusterName(key), pool.Name, err)
	}
	patch := clusterPatch(key)
	workers := map[string]any{pool.list(): []any{pool.topology(variables)}}
	patch.Object["spec"] = map[string]any{"topology": map[string]any{"workers": workers}}
	return patch, nil
}

// newPool finds the class asked for in the ClusterClass, which also says what a pool of it is.
func (c *Client) newPool(ctx context.Context, cluster *clusterv1.Cluster, edit PoolEdit) (Pool, error) {
	class := &clusterv1.ClusterClass{}
	if err := c.api.Get(ctx, cluster.GetClassKey(), class); err != nil {
		return Pool{}, c.explain(ctx, fmt.Errorf("read ClusterClass %s: %w", cluster.GetClassKey(), err))
	}
	pool := Pool{Name: edit.Name, Class: cmp.Or(edit.Class, WorkerClass), Added: true}
	var known []string
	for _, workers := range class.Spec.Workers.MachineDeployments {
		known = append(known, workers.Class)
	}
	deployments := slices.Contains(known, pool.Class)
	for _, workers := range class.Spec.Workers.MachinePools {
		known = append(known, workers.Class)
	}
	pool.MachinePool = !deployments && slices.Contains(known, pool.Class)
	if !deployments && !pool.MachinePool {
		return pool, &uerr.Error{
			Code: uerr.Usage, What: fmt.Sprintf("the cluster's class has no workers of class %q", pool.Class),
			Object: ClusterName(client.ObjectKeyFromObject(cluster)), Next: "--class " + strings.Join(known, " or "),
		}
	}
	return pool, nil
}

// topology is the pool as an item of its list.
func (p Pool) topology(variables []any) map[string]any {
	out := map[string]any{"name": p.Name, "class": p.Class}
	if p.Replicas != nil {
		out["replicas"] = int64(*p.Replicas)
	}
	switch {
	case len(p.Zones) == 0:
	case p.MachinePool:
		zones := make([]any, len(p.Zones))
		for i, zone := range p.Zones {
			zones[i] = zone
		}
		out["failureDomains"] = zones
	default:
		out["failureDomain"] = p.Zones[0]
	}
	if len(variables) > 0 {
		out["variables"] = map[string]any{"overrides": variables}
	}
	if p.Added {
		out["metadata"] = map[string]any{"annotations": map[string]any{addedAnnotation: ""}}
	}
	return out
}

// mergedVariables are the overrides of a pool with other values merged in; a variable that the pool has not overridden
// starts from the cluster's value, because an override replaces that as a whole.
func mergedVariables(cluster *clusterv1.Cluster, pool Pool, changes map[string]any) ([]any, error) {
	inForce, own := map[string]any{}, map[string]any{}
	for _, list := range []struct {
		variables []clusterv1.ClusterVariable
		into      []map[string]any
	}{{cluster.Spec.Topology.Variables, []map[string]any{inForce}}, {pool.Overrides, []map[string]any{inForce, own}}} {
		for _, v := range list.variables {
			for _, into := range list.into {
				var value any
				if err := json.Unmarshal(v.Value.Raw, &value); err != nil {
					return nil, fmt.Errorf("variable %q: %w", v.Name, err)
				}
				into[v.Name] = value
			}
		}
	}
	for name, change := range changes {
		value, err := plainJSON(change)
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", name, err)
		}
		own[name] = mergeJSON(inForce[name], value)
	}
	var out []any
	for _, name := range slices.Sorted(maps.Keys(own)) {
		out = append(out, map[string]any{"name": name, "value": own[name]})
	}
	return out, nil
}

// mergeJSON is RFC 7396, a JSON merge patch.
func mergeJSON(value, change any) any {
	fields, isObject := change.(map[string]any)
	if !isObject {
		return change
	}
	out, isObject := value.(map[string]any)
	if !isObject {
		out = map[string]any{}
	}
	for name, field := range fields {
		if field == nil {
			delete(out, name)
		} else {
			out[name] = mergeJSON(out[name], field)
		}
	}
	return out
}

// DiffPoolRemoval says what RemovePool would change, by asking the server to try.
func (c *Client) DiffPoolRemoval(ctx context.Context, key Key, name string) ([]Change, error) {
	err := c.removePool(ctx, key, name, client.DryRunAll)
	if uerr.ExitCode(err) == uerr.NotFound {
		return nil, nil
	}
	return []Change{{Object: ClusterName(key), Field: "pool " + name, From: "its machines"}}, err
}

// RemovePool takes a pool, with all its machines, out of a cluster, whoever owns its fields: an owner that leaves an
// item of a list out does not take it off as long as another one has it.
func (c *Client) RemovePool(ctx context.Context, key Key, name string) error {
	return c.removePool(ctx, key, name)
}

func (c *Client) removePool(ctx context.Context, key Key, name string, options ...client.PatchOption) error {
	options = append(options, client.FieldOwner(FieldOwner+"-"+partPool))
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		cluster, err := c.Cluster(ctx, key)
		if err != nil {
			return err
		}
		if _, err := FindPool(cluster, name); err != nil {
			return err
		}
		lock := client.MergeFromWithOptions(cluster.DeepCopy(), client.MergeFromWithOptimisticLock{})
		workers := &cluster.Spec.Topology.Workers
		workers.MachineDeployments = slices.DeleteFunc(workers.MachineDeployments, func(p clusterv1.MachineDeploymentTopology) bool { return p.Name == name })
		workers.MachinePools = slices.DeleteFunc(workers.MachinePools, func(p clusterv1.MachinePoolTopology) bool { return p.Name == name })
		return c.api.Patch(ctx, cluster, lock, options...)
	})
	return c.explain(ctx, poolError(key, name, err))
}

// poolError makes a mistake of the person's out of what the server's admission refuses.
func poolError(key Key, name string, err error) error {
	var known *uerr.Error
	if err == nil || errors.As(err, &known) || !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) && !apierrors.IsBadRequest(err) {
		return err
	}
	return &uerr.Error{
		Code: uerr.Usage, What: "pool " + name + " cannot be like that", Object: ClusterName(key), Cause: err,
		Next: "correct what it names; slipway get nodepools " + key.Name + " shows the pools as they are",
	}
}
