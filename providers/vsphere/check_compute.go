package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// The variables that say where in the inventory machines live.
const (
	keyDatacenter = "VSPHERE_DATACENTER"
	keyPool       = "VSPHERE_RESOURCE_POOL"
	keyFolder     = "VSPHERE_FOLDER"
)

// compute is the hosts below a resource pool, and what they can reach.
type compute struct {
	name       string
	networks   []types.ManagedObjectReference
	datastores []types.ManagedObjectReference
}

func (i *inspection) checkDatacenter(ctx context.Context) (findings uerr.Findings) {
	finder := i.conn.finder
	i.datacenter, findings = resolve(ctx, i, lookup[*object.Datacenter]{
		key: keyDatacenter, kind: "datacenter", find: finder.DatacenterOrDefault, list: finder.DatacenterList,
		path: func(d *object.Datacenter) string { return d.InventoryPath },
	})
	if findings == nil {
		finder.SetDatacenter(i.datacenter)
		i.conn.datacenter = i.datacenter
	}
	return findings
}

func (i *inspection) checkPool(ctx context.Context) (findings uerr.Findings) {
	finder := i.conn.finder
	i.pool, findings = resolve(ctx, i, lookup[*object.ResourcePool]{
		key: keyPool, kind: "resource pool", find: finder.ResourcePoolOrDefault, list: finder.ResourcePoolList,
		path: func(p *object.ResourcePool) string { return p.InventoryPath }, all: "*/Resources",
	})
	return findings
}

// checkCluster wants DRS, without which vCenter refuses to clone into a cluster's pool unless told the host, and the
// upstream controller names none.
func (i *inspection) checkCluster(ctx context.Context) uerr.Findings {
	owner, err := i.pool.Owner(ctx)
	if err != nil {
		return i.trouble(ctx, "looking for the cluster of the resource pool", err)
	}
	collector := property.DefaultCollector(i.conn.client)
	var resource mo.ComputeResource
	if err := collector.RetrieveOne(ctx, owner.Reference(), []string{"name", "network", "datastore"}, &resource); err != nil {
		return i.trouble(ctx, "reading the cluster of the resource pool", err)
	}
	i.compute = compute{name: resource.Name, networks: resource.Network, datastores: resource.Datastore}
	if owner.Reference().Type != "ClusterComputeResource" {
		return i.warn(keyPool, fmt.Sprintf("resource pool %s is on the single host %s: no machine can move when it fails",
			i.pool.InventoryPath, resource.Name), "use a resource pool of a cluster with DRS where machines matter")
	}
	var cluster mo.ClusterComputeResource
	if err := collector.RetrieveOne(ctx, owner.Reference(), []string{"configurationEx"}, &cluster); err != nil {
		return i.trouble(ctx, "reading the configuration of cluster "+resource.Name, err)
	}
	settings, ok := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
	if !ok || settings.DrsConfig.Enabled == nil || !*settings.DrsConfig.Enabled {
		return i.refuse(keyPool, fmt.Sprintf("cluster %s has DRS switched off: vCenter places no clones in it", resource.Name),
			"switch DRS on for the cluster, or set "+keyPool+" to a pool of another one")
	}
	return nil
}

func (i *inspection) checkFolder(ctx context.Context) (findings uerr.Findings) {
	finder := i.conn.finder
	i.folder, findings = resolve(ctx, i, lookup[*object.Folder]{
		key: keyFolder, kind: "folder", find: finder.FolderOrDefault, list: finder.FolderList,
		path: func(f *object.Folder) string { return f.InventoryPath }, all: "vm/...",
	})
	return findings
}
