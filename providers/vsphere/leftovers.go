package vsphere

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

const kindMachine = "VirtualMachine"

// Leftovers lists what is left in the order of deletion: machines, container volumes, and the cluster's folder.
//
// Machines are those that bear the marker of the request's cluster. Names are not looked at: a cluster prod and a cluster
// prod-1 may both have a machine prod-1-x. Two management clusters may each know a cluster of one name; the endpoint
// tells them apart, so it has to be configured as soon as there is a machine to list. The upstream controller makes
// nothing else, and the machines' own disks go with them.
//
// Container volumes are those that vSphere's CSI driver made from inside the cluster, whatever their reclaim policy. They
// are known by the driver's cluster-id, which has to be NAMESPACE/NAME or NAME of the cluster. While the inventory holds a
// machine of a namesake (of another endpoint, or of another namespace where the id is NAME alone) nobody can tell whose
// they are, and they are not listed. Neither are they where vCenter keeps none or does not let the user see them.
//
// A folder is listed once it is empty, when it is VSPHERE_FOLDER and has the cluster's name.
func (p *Provider) Leftovers(ctx context.Context, r providers.Request) ([]providers.Leftover, error) {
	i, err := p.open(ctx, r)
	if err != nil {
		return nil, err
	}
	defer i.close(ctx)
	own, err := i.ownMachines(ctx)
	if err != nil {
		return nil, i.conn.target.explain(ctx, err)
	}
	if err := i.refuseNamesakes(own); err != nil {
		return nil, err
	}
	left := i.listed(ctx, own)
	disks, err := i.disks(ctx)
	if err != nil {
		return nil, i.conn.target.explain(ctx, err)
	}
	folder, err := i.ownFolder(ctx)
	if err != nil {
		return nil, i.conn.target.explain(ctx, err)
	}
	left = append(left, byName(disks)...)
	if folder != nil {
		left = append(left, providers.Leftover{Kind: kindFolder, ID: folder.Reference().Value, Name: folder.InventoryPath})
	}
	return left, nil
}

// listed names machines by their inventory path.
func (i *inspection) listed(ctx context.Context, own []machine) []providers.Leftover {
	left := make([]providers.Leftover, 0, len(own))
	for _, m := range own {
		path, err := find.InventoryPath(ctx, i.conn.client, m.ref)
		if err != nil {
			path = m.name
		}
		left = append(left, providers.Leftover{Kind: kindMachine, ID: m.ref.Value, Name: path})
	}
	return byName(left)
}

func byName(left []providers.Leftover) []providers.Leftover {
	slices.SortFunc(left, func(a, b providers.Leftover) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return left
}

// DeleteLeftover powers a machine off and destroys it with its disks, deletes a container volume with its disk, or
// destroys an empty folder. It looks at the marks again: between the list and now the object may have gone, and only
// what is surely the cluster's is touched. An object that is gone is no error.
func (p *Provider) DeleteLeftover(ctx context.Context, r providers.Request, l providers.Leftover) error {
	remove, ok := map[string]func(*inspection, context.Context, providers.Leftover) error{
		kindMachine: (*inspection).deleteMachine, kindDisk: (*inspection).deleteDisk, kindFolder: (*inspection).deleteFolder,
	}[l.Kind]
	if !ok {
		return fmt.Errorf("%s %s: vSphere leaves no such object", l.Kind, l.Name)
	}
	i, err := p.open(ctx, r)
	if err != nil {
		return err
	}
	defer i.close(ctx)
	return remove(i, ctx, l)
}

func (i *inspection) deleteMachine(ctx context.Context, l providers.Leftover) error {
	m, err := i.conn.machine(ctx, reference(kindMachine, l.ID))
	if gone(err) {
		return nil
	}
	if err != nil {
		return i.conn.target.explain(ctx, err)
	}
	if !i.owns(m) {
		return fmt.Errorf("virtual machine %s does not bear the marker of cluster %s: left alone", l.Name,
			owner(i.request.Namespace, i.request.Name))
	}
	if err := i.refuseNamesakes([]machine{m}); err != nil {
		return err
	}
	if err := destroy(ctx, object.NewVirtualMachine(i.conn.client, m.ref)); err != nil && !gone(err) {
		return fmt.Errorf("virtual machine %s: %w", l.Name, i.conn.target.explain(ctx, err))
	}
	return nil
}

func reference(kind, id string) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: kind, Value: id}
}

// open logs in and nothing else.
func (p *Provider) open(ctx context.Context, r providers.Request) (*inspection, error) {
	i := &inspection{provider: p, request: r}
	t, findings := newTarget(r.Config)
	if findings != nil {
		return nil, findings
	}
	var err error
	i.conn, err = p.connect(ctx, t)
	return i, err
}

// refuseNamesakes stops when machines name an endpoint and the configuration does not: they may belong to a running
// cluster of another management cluster.
func (i *inspection) refuseNamesakes(own []machine) error {
	if i.config().String(keyEndpoint) != "" {
		return nil
	}
	for _, m := range own {
		if m.endpoint != "" {
			return &uerr.Error{
				Code: uerr.Usage, What: "cannot tell whose virtual machines these are",
				Object: "Cluster " + owner(i.request.Namespace, i.request.Name),
				Cause:  fmt.Errorf("%s belongs to the cluster of that name with endpoint %s, and %s is not set", m.name, m.endpoint, keyEndpoint),
				Next:   "set " + keyEndpoint + " to the endpoint of the cluster that was deleted",
			}
		}
	}
	return nil
}

// destroy powers off first; a machine that is off already says so by a fault, which is as good.
func destroy(ctx context.Context, vm *object.VirtualMachine) error {
	task, err := vm.PowerOff(ctx)
	if err == nil {
		err = task.Wait(ctx)
	}
	var state *types.InvalidPowerState
	if _, off := fault.As(err, &state); err != nil && !off {
		return err
	}
	task, err = vm.Destroy(ctx)
	if err != nil {
		return err
	}
	return task.Wait(ctx)
}

// gone says whether vCenter no longer knows an object.
func gone(err error) bool {
	return hasFault[*types.ManagedObjectNotFound](err) && !errors.Is(err, context.Canceled)
}
