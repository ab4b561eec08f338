package vsphere

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/pbm"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables about disks.
const (
	keyDatastore = "VSPHERE_DATASTORE"
	keyPolicy    = "VSPHERE_STORAGE_POLICY_ID"
	keyCloneMode = "VSPHERE_CLONE_MODE"
)

const linkedClone = "linkedClone"

const gib = int64(1) << 30

// datastore is where the machines' disks go.
type datastore struct {
	*object.Datastore
	free int64 // bytes
}

func (i *inspection) checkDatastore(ctx context.Context) uerr.Findings {
	if !i.config().IsSet(keyDatastore) && i.config().IsSet(keyPolicy) {
		return nil // the policy picks one
	}
	finder := i.conn.finder
	found, findings := resolve(ctx, i, lookup[*object.Datastore]{
		key: keyDatastore, kind: "datastore", find: finder.DatastoreOrDefault, list: finder.DatastoreList,
		path: func(d *object.Datastore) string { return d.InventoryPath },
	})
	if findings != nil {
		return findings
	}
	var props mo.Datastore
	if err := found.Properties(ctx, found.Reference(), []string{"summary"}, &props); err != nil {
		return i.trouble(ctx, "reading datastore "+found.InventoryPath, err)
	}
	i.datastore = datastore{Datastore: found, free: props.Summary.FreeSpace}
	normal := string(types.DatastoreSummaryMaintenanceModeStateNormal)
	switch mode := props.Summary.MaintenanceMode; {
	case !props.Summary.Accessible:
		return i.refuse(keyDatastore, fmt.Sprintf("datastore %s is not accessible", found.InventoryPath), preflight.OneOf(keyDatastore, nil))
	case mode != "" && mode != normal:
		return i.refuse(keyDatastore, fmt.Sprintf("datastore %s is in maintenance mode", found.InventoryPath), preflight.OneOf(keyDatastore, nil))
	case i.compute.name != "" && !slices.Contains(i.compute.datastores, found.Reference()):
		return i.refuse(keyDatastore, fmt.Sprintf("datastore %s is not mounted in %s, where the machines are to run",
			found.InventoryPath, i.compute.name), preflight.OneOf(keyDatastore, nil))
	}
	return nil
}

// checkSpace compares the disks of the machines still to be made with the free space. Thin disks may grow into space
// that is free by then, so for them only what a clone takes at once is refused; linked clones start almost empty.
func (i *inspection) checkSpace(ctx context.Context) uerr.Findings {
	if i.datastore.Datastore == nil {
		return nil
	}
	controlPlane, _ := machineSize(i.config(), controlPlaneRole())
	worker, _ := machineSize(i.config(), workerRole())
	existing, err := i.ownMachines(ctx)
	if err != nil {
		return i.trouble(ctx, "listing the virtual machines", err)
	}
	missing := int64(max(0, i.request.ControlPlane+i.request.Workers-len(existing)))
	full := int64(i.request.ControlPlane)*int64(controlPlane.DiskGiB)*gib + int64(i.request.Workers)*int64(worker.DiskGiB)*gib
	if all := int64(i.request.ControlPlane + i.request.Workers); all > 0 {
		full = full / all * missing
	}
	least := full
	switch {
	case i.linked():
		least = missing * gib
	case i.template.thin:
		least = missing * i.template.used
	}
	free := i.datastore.free
	problem := fmt.Sprintf("datastore %s has %s free, and the disks of %d machines take up to %s",
		i.datastore.InventoryPath, inGiB(free), missing, inGiB(full))
	next := "free some space, use fewer or smaller machines, or set " + keyDatastore + " to another one"
	switch {
	case free < least:
		return i.refuse(keyDatastore, problem+fmt.Sprintf(", %s of it at once", inGiB(least)), next)
	case free < full:
		return i.warn(keyDatastore, problem, next)
	}
	return nil
}

func (i *inspection) linked() bool { return i.config().String(keyCloneMode) == linkedClone }

func inGiB(bytes int64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/float64(gib)) }

// checkPolicy wants the storage policy to exist, under its name or its id.
func (i *inspection) checkPolicy(ctx context.Context) uerr.Findings {
	want := i.config().String(keyPolicy)
	if want == "" {
		return nil
	}
	policies, err := i.policies(ctx)
	if err != nil {
		return i.trouble(ctx, "reading the storage policies", err)
	}
	var names []string
	for id, name := range policies {
		if id == want || name == want {
			return nil
		}
		names = append(names, name)
	}
	return i.refuse(keyPolicy, fmt.Sprintf("storage policy %q does not exist, or the user may not see it", want), preflight.OneOf(keyPolicy, names))
}

// policies is id -> name of the policies for disks.
func (i *inspection) policies(ctx context.Context) (map[string]string, error) {
	client, err := pbm.NewClient(ctx, i.conn.client)
	if err != nil {
		return nil, err
	}
	ids, err := client.QueryProfile(ctx, pbmtypes.PbmProfileResourceType{
		ResourceType: string(pbmtypes.PbmProfileResourceTypeEnumSTORAGE),
	}, string(pbmtypes.PbmProfileCategoryEnumREQUIREMENT))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	profiles, err := client.RetrieveContent(ctx, ids)
	names := map[string]string{}
	for _, p := range profiles {
		profile := p.GetPbmProfile()
		names[profile.ProfileId.UniqueId] = profile.Name
	}
	return names, err
}
