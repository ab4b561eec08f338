package vsphere

import (
	"context"
	"slices"
	"strings"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// template is a VM template and what its OVA said about itself.
type template struct {
	ref        types.ManagedObjectReference
	path       string // inventory path
	isTemplate bool
	snapshot   bool
	thin       bool
	used       int64 // bytes on the datastore
	disk       int64 // bytes of its first disk, the least that a clone may have
	tagged     bool  // carries a version that can be read
	version    version
	distro     distro
}

// distro is the operating system of an image, lower case; an empty field matches anything.
type distro struct{ name, version, arch string }

func (d distro) matches(got distro) bool {
	same := func(a, b string) bool { return a == "" || strings.EqualFold(a, b) }
	return same(d.name, got.name) && same(d.version, got.version) && same(d.arch, got.arch)
}

func (d distro) String() string {
	return strings.TrimSpace(strings.Join(strings.Fields(d.name+" "+d.version+" "+d.arch), " "))
}

// Properties of the OVA's vApp section. TKG's carry VERSION; those of image-builder KUBERNETES_SEMVER.
func versionProperties() []string { return []string{"VERSION", "KUBERNETES_SEMVER"} }

const (
	distroName    = "DISTRO_NAME"
	distroVersion = "DISTRO_VERSION"
	distroArch    = "DISTRO_ARCH"
)

// listTemplates reads every VM template of the finder's datacenter that carries a Kubernetes version.
func (c *vcenter) listTemplates(ctx context.Context) ([]template, error) {
	vms, err := c.finder.VirtualMachineList(ctx, "/"+strings.Trim(c.datacenter.InventoryPath, "/")+"/vm/...")
	if is[*find.NotFoundError](err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := c.readTemplates(ctx, vms)
	return slices.DeleteFunc(all, func(t template) bool { return !t.isTemplate || !t.tagged }), err
}

// readTemplates asks for the properties of all at once.
func (c *vcenter) readTemplates(ctx context.Context, vms []*object.VirtualMachine) ([]template, error) {
	refs := make([]types.ManagedObjectReference, 0, len(vms))
	paths := map[types.ManagedObjectReference]string{}
	for _, vm := range vms {
		refs = append(refs, vm.Reference())
		paths[vm.Reference()] = vm.InventoryPath
	}
	var props []mo.VirtualMachine
	want := []string{"config.template", "config.vAppConfig", "config.hardware.device", "snapshot", "summary.storage"}
	if err := property.DefaultCollector(c.client).Retrieve(ctx, refs, want, &props); err != nil {
		return nil, err
	}
	templates := make([]template, 0, len(props))
	for _, p := range props {
		t := newTemplate(p)
		t.path = paths[p.Self]
		templates = append(templates, t)
	}
	return templates, nil
}

func newTemplate(vm mo.VirtualMachine) template {
	t := template{ref: vm.Self, snapshot: vm.Snapshot != nil && vm.Snapshot.CurrentSnapshot != nil}
	if vm.Summary.Storage != nil {
		t.used = vm.Summary.Storage.Committed
	}
	if vm.Config == nil {
		return t
	}
	t.isTemplate = vm.Config.Template
	t.readDisk(vm.Config.Hardware.Device)
	if vm.Config.VAppConfig != nil {
		t.readProperties(vm.Config.VAppConfig.GetVmConfigInfo().Property)
	}
	return t
}

// readDisk looks at the first disk, the one that clones resize.
func (t *template) readDisk(devices object.VirtualDeviceList) {
	disks := devices.SelectByType((*types.VirtualDisk)(nil))
	if len(disks) == 0 {
		return
	}
	disk, ok := disks[0].(*types.VirtualDisk)
	if !ok {
		return
	}
	t.disk = disk.CapacityInKB * 1024
	if backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
		t.thin = backing.ThinProvisioned != nil && *backing.ThinProvisioned
	}
}

func (t *template) readProperties(list []types.VAppPropertyInfo) {
	values := map[string]string{}
	for _, p := range list {
		values[p.Id] = p.Value
		if p.Value == "" {
			values[p.Id] = p.DefaultValue
		}
	}
	for _, key := range versionProperties() {
		if v, ok := parseVersion(values[key]); ok && !t.tagged {
			t.version, t.tagged = v, true
		}
	}
	t.distro = distro{name: values[distroName], version: values[distroVersion], arch: values[distroArch]}
}

// choose picks the template for a version and an operating system: the newest version that satisfies the request, the
// newest build of it, and among equals the first by inventory path, so that every run picks the same one.
// want may be nil, which means the newest version there is.
func choose(templates []template, want *version, os distro) (template, bool) {
	fit := slices.DeleteFunc(slices.Clone(templates), func(t template) bool {
		return want != nil && !t.version.satisfies(*want) || want == nil && t.version.pre != "" || !os.matches(t.distro)
	})
	if len(fit) == 0 {
		return template{}, false
	}
	slices.SortFunc(fit, func(a, b template) int {
		if c := b.version.compare(a.version); c != 0 {
			return c
		}
		return strings.Compare(a.path, b.path)
	})
	return fit[0], true
}
