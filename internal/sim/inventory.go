package sim

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// templateDiskGiB is the size of a node image's disk, which clones can only grow.
const templateDiskGiB = 20

// Inventory is what the simulated vCenter holds: what a person's configuration names, so that it is found there.
// Names may be inventory paths; their last part counts.
type Inventory struct {
	Host         string     `json:"host"` // as in VSPHERE_SERVER
	Datacenter   string     `json:"datacenter"`
	Cluster      string     `json:"cluster"`
	Datastore    string     `json:"datastore"`
	Network      string     `json:"network"`
	Folder       string     `json:"folder"`
	ResourcePool string     `json:"resourcePool"`
	Username     string     `json:"username"`
	Password     string     `json:"password"`
	Templates    []Template `json:"templates"`
}

// Template is a node image: a VM template that carries a Kubernetes version.
type Template struct {
	Name    string `json:"name"`
	Version string `json:"version"` // v1.36.3
}

// withDefaults fills in what a configuration does not name.
func (i Inventory) withDefaults() Inventory {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&i.Host, "vcenter.rehearsal.test")
	fill(&i.Datacenter, "dc0")
	fill(&i.Cluster, "cluster0")
	fill(&i.Datastore, "datastore0")
	fill(&i.Network, "VM Network")
	fill(&i.Folder, "vm")
	fill(&i.ResourcePool, "Resources")
	if len(i.Templates) == 0 {
		i.Templates = []Template{
			{Name: "ubuntu-2404-kube-v1.35.4", Version: "v1.35.4"}, {Name: "ubuntu-2404-kube-v1.36.3", Version: "v1.36.3"},
		}
	}
	return i
}

// furnish gives the simulator's own inventory the names of i and adds what it lacks.
func (i Inventory) furnish(ctx context.Context, c *vim25.Client) error {
	finder := find.NewFinder(c)
	dc, err := finder.DefaultDatacenter(ctx)
	if err != nil {
		return err
	}
	finder.SetDatacenter(dc)
	if err := i.placeMachines(ctx, finder, dc); err != nil {
		return err
	}
	for _, t := range i.Templates {
		if err := i.makeTemplate(ctx, finder, dc, t); err != nil {
			return fmt.Errorf("template %s: %w", t.Name, err)
		}
	}
	cluster, err := finder.DefaultClusterComputeResource(ctx)
	if err != nil {
		return err
	}
	if err := wait(ctx)(cluster.Rename(ctx, path.Base(i.Cluster))); err != nil {
		return fmt.Errorf("cluster %s: %w", i.Cluster, err)
	}
	if err := wait(ctx)(dc.Rename(ctx, path.Base(i.Datacenter))); err != nil {
		return fmt.Errorf("datacenter %s: %w", i.Datacenter, err)
	}
	return nil
}

// nameStorage renames the model's datastore and network, which the simulator offers no call for. No machine may be
// there yet, because files are found by the datastore's name.
func (i Inventory) nameStorage(model *simulator.Model) {
	registry := model.Map()
	for _, entity := range registry.All("Datastore") {
		if d, ok := entity.(*simulator.Datastore); ok {
			name := path.Base(i.Datastore)
			d.Name, d.Summary.Name, d.Info.GetDatastoreInfo().Name = name, name, name
		}
	}
	for _, entity := range registry.All("Network") {
		if n, ok := entity.(*mo.Network); ok {
			name := path.Base(i.Network)
			n.Name, n.Entity().Name = name, name
			if summary := n.Summary; summary != nil {
				summary.GetNetworkSummary().Name = name
			}
		}
	}
}

// placeMachines makes the folder and the resource pool.
func (i Inventory) placeMachines(ctx context.Context, finder *find.Finder, dc *object.Datacenter) error {
	folders, err := dc.Folders(ctx)
	if err != nil {
		return err
	}
	if name := path.Base(i.Folder); name != "vm" {
		if _, err := folders.VmFolder.CreateFolder(ctx, name); err != nil {
			return fmt.Errorf("folder %s: %w", name, err)
		}
	}
	name := path.Base(i.ResourcePool)
	if name == "Resources" {
		return nil
	}
	root, err := finder.ResourcePool(ctx, "*/Resources")
	if err != nil {
		return err
	}
	_, err = root.Create(ctx, name, types.DefaultResourceConfigSpec())
	return err
}

// makeTemplate makes a node image: a machine with a disk, a network card, vApp properties and a snapshot, marked as
// template.
func (i Inventory) makeTemplate(ctx context.Context, finder *find.Finder, dc *object.Datacenter, t Template) error {
	spec, err := i.templateSpec(ctx, finder, t)
	if err != nil {
		return err
	}
	folders, err := dc.Folders(ctx)
	if err != nil {
		return err
	}
	pool, err := finder.ResourcePool(ctx, "*/Resources")
	if err != nil {
		return err
	}
	task, err := folders.VmFolder.CreateVM(ctx, *spec, pool, nil)
	if err != nil {
		return err
	}
	made, err := task.WaitForResult(ctx)
	if err != nil {
		return err
	}
	vm := object.NewVirtualMachine(pool.Client(), made.Result.(types.ManagedObjectReference))
	if err := wait(ctx)(vm.Reconfigure(ctx, types.VirtualMachineConfigSpec{VAppConfig: vappProperties(t)})); err != nil {
		return err
	}
	if err := wait(ctx)(vm.CreateSnapshot(ctx, "base", "", false, false)); err != nil {
		return err
	}
	return vm.MarkAsTemplate(ctx)
}

func (i Inventory) templateSpec(ctx context.Context, finder *find.Finder, t Template) (*types.VirtualMachineConfigSpec, error) {
	datastore, err := finder.DefaultDatastore(ctx)
	if err != nil {
		return nil, err
	}
	network, err := finder.Network(ctx, path.Base(i.Network))
	if err != nil {
		return nil, err
	}
	backing, err := network.EthernetCardBackingInfo(ctx)
	if err != nil {
		return nil, err
	}
	var devices object.VirtualDeviceList
	controller, err := devices.CreateSCSIController("pvscsi")
	if err != nil {
		return nil, err
	}
	card, err := devices.CreateEthernetCard("vmxnet3", backing)
	if err != nil {
		return nil, err
	}
	disk := devices.CreateDisk(controller.(types.BaseVirtualController), datastore.Reference(), "")
	disk.CapacityInKB = templateDiskGiB << 20
	changes, err := append(devices, controller, disk, card).ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	if err != nil {
		return nil, err
	}
	return &types.VirtualMachineConfigSpec{
		Name: path.Base(t.Name), GuestId: "ubuntu64Guest", NumCPUs: 2, MemoryMB: 2048, DeviceChange: changes,
		Files: &types.VirtualMachineFileInfo{VmPathName: "[" + path.Base(i.Datastore) + "]"},
	}, nil
}

// vappProperties are those of TKG's OVAs, by which a template's Kubernetes version is known.
func vappProperties(t Template) *types.VmConfigSpec {
	vapp := &types.VmConfigSpec{}
	for key, p := range [][2]string{
		{"VERSION", t.Version}, {"DISTRO_NAME", "ubuntu"}, {"DISTRO_VERSION", "24.04"}, {"DISTRO_ARCH", "amd64"},
	} {
		vapp.Property = append(vapp.Property, types.VAppPropertySpec{
			ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd},
			Info:            &types.VAppPropertyInfo{Key: int32(key), Id: p[0], Value: p[1], UserConfigurable: types.NewBool(true), Type: "string"},
		})
	}
	return vapp
}

// wait waits for a task that was just made.
func wait(ctx context.Context) func(*object.Task, error) error {
	return func(task *object.Task, err error) error {
		if err != nil {
			return err
		}
		return task.Wait(ctx)
	}
}

// versionOf reads a template's Kubernetes version out of its vApp properties.
func versionOf(config *types.VirtualMachineConfigInfo) string {
	if config == nil || config.VAppConfig == nil {
		return ""
	}
	for _, p := range config.VAppConfig.GetVmConfigInfo().Property {
		if p.Id == "VERSION" {
			version, _, _ := strings.Cut(p.Value, "+")
			return version
		}
	}
	return ""
}
