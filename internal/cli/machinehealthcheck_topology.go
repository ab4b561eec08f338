package cli

import (
	"encoding/json"
	"fmt"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// override is the health check of one pool in a Cluster's topology. It replaces the class's checks and remediation as
// a whole, so a change of one value starts from what is in force. The control plane's type and the pools' differ in
// their names, which is why they are read and written through JSON.
type override struct {
	Enabled     *bool                              `json:"enabled,omitempty"`
	Checks      clusterv1.MachineHealthCheckChecks `json:"checks,omitzero"`
	Remediation map[string]any                     `json:"remediation,omitempty"`
}

// healthField is the place of a pool's override; the pool "" is the control plane.
func healthField(cluster *clusterv1.Cluster, pool string) (any, error) {
	if pool == "" {
		return &cluster.Spec.Topology.ControlPlane.HealthCheck, nil
	}
	pools := cluster.Spec.Topology.Workers.MachineDeployments
	for i := range pools {
		if pools[i].Name == pool {
			return &pools[i].HealthCheck, nil
		}
	}
	return nil, fmt.Errorf("cluster %s has no pool %q", cluster.Name, pool)
}

// overrideOf is what is in force for a pool: the override that is there, else what the class made of the object.
func overrideOf(cluster *clusterv1.Cluster, pool string, object *clusterv1.MachineHealthCheck) (override, error) {
	var o override
	field, err := healthField(cluster, pool)
	if err != nil {
		return o, err
	}
	if err := recode(field, &o); err != nil {
		return o, err
	}
	if object != nil && o.Remediation == nil && isZero(o.Checks) {
		err = recode(object.Spec, &o)
	}
	return o, err
}

func setOverride(cluster *clusterv1.Cluster, pool string, o override) error {
	field, err := healthField(cluster, pool)
	if err != nil {
		return err
	}
	switch health := field.(type) {
	case *clusterv1.ControlPlaneTopologyHealthCheck:
		*health = clusterv1.ControlPlaneTopologyHealthCheck{}
	case *clusterv1.MachineDeploymentTopologyHealthCheck:
		*health = clusterv1.MachineDeploymentTopologyHealthCheck{}
	}
	return recode(o, field)
}

func isZero(c clusterv1.MachineHealthCheckChecks) bool {
	return c.NodeStartupTimeoutSeconds == nil && len(c.UnhealthyNodeConditions) == 0 && len(c.UnhealthyMachineConditions) == 0
}

func recode(from, to any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}
