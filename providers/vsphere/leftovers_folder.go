package vsphere

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"

	"github.com/slipway-sh/slipway/providers"
)

const kindFolder = "Folder"

// ownFolder is the folder that a person gave the cluster alone: the one that VSPHERE_FOLDER names, below the
// datacenter's folder of machines, with the cluster's name and nothing in it. Without all of that it is nil.
func (i *inspection) ownFolder(ctx context.Context) (*object.Folder, error) {
	configured := i.config().String(keyFolder)
	if path.Base(configured) != i.request.Name {
		return nil, nil
	}
	finder := i.conn.finder
	dc, err := finder.DatacenterOrDefault(ctx, i.config().String(keyDatacenter))
	if err != nil {
		return nil, unlessUnknown(err)
	}
	finder.SetDatacenter(dc)
	folder, err := finder.Folder(ctx, configured)
	if err != nil {
		return nil, unlessUnknown(err)
	}
	roots, err := dc.Folders(ctx)
	if err != nil {
		return nil, err
	}
	below := strings.HasPrefix(folder.InventoryPath, roots.VmFolder.InventoryPath+"/")
	if !below || path.Base(folder.InventoryPath) != i.request.Name {
		return nil, nil
	}
	var props mo.Folder
	err = folder.Properties(ctx, folder.Reference(), []string{"childEntity"}, &props)
	if err != nil || len(props.ChildEntity) > 0 {
		return nil, err
	}
	return folder, nil
}

// deleteFolder looks again: to destroy a folder is to destroy what is in it.
func (i *inspection) deleteFolder(ctx context.Context, l providers.Leftover) error {
	folder, err := i.ownFolder(ctx)
	if err != nil && !gone(err) {
		return i.conn.target.explain(ctx, err)
	}
	if folder == nil || folder.Reference().Value != l.ID {
		return i.refuseFolder(ctx, l)
	}
	task, err := folder.Destroy(ctx)
	if err == nil {
		err = task.Wait(ctx)
	}
	if err != nil && !gone(err) {
		return fmt.Errorf("folder %s: %w", l.Name, i.conn.target.explain(ctx, err))
	}
	return nil
}

// refuseFolder tells a folder that is gone, which is as good, from one that is there and not the cluster's.
func (i *inspection) refuseFolder(ctx context.Context, l providers.Leftover) error {
	folder := object.NewFolder(i.conn.client, reference(kindFolder, l.ID))
	switch _, err := folder.ObjectName(ctx); {
	case gone(err):
		return nil
	case err != nil:
		return i.conn.target.explain(ctx, err)
	}
	return fmt.Errorf("folder %s is not the empty folder %s of cluster %s's own: left alone", l.Name, keyFolder,
		owner(i.request.Namespace, i.request.Name))
}

// unlessUnknown drops the error of a search that found nothing, or more than one thing.
func unlessUnknown(err error) error {
	if is[*find.NotFoundError](err) || is[*find.MultipleFoundError](err) ||
		is[*find.DefaultNotFoundError](err) || is[*find.DefaultMultipleFoundError](err) {
		return nil
	}
	return err
}
