package vsphere

import (
	"context"
	"net/netip"
	"strings"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/types"
)

// The keys of a machine's extra configuration that name its cluster. The ClusterClass gives them to every machine as
// custom VMX keys, so they are there from the clone on. A guest cannot change them, as their names do not begin with
// "guestinfo.".
const (
	MarkerCluster  = "slipway.cluster"  // "namespace/name"
	MarkerEndpoint = "slipway.endpoint" // host of the cluster's endpoint, which tells namesakes apart
)

// machine is a virtual machine as the checks see it.
type machine struct {
	ref       types.ManagedObjectReference
	name      string
	template  bool
	cluster   string // MarkerCluster
	endpoint  string // MarkerEndpoint
	addresses []netip.Prefix
	networks  []types.ManagedObjectReference
}

// listMachines reads the machines of the whole inventory. Of the extra configuration it reads the two markers only: the
// rest holds boot data with secrets.
func (c *vcenter) listMachines(ctx context.Context) ([]machine, error) {
	kind := []string{"VirtualMachine"}
	v, err := view.NewManager(c.client).CreateContainerView(ctx, c.client.ServiceContent.RootFolder, kind, true)
	if err != nil {
		return nil, err
	}
	defer func() { _ = v.Destroy(context.WithoutCancel(ctx)) }()
	spec := types.TraversalSpec{Type: "ContainerView", Path: "view"}
	set := types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: v.Reference(), Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{&spec}}},
		PropSet:   []types.PropertySpec{{Type: kind[0], PathSet: machineProperties()}},
	}
	return c.collect(ctx, set)
}

// machine reads one machine anew.
func (c *vcenter) machine(ctx context.Context, ref types.ManagedObjectReference) (machine, error) {
	found, err := c.collect(ctx, types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: ref}},
		PropSet:   []types.PropertySpec{{Type: ref.Type, PathSet: machineProperties()}},
	})
	if err != nil || len(found) == 0 {
		return machine{}, err
	}
	return found[0], nil
}

func machineProperties() []string {
	return []string{"name", "config.template", extraConfigPath(MarkerCluster), extraConfigPath(MarkerEndpoint),
		"guest.ipAddress", "guest.net", "network"}
}

func extraConfigPath(key string) string { return `config.extraConfig["` + key + `"]` }

func (c *vcenter) collect(ctx context.Context, set types.PropertyFilterSpec) ([]machine, error) {
	res, err := property.DefaultCollector(c.client).RetrieveProperties(ctx, types.RetrieveProperties{
		SpecSet: []types.PropertyFilterSpec{set},
	})
	if err != nil {
		return nil, err
	}
	machines := make([]machine, 0, len(res.Returnval))
	for _, content := range res.Returnval {
		m := machine{ref: content.Obj}
		for _, p := range content.PropSet {
			m.set(p)
		}
		machines = append(machines, m)
	}
	return machines, nil
}

func (m *machine) set(p types.DynamicProperty) {
	switch value := p.Val.(type) {
	case string:
		if p.Name == "name" {
			m.name = value
		} else if ip, err := netip.ParseAddr(value); err == nil {
			m.addresses = append(m.addresses, netip.PrefixFrom(ip, ip.BitLen()))
		}
	case bool:
		m.template = value
	case types.OptionValue:
		m.mark(value)
	case types.ArrayOfManagedObjectReference:
		m.networks = value.ManagedObjectReference
	case types.ArrayOfGuestNicInfo:
		for _, nic := range value.GuestNicInfo {
			m.addNIC(nic)
		}
	}
}

func (m *machine) mark(o types.OptionValue) {
	text, _ := o.Value.(string)
	switch o.Key {
	case MarkerCluster:
		m.cluster = text
	case MarkerEndpoint:
		m.endpoint = text
	}
}

// addNIC prefers addresses with their prefix length, which tell the subnet.
func (m *machine) addNIC(nic types.GuestNicInfo) {
	if nic.IpConfig != nil {
		for _, a := range nic.IpConfig.IpAddress {
			if ip, err := netip.ParseAddr(a.IpAddress); err == nil {
				m.addresses = append(m.addresses, netip.PrefixFrom(ip, int(a.PrefixLength)))
			}
		}
	}
	for _, text := range nic.IpAddress {
		if ip, err := netip.ParseAddr(text); err == nil {
			m.addresses = append(m.addresses, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
}

func (m *machine) holds(ip netip.Addr) bool {
	for _, a := range m.addresses {
		if a.Addr() == ip {
			return true
		}
	}
	return false
}

// owner is the text that marks a cluster's machines.
func owner(namespace, name string) string {
	if namespace == "" {
		namespace = "default"
	}
	return namespace + "/" + name
}

// allMachines lists the inventory once for an inspection.
func (i *inspection) allMachines(ctx context.Context) ([]machine, error) {
	if i.machines != nil {
		return i.machines, nil
	}
	var err error
	i.machines, err = i.conn.listMachines(ctx)
	return i.machines, err
}

// ownMachines are those that bear the marker of the request's cluster and endpoint.
func (i *inspection) ownMachines(ctx context.Context) ([]machine, error) {
	all, err := i.allMachines(ctx)
	var own []machine
	for _, m := range all {
		if i.owns(m) {
			own = append(own, m)
		}
	}
	return own, err
}

// owns goes by the markers, never by the beginning of a name: prod-1-x1 may be a machine of prod or of prod-1.
func (i *inspection) owns(m machine) bool {
	if m.template || m.cluster != owner(i.request.Namespace, i.request.Name) {
		return false
	}
	want := i.config().String(keyEndpoint)
	return want == "" || m.endpoint == "" || strings.EqualFold(m.endpoint, want)
}
