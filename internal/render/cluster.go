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
)

// cluster makes the Cluster; the topology says only what differs from the class.
func cluster(in Input, class *class, values map[string]any) (*clusterv1.Cluster, error) {
	variables, err := topologyVariables(values)
	if err != nil {
		return nil, err
	}
	version, err := kubernetesVersion(in)
	if err != nil {
		return nil, err
	}
	health, err := healthOf(in.Request.Config)
	if err != nil {
		return nil, err
	}
	controlPlane, err := controlPlaneOf(in, class, health)
	if err != nil {
		return nil, err
	}
	workers, err := workersOf(in, class, health)
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
			ClusterNetwork: networkOf(in.Request.Config, class),
			Topology: clusterv1.Topology{
				ClassRef:     clusterv1.ClusterClassRef{Name: class.name()},
				Version:      version,
				Variables:    variables,
				ControlPlane: controlPlane,
				Workers:      workers,
			},
		},
	}, nil
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

// networkOf takes the two ranges; a range of the configuration may be two of them, joined by a comma. A cloud that runs
// the control plane has defaults of its own, which only what was set by a person overrides.
func networkOf(c *config.Config, class *class) clusterv1.ClusterNetwork {
	if c == nil {
		return clusterv1.ClusterNetwork{}
	}
	blocks := func(key string) clusterv1.NetworkRanges {
		if class.managed() && !c.IsSet(key) {
			return clusterv1.NetworkRanges{}
		}
		return clusterv1.NetworkRanges{CIDRBlocks: ranges(c.String(key))}
	}
	return clusterv1.ClusterNetwork{Pods: blocks("CLUSTER_CIDR"), Services: blocks("SERVICE_CIDR")}
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
	var out []clusterv1.ClusterVariable // nil without values, so that an empty list is not written
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
