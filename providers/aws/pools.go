package aws

import (
	"fmt"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

var _ providers.PoolShaper = (*Provider)(nil)

// PoolVariables knows types of instances. A managed node group of EKS keeps the type that it was made with: AWS's API
// UpdateNodegroupConfig has no field for it.
func (p *Provider) PoolVariables(ask providers.PoolAsk) (map[string]any, uerr.Findings) {
	if ask.MachineType == "" {
		return nil, nil
	}
	if _, ofMachines := ask.Current["ami"]; ask.Exists && !ofMachines {
		return nil, uerr.Findings{{
			Code: uerr.Usage, Where: "pool " + ask.Name, Problem: "a node group of EKS keeps the instance type it was made with",
			Next: fmt.Sprintf("add a pool of %s under another name, then delete pool %s", ask.MachineType, ask.Name),
		}}
	}
	return map[string]any{"worker": map[string]any{"instanceType": ask.MachineType}}, nil
}
