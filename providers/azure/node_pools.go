package azure

import (
	"fmt"
	"regexp"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

var _ providers.PoolShaper = (*Provider)(nil)

// poolName is AKS's rule for names of Linux pools (API managedClusters/agentPools, agentPoolName). Cluster API allows
// more, and would learn of the refusal only minutes later.
const poolName = `^[a-z][a-z0-9]{0,11}$`

// PoolVariables knows VM sizes. A pool of AKS keeps its size and zones, and its name is AKS's too.
func (*Provider) PoolVariables(ask providers.PoolAsk) (map[string]any, uerr.Findings) {
	if _, aks := ask.Current["kubernetes"]; !aks {
		if ask.MachineType == "" {
			return nil, nil
		}
		return map[string]any{"worker": map[string]any{"vmSize": ask.MachineType}}, nil
	}
	var out uerr.Findings
	refuse := func(problem, next string) {
		out = append(out, uerr.Finding{Code: uerr.Usage, Where: "pool " + ask.Name, Problem: problem, Next: next})
	}
	if !ask.Exists && !regexp.MustCompile(poolName).MatchString(ask.Name) {
		refuse(fmt.Sprintf("%q is no name of an AKS pool", ask.Name), "use 1 to 12 lower-case letters and digits, the first one a letter")
	}
	own := map[string]any{}
	if ask.MachineType != "" {
		own["vmSize"] = ask.MachineType
	}
	if ask.Zone != "" {
		own["zones"] = []any{ask.Zone}
	}
	if len(own) == 0 {
		return nil, out
	}
	if ask.Exists {
		refuse("a pool of AKS keeps the VM size and the zones it was made with", "add a pool under another name, then delete pool "+ask.Name)
	}
	return map[string]any{"pool": own}, out
}
