package kube

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const partHealth = "health"

// HealthCheck is what a cluster's machine health checks are set to, for its control plane and all its pools.
type HealthCheck struct {
	Enabled        bool
	StartupTimeout time.Duration        // zero leaves it to the class
	Unhealthy      []UnhealthyCondition // empty leaves it to the class
}

// UnhealthyCondition is a node condition that makes a machine unhealthy once it has lasted.
type UnhealthyCondition struct {
	Type    string        // "Ready"
	Status  string        // "False", "Unknown"
	Timeout time.Duration // whole seconds
}

// HealthCheckSummary is one line of get machinehealthcheck.
type HealthCheckSummary struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Cluster   string `json:"cluster"`
	Expected  int32  `json:"expected"` // machines watched
	Healthy   int32  `json:"healthy"`
	Allowed   int32  `json:"remediationsAllowed"`
	Startup   string `json:"nodeStartupTimeout,omitempty"`
}

// HealthChecks lists the machine health checks of a cluster.
func (c *Client) HealthChecks(ctx context.Context, key Key) ([]HealthCheckSummary, error) {
	if _, err := c.Cluster(ctx, key); err != nil {
		return nil, err
	}
	list := &clusterv1.MachineHealthCheckList{}
	err := c.api.List(ctx, list, client.InNamespace(key.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: key.Name})
	if err != nil {
		return nil, c.explain(ctx, fmt.Errorf("list MachineHealthChecks: %w", err))
	}
	out := make([]HealthCheckSummary, 0, len(list.Items))
	for i := range list.Items {
		check := &list.Items[i]
		s := HealthCheckSummary{
			Name: check.Name, Namespace: check.Namespace, Cluster: check.Spec.ClusterName,
			Expected: value(check.Status.ExpectedMachines), Healthy: value(check.Status.CurrentHealthy),
			Allowed: value(check.Status.RemediationsAllowed),
		}
		if seconds := check.Spec.Checks.NodeStartupTimeoutSeconds; seconds != nil {
			s.Startup = (time.Duration(*seconds) * time.Second).String()
		}
		out = append(out, s)
	}
	return out, nil
}

// DiffHealthCheck says what ApplyHealthCheck would change.
func (c *Client) DiffHealthCheck(ctx context.Context, key Key, check HealthCheck) ([]Change, error) {
	patch, err := c.healthPatch(ctx, key, check)
	if err != nil {
		return nil, err
	}
	return c.diff(ctx, patch, applyOptions{owner: FieldOwner + "-" + partHealth, dryRun: true})
}

// ApplyHealthCheck sets the machine health checks of a cluster. Settings of an earlier call that are left out this time
// are the class's again.
func (c *Client) ApplyHealthCheck(ctx context.Context, key Key, check HealthCheck) error {
	patch, err := c.healthPatch(ctx, key, check)
	if err != nil {
		return err
	}
	_, err = c.applyFields(ctx, partHealth, patch, false)
	return err
}

func (c *Client) healthPatch(ctx context.Context, key Key, check HealthCheck) (*unstructured.Unstructured, error) {
	cluster, err := c.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, DeletingError(key)
	}
	topology := map[string]any{"controlPlane": map[string]any{"healthCheck": check.fields()}}
	var pools []any
	for _, pool := range cluster.Spec.Topology.Workers.MachineDeployments {
		pools = append(pools, map[string]any{"name": pool.Name, "healthCheck": check.fields()})
	}
	if len(pools) > 0 {
		topology["workers"] = map[string]any{"machineDeployments": pools}
	}
	patch := clusterPatch(key)
	patch.Object["spec"] = map[string]any{"topology": topology}
	return patch, nil
}

// fields is the healthCheck of a topology; control plane and pools spell it alike.
func (h HealthCheck) fields() map[string]any {
	out := map[string]any{"enabled": h.Enabled}
	checks := map[string]any{}
	if h.StartupTimeout > 0 {
		checks["nodeStartupTimeoutSeconds"] = int64(h.StartupTimeout / time.Second)
	}
	var unhealthy []any
	for _, u := range h.Unhealthy {
		unhealthy = append(unhealthy, map[string]any{
			"type": u.Type, "status": string(metav1.ConditionStatus(u.Status)), "timeoutSeconds": int64(u.Timeout / time.Second),
		})
	}
	if len(unhealthy) > 0 {
		checks["unhealthyNodeConditions"] = unhealthy
	}
	if len(checks) > 0 {
		out["checks"] = checks
	}
	return out
}
