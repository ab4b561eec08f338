package vsphere

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmware/govmomi/object"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

const keyNetwork = "VSPHERE_NETWORK"

func (i *inspection) checkNetwork(ctx context.Context) (findings uerr.Findings) {
	finder := i.conn.finder
	i.network, findings = resolve(ctx, i, lookup[object.NetworkReference]{
		key: keyNetwork, kind: "network", find: finder.NetworkOrDefault, list: finder.NetworkList,
		path: func(n object.NetworkReference) string { return n.GetInventoryPath() },
	})
	if findings != nil {
		return findings
	}
	if i.compute.name != "" && !slices.Contains(i.compute.networks, i.network.Reference()) {
		return i.refuse(keyNetwork, fmt.Sprintf("network %s is not available in %s, where the machines are to run",
			i.config().String(keyNetwork), i.compute.name), preflight.OneOf(keyNetwork, nil))
	}
	return nil
}
