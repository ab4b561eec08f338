package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/nfc"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/ovf/importer"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// The annotation of a template says whose work it is and how far it got. It is part of what vCenter creates first, so
// that there is never a machine of ours without it.
const (
	annotationPrefix = "slipway-image "
	annotationDone   = annotationPrefix + "complete "
	annotationOpen   = annotationPrefix + "incomplete "
)

// snapshotName is the snapshot that linked clones start from.
const snapshotName = "slipway-base"

// abortTimeout bounds the clean-up after a cancelled upload.
const abortTimeout = 10 * time.Second

// importing is one import under way.
type importing struct {
	client  *vim25.Client
	request Request
	archive *archive
	digest  string
	meter   *meter
}

// run does the work from the upload on. Every step may be the last one: the next run starts over.
func (i *importing) run(ctx context.Context) error {
	vm, err := i.upload(ctx)
	if err != nil {
		return fmt.Errorf("uploading %s: %w", i.request.File, err)
	}
	task, err := vm.CreateSnapshot(ctx, snapshotName, "Base of linked clones", false, false)
	if err == nil {
		err = task.Wait(ctx)
	}
	if err != nil {
		return fmt.Errorf("taking the snapshot of %s: %w", i.request.Name, err)
	}
	task, err = vm.Reconfigure(ctx, types.VirtualMachineConfigSpec{Annotation: annotationDone + i.digest})
	if err == nil {
		err = task.Wait(ctx)
	}
	if err != nil {
		return fmt.Errorf("annotating %s: %w", i.request.Name, err)
	}
	if err := vm.MarkAsTemplate(ctx); err != nil {
		return fmt.Errorf("marking %s as a template: %w", i.request.Name, err)
	}
	i.meter.finish()
	return nil
}

// upload creates the machine and sends its disks. An upload that ends early is aborted, which removes the machine; when
// even that is cut off, the annotation tells the next run.
func (i *importing) upload(ctx context.Context) (*object.VirtualMachine, error) {
	imp := &importer.Importer{
		Log: func(string) (int, error) { return 0, nil }, Name: i.request.Name,
		Client: i.client, Finder: find.NewFinder(i.client, false), Archive: i.archive,
		ResourcePool: i.request.Place.Pool, Datastore: i.request.Place.Datastore, Folder: i.request.Place.Folder,
	}
	info, lease, err := imp.ImportVApp(ctx, i.archive.descriptor, importer.Options{
		Name: &i.request.Name, DiskProvisioning: "thin", Annotation: annotationOpen + i.digest, NetworkMapping: i.networks(),
	})
	if err != nil {
		return nil, err
	}
	updater := lease.StartUpdater(ctx, info)
	defer updater.Done()
	for _, item := range info.Items {
		if err := i.send(ctx, lease, item); err != nil {
			abort(ctx, lease, item.Path)
			return nil, fmt.Errorf("%s: %w", item.Path, err)
		}
	}
	if err := lease.Complete(ctx); err != nil {
		return nil, err
	}
	return object.NewVirtualMachine(i.client, info.Entity), nil
}

// networks maps each network of the OVA to the one of the place.
func (i *importing) networks() []importer.Network {
	if i.archive.envelope.Network == nil || i.request.Place.Network == nil {
		return nil
	}
	target := i.request.Place.Network.Reference().String()
	if path := i.request.Place.Network.GetInventoryPath(); path != "" {
		target = path
	}
	var list []importer.Network
	for _, n := range i.archive.envelope.Network.Networks {
		list = append(list, importer.Network{Name: n.Name, Network: target})
	}
	return list
}

func (i *importing) send(ctx context.Context, lease *nfc.Lease, item nfc.FileItem) error {
	f, size, err := i.archive.Open(item.Path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return lease.Upload(ctx, item, io.Reader(&counted{ctx: ctx, Reader: f, count: i.meter.add}), soap.Upload{ContentLength: size})
}

func abort(ctx context.Context, lease *nfc.Lease, file string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_ = lease.Abort(ctx, &types.LocalizedMethodFault{Fault: &types.FileFault{File: file}})
}

// judge says what a machine of the wanted name is. Nothing that Slipway did not make is ever taken for interrupted.
func (i *importing) judge(ctx context.Context, vm *object.VirtualMachine, path string) (state, error) {
	var props mo.VirtualMachine
	if err := vm.Properties(ctx, vm.Reference(), []string{"config.annotation", "config.template", "snapshot", "runtime.powerState"}, &props); err != nil {
		return absent, fmt.Errorf("reading %s: %w", path, err)
	}
	var annotation string
	template := false
	if props.Config != nil {
		annotation, template = props.Config.Annotation, props.Config.Template
	}
	whole := template && props.Snapshot != nil
	done, ours := strings.CutPrefix(annotation, annotationDone)
	switch {
	case ours && whole && done == i.digest, whole && !strings.HasPrefix(annotation, annotationPrefix):
		return complete, nil
	case ours && whole:
		return absent, taken(path, errors.New("it was imported from another OVA"))
	case !strings.HasPrefix(annotation, annotationPrefix):
		return absent, taken(path, errors.New("it is no template with a snapshot, and Slipway did not make it"))
	case props.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff:
		return absent, taken(path, errors.New("it is switched on"))
	}
	return interrupted, nil
}

func taken(path string, cause error) error {
	return &uerr.Error{
		Code: uerr.Usage, What: "the name is taken", Object: path, Cause: cause,
		Next: "add --name NAME, or delete it in vCenter",
	}
}

// remove destroys what an interrupted run left.
func (i *importing) remove(ctx context.Context, vm *object.VirtualMachine) error {
	task, err := vm.Destroy(ctx)
	if err == nil {
		err = task.Wait(ctx)
	}
	if err != nil {
		return fmt.Errorf("removing the interrupted import %s: %w", i.request.Name, err)
	}
	return nil
}
