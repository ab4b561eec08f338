package render

import (
	"cmp"
	"fmt"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/providers"
)

// controlPlaneOf says nothing of a control plane that the cloud runs: Cluster API refuses a count or a check there.
func controlPlaneOf(in Input, class *class, health health) (clusterv1.ControlPlaneTopology, error) {
	if class.managed() {
		return clusterv1.ControlPlaneTopology{}, nil
	}
	count, err := replicas("control plane", in.Request.ControlPlane)
	return clusterv1.ControlPlaneTopology{Replicas: count, HealthCheck: health.controlPlane()}, err
}

// workersOf makes a machine deployment of each pool, or a machine pool where the class has only those; without pools
// there is one with all the workers. The cloud itself replaces broken machines of a machine pool, so it has no check.
func workersOf(in Input, class *class, health health) (clusterv1.WorkersTopology, error) {
	pools := in.Values.Pools
	if len(pools) == 0 {
		pools = []providers.Pool{{Name: PoolName, Replicas: in.Request.Workers}}
	}
	var out clusterv1.WorkersTopology
	for _, pool := range pools {
		count, err := replicas("pool "+pool.Name, pool.Replicas)
		if err != nil {
			return out, err
		}
		overrides, err := class.overrides(pool)
		if err != nil {
			return out, fmt.Errorf("pool %s: %w", pool.Name, err)
		}
		if class.machinePools() {
			out.MachinePools = append(out.MachinePools, clusterv1.MachinePoolTopology{
				Class: cmp.Or(pool.Class, PoolClass), Name: pool.Name, FailureDomains: oneOrNone(pool.FailureDomain), Replicas: count,
				Variables: clusterv1.MachinePoolVariables{Overrides: overrides},
			})
			continue
		}
		out.MachineDeployments = append(out.MachineDeployments, clusterv1.MachineDeploymentTopology{
			Class: cmp.Or(pool.Class, PoolClass), Name: pool.Name, FailureDomain: pool.FailureDomain, Replicas: count, HealthCheck: health.workers(),
			Variables: clusterv1.MachineDeploymentVariables{Overrides: overrides},
		})
	}
	return out, nil
}

// overrides are the variables of one pool, each of which the class has to define.
func (c *class) overrides(pool providers.Pool) ([]clusterv1.ClusterVariable, error) {
	values, err := normalize(pool.Variables)
	if err != nil {
		return nil, err
	}
	if err := c.checkDefined(values); err != nil {
		return nil, err
	}
	return topologyVariables(values)
}

func oneOrNone(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}
