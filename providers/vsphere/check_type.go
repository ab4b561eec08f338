package vsphere

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const keyClusterType = "CLUSTER_TYPE"

// checkType refuses every type of cluster but the usual one: vSphere runs no control planes.
func (i *inspection) checkType(context.Context) uerr.Findings {
	asked := i.config().String(keyClusterType)
	if asked == "" {
		return nil
	}
	return i.refuse(keyClusterType, fmt.Sprintf("vSphere has no type of cluster %q", asked), "leave "+keyClusterType+" out: there is one type only")
}
