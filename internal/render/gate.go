package render

import (
	"fmt"
	"slices"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/providers"
)

// checkGate refuses a gate whose variables the class does not have, as it refuses any other value.
func checkGate(gate providers.Gate, class *class) error {
	if !Gated(gate) {
		return nil
	}
	return class.checkDefined(gate.Closed)
}

// Gated says whether a gate holds anything back.
func Gated(gate providers.Gate) bool { return len(gate.Until) > 0 && len(gate.Closed) > 0 }

// Closed is the Cluster while its gate is closed; nil when nothing is held back.
func (o *Objects) Closed() (*clusterv1.Cluster, error) {
	if !Gated(o.Gate) {
		return nil, nil //nolint:nilnil // no gate, no error
	}
	values, err := normalize(o.Gate.Closed)
	if err != nil {
		return nil, err
	}
	variables, err := topologyVariables(values)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	closed := o.Cluster.DeepCopy()
	topology := &closed.Spec.Topology
	for _, v := range variables {
		i := slices.IndexFunc(topology.Variables, func(have clusterv1.ClusterVariable) bool { return have.Name == v.Name })
		if i < 0 {
			topology.Variables = append(topology.Variables, v)
		} else {
			topology.Variables[i] = v
		}
	}
	return closed, nil
}

// Variables brings an adapter's values into plain JSON types and leaves out those that are not set, as Cluster does.
func Variables(values map[string]any) (map[string]any, error) { return normalize(values) }
