package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
)

// cluster makes the Cluster; the topology says only what differs from the class.
func cluster(in Input, class string, values map[string]any) (*clusterv1.Cluster, error) {
	variables, err := topologyVariables(values)
	if err != nil {
		return nil, err
	}
	version, err := kubernetesVersion(in)
	if err != nil {
		return nil, err
	}
	controlPlane, err := replicas("control plane", in.Request.ControlPlane)
	if err != nil {
		return nil, err
	}
	health, err := healthOf(in.Request.Config)
	if err != nil {
		return nil, err
	}
	workers, err := workersOf(in, health)
	if err != nil {
		return nil, err
	}
	return &clusterv1.Cluster{
		TypeMeta: metav1.TypeMeta{APIVersion: clusterv1.GroupVersion.String(), Kind: "Cluster"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      in.Request.Name,
			Namespace: in.Request.Namespace,
			Labels:    clusterLabels(in),
		},
		Spec: clusterv1.ClusterSpec{
			ClusterNetwork: networkOf(in.Request.Config),
			Topology: clusterv1.Topology{
				ClassRef:  clusterv1.ClusterClassRef{Name: class},
				Version:   version,
				Variables: variables,
				ControlPlane: clusterv1.ControlPlaneTopology{
					Replicas:    controlPlane,
					HealthCheck: health.controlPlane(),
				},
				Workers: workers,
			},
		},
	}, nil
}

// workersOf makes a machine deployment of each pool; without pools there is one with all the workers.
func workersOf(in Input, health health) (clusterv1.WorkersTopology, error) {
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
		overrides, err := normalize(pool.Variables)
		if err != nil {
			return out, fmt.Errorf("pool %s: %w", pool.Name, err)
		}
		variables, err := topologyVariables(overrides)
		if err != nil {
			return out, fmt.Errorf("pool %s: %w", pool.Name, err)
		}
		out.MachineDeployments = append(out.MachineDeployments, clusterv1.MachineDeploymentTopology{
			Class: PoolClass, Name: pool.Name, FailureDomain: pool.FailureDomain, Replicas: count, HealthCheck: health.workers(),
			Variables: clusterv1.MachineDeploymentVariables{Overrides: variables},
		})
	}
	return out, nil
}

func clusterLabels(in Input) map[string]string {
	labels := ownLabels(in)
	labels[LabelInfrastructure] = in.Infrastructure
	if in.Request.Plan != "" {
		labels[LabelPlan] = in.Request.Plan
	}
	return labels
}

func kubernetesVersion(in Input) (string, error) {
	version := in.Values.KubernetesVersion
	if version == "" {
		version = in.Request.KubernetesVersion
	}
	if version == "" {
		return "", errors.New("no Kubernetes version was asked for, and none was found in the infrastructure")
	}
	return "v" + strings.TrimPrefix(version, "v"), nil
}

func replicas(what string, n int) (*int32, error) {
	if n < 0 || n > math.MaxInt32 {
		return nil, fmt.Errorf("%s: %d machines", what, n)
	}
	count := int32(n)
	return &count, nil
}

// networkOf takes the two ranges; a range of the configuration may be two of them, joined by a comma.
func networkOf(c *config.Config) clusterv1.ClusterNetwork {
	if c == nil {
		return clusterv1.ClusterNetwork{}
	}
	return clusterv1.ClusterNetwork{
		Pods:     clusterv1.NetworkRanges{CIDRBlocks: ranges(c.String("CLUSTER_CIDR"))},
		Services: clusterv1.NetworkRanges{CIDRBlocks: ranges(c.String("SERVICE_CIDR"))},
	}
}

func ranges(list string) []string {
	var out []string
	for block := range strings.SplitSeq(list, ",") {
		if block = strings.TrimSpace(block); block != "" {
			out = append(out, block)
		}
	}
	return out
}

// health is what the configuration says of health checks beyond what the class has.
type health struct {
	off                        bool
	custom                     bool // at least one timeout is not the default
	startup, unknown, notReady *int32
}

func healthOf(c *config.Config) (health, error) {
	var h health
	if c == nil {
		return h, nil
	}
	h.off = !c.Bool("ENABLE_MHC")
	var errs []error
	seconds := func(key string) *int32 {
		d, err := c.Duration(key)
		errs = append(errs, err)
		h.custom = h.custom || c.IsSet(key)
		n := int32(min(d/time.Second, math.MaxInt32))
		return &n
	}
	h.startup = seconds("NODE_STARTUP_TIMEOUT")
	h.unknown = seconds("MHC_UNKNOWN_STATUS_TIMEOUT")
	h.notReady = seconds("MHC_FALSE_STATUS_TIMEOUT")
	return h, errors.Join(errs...)
}

func (h health) conditions() []clusterv1.UnhealthyNodeCondition {
	return []clusterv1.UnhealthyNodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, TimeoutSeconds: h.unknown},
		{Type: corev1.NodeReady, Status: corev1.ConditionFalse, TimeoutSeconds: h.notReady},
	}
}

func (h health) controlPlane() clusterv1.ControlPlaneTopologyHealthCheck {
	switch {
	case h.off:
		return clusterv1.ControlPlaneTopologyHealthCheck{Enabled: new(bool)}
	case h.custom:
		return clusterv1.ControlPlaneTopologyHealthCheck{Checks: clusterv1.ControlPlaneTopologyHealthCheckChecks{
			NodeStartupTimeoutSeconds: h.startup, UnhealthyNodeConditions: h.conditions(),
		}}
	}
	return clusterv1.ControlPlaneTopologyHealthCheck{}
}

func (h health) workers() clusterv1.MachineDeploymentTopologyHealthCheck {
	switch {
	case h.off:
		return clusterv1.MachineDeploymentTopologyHealthCheck{Enabled: new(bool)}
	case h.custom:
		return clusterv1.MachineDeploymentTopologyHealthCheck{Checks: clusterv1.MachineDeploymentTopologyHealthCheckChecks{
			NodeStartupTimeoutSeconds: h.startup, UnhealthyNodeConditions: h.conditions(),
		}}
	}
	return clusterv1.MachineDeploymentTopologyHealthCheck{}
}

// topologyVariables writes the values in the order of their names.
func topologyVariables(values map[string]any) ([]clusterv1.ClusterVariable, error) {
	out := make([]clusterv1.ClusterVariable, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		raw, err := json.Marshal(values[name])
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", name, err)
		}
		out = append(out, clusterv1.ClusterVariable{Name: name, Value: apiextensionsv1.JSON{Raw: raw}})
	}
	return out, nil
}

// normalize brings the adapter's values into plain JSON types and leaves out those that are not set.
func normalize(values map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for name, value := range values {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", name, err)
		}
		var plain any
		if err := json.Unmarshal(raw, &plain); err != nil {
			return nil, fmt.Errorf("variable %q: %w", name, err)
		}
		if plain = dropUnset(plain); plain != nil {
			out[name] = plain
		}
	}
	return out, nil
}

// dropUnset gives nil for null, for an empty string, and for an object in which nothing is set.
func dropUnset(value any) any {
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil
		}
	case map[string]any:
		maps.DeleteFunc(v, func(key string, inner any) bool {
			v[key] = dropUnset(inner)
			return v[key] == nil
		})
		if len(v) == 0 {
			return nil
		}
	}
	return value
}
