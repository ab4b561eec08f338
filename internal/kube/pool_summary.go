package kube

import (
	"cmp"
	"context"
	"fmt"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// PoolSummary is one line of get nodepools.
type PoolSummary struct {
	Name     string   `json:"name"`
	Class    string   `json:"class"`
	Zones    []string `json:"zones,omitempty"`
	Replicas string   `json:"replicas"` // "1/2": ready/desired
	Version  string   `json:"version,omitempty"`
	Object   string   `json:"object,omitempty"` // "MachinePool default/dev1-system"; empty as long as there is none
}

// PoolSummaries lists the pools of a cluster as they are asked for, and how far each is.
func (c *Client) PoolSummaries(ctx context.Context, key Key) ([]PoolSummary, error) {
	cluster, err := c.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	deployments, pools := &clusterv1.MachineDeploymentList{}, &clusterv1.MachinePoolList{}
	of := []client.ListOption{client.InNamespace(key.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: key.Name}}
	for _, list := range []client.ObjectList{deployments, pools} {
		if err := c.api.List(ctx, list, of...); err != nil && !absent(err) {
			return nil, c.explain(ctx, fmt.Errorf("list pools of %s: %w", ClusterName(key), err))
		}
	}
	made := map[string]madePool{}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		made[machineDeployments+d.Labels[clusterv1.ClusterTopologyMachineDeploymentNameLabel]] = madePool{
			"MachineDeployment " + client.ObjectKeyFromObject(d).String(), d.Spec.Template.Spec.Version, d.Status.ReadyReplicas, d.Spec.Replicas,
		}
	}
	for i := range pools.Items {
		p := &pools.Items[i]
		made[machinePools+p.Labels[clusterv1.ClusterTopologyMachinePoolNameLabel]] = madePool{
			"MachinePool " + client.ObjectKeyFromObject(p).String(), p.Spec.Template.Spec.Version, p.Status.ReadyReplicas, p.Spec.Replicas,
		}
	}
	out := []PoolSummary{}
	for _, pool := range Pools(cluster) {
		m := made[pool.list()+pool.Name]
		count := Count{Ready: value(m.ready), Desired: value(cmp.Or(pool.Replicas, m.desired))}
		out = append(out, PoolSummary{
			Name: pool.Name, Class: pool.Class, Zones: pool.Zones, Replicas: count.String(), Version: m.version, Object: m.object,
		})
	}
	return out, nil
}

// madePool is what Cluster API has made of a pool.
type madePool struct {
	object, version string
	ready, desired  *int32
}
