package sim

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/packed"
	"github.com/vmware/govmomi"
	_ "github.com/vmware/govmomi/cns/simulator" // container volumes
	"github.com/vmware/govmomi/object"
	_ "github.com/vmware/govmomi/pbm/simulator" // storage policies
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator" // tags and content libraries
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// vcenterOptions say what the simulated vCenter is and how it behaves.
type vcenterOptions struct {
	APIVersion string
	Inventory  Inventory
	Delays     *delays
}

// Call is one call of a cloud's API. It holds no argument, and so no secret.
type Call struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Object string    `json:"object"`
}

// vcenter is govmomi's simulator, furnished, with a log of calls and with clones that keep their configuration.
type vcenter struct {
	model  *simulator.Model
	server *simulator.Server
	client *govmomi.Client
	delays *delays

	mu     sync.Mutex
	calls  []Call
	cloned map[string]clone // by the clone's name
}

// clone is what the simulator forgets of a CloneVM call.
type clone struct {
	extra   []types.BaseOptionValue
	version string // of Kubernetes, from the template
}

// startVCenter listens on loopback with a certificate for the host that clients believe they talk to.
func startVCenter(ctx context.Context, o vcenterOptions, ca *authority) (*vcenter, error) {
	model := simulator.VPX()
	model.Machine = 0
	model.Host = 0
	if o.APIVersion != "" {
		model.ServiceContent.About.ApiVersion = o.APIVersion
		model.ServiceContent.About.Version = strings.Join(strings.SplitN(o.APIVersion, ".", 4)[:3], ".") // 8.0.3 of 8.0.3.0
	}
	if err := model.Create(); err != nil {
		return nil, fmt.Errorf("vCenter: %w", err)
	}
	o.Inventory.nameStorage(model)
	crt, err := ca.serve(o.Inventory.Host)
	if err != nil {
		return nil, err
	}
	service := model.Service
	service.TLS = &tls.Config{Certificates: []tls.Certificate{crt}}
	service.RegisterEndpoints = true
	service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(o.Inventory.Username, o.Inventory.Password)}
	v := &vcenter{model: model, cloned: map[string]clone{}, delays: o.Delays}
	v.server = service.NewServer()
	if v.client, err = govmomi.NewClient(ctx, v.server.URL, true); err != nil {
		return nil, fmt.Errorf("vCenter: %w", err)
	}
	if err := o.Inventory.furnish(ctx, v.client.Client); err != nil {
		return nil, fmt.Errorf("vCenter: %w", err)
	}
	model.Map().Handler = v.observe
	return v, nil
}

// stop cuts the connections: a client that waits for updates would hold the server open for ever.
func (v *vcenter) stop() error {
	err := v.server.Config.Close()
	v.model.Remove()
	return err
}

func (v *vcenter) address() string { return v.server.Listener.Addr().String() }

// thumbprint is the SHA-1 of the certificate, as VSPHERE_TLS_THUMBPRINT takes it.
func (v *vcenter) thumbprint() string { return soap.ThumbprintSHA1(v.server.Certificate()) }

// observe sees every call before it is carried out, and holds it up where that was asked for.
func (v *vcenter) observe(ctx *simulator.Context, m *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	name := m.This.Value
	target := ctx.Map.Get(m.This)
	if entity, ok := target.(mo.Entity); ok {
		name = entity.Entity().Name
	}
	v.note(Call{Time: time.Now().UTC(), Method: m.Name, Object: m.This.Type + " " + name})
	v.delays.wait(ctx, m.Name)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch body := m.Body.(type) {
	case *types.CloneVM_Task:
		if source, ok := target.(*simulator.VirtualMachine); ok && body.Spec.Config != nil {
			v.cloned[body.Name] = clone{extra: body.Spec.Config.ExtraConfig, version: versionOf(source.Config)}
		}
	case *types.PowerOnVM_Task:
		if vm, ok := target.(*simulator.VirtualMachine); ok {
			v.restore(vm)
		}
	}
	return nil, nil
}

func (v *vcenter) note(c Call) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls = append(v.calls, c)
}

// restore gives a clone the extra configuration that its clone spec asked for, where the simulator lost it.
func (v *vcenter) restore(vm *simulator.VirtualMachine) {
	for _, option := range v.cloned[vm.Name].extra {
		if extra(vm, option.GetOptionValue().Key) == "" {
			vm.Config.ExtraConfig = append(vm.Config.ExtraConfig, option)
		}
	}
}

func extra(vm *simulator.VirtualMachine, key string) string {
	for _, option := range vm.Config.ExtraConfig {
		if o := option.GetOptionValue(); o != nil && o.Key == key {
			text, _ := o.Value.(string)
			return text
		}
	}
	return ""
}

func (v *vcenter) play(ctx context.Context, inside *clusters, boot *atomic.Int64) {
	newPlayer(v, inside, boot).run(ctx)
}

func (*vcenter) lookEvery() time.Duration { return 100 * time.Millisecond }

// machines lists what is in the inventory now.
func (v *vcenter) machines(context.Context) ([]Machine, error) {
	registry := v.model.Map()
	var out []Machine
	for _, entity := range registry.All("VirtualMachine") {
		vm, ok := entity.(*simulator.VirtualMachine)
		if !ok {
			continue
		}
		registry.WithLock(v.model.Service.Context, vm, func() {
			if vm.Config == nil || vm.Config.Template {
				return
			}
			v.mu.Lock()
			version := v.cloned[vm.Name].version
			v.mu.Unlock()
			out = append(out, Machine{
				Name: vm.Name, Power: strings.TrimPrefix(string(vm.Runtime.PowerState), "powered"), Address: vm.Guest.IpAddress,
				UUID: vm.Config.Uuid, hostname: vm.Name, providerID: "vsphere://" + vm.Config.Uuid, version: version,
			})
		})
	}
	return out, nil
}

func (v *vcenter) log() []Call {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Call{}, v.calls...)
}

// userData decodes guestinfo.userdata: base64 around a cloud-config document, perhaps compressed.
func (v *vcenter) userData(_ context.Context, m Machine) ([]byte, error) {
	vm, err := v.find(m)
	if err != nil {
		return nil, err
	}
	var encoded string
	v.model.Map().WithLock(v.model.Service.Context, vm, func() { encoded = extra(vm, "guestinfo.userdata") })
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		raw, err = packed.Unpack(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("guestinfo.userdata: %w", err)
	}
	return raw, nil
}

// report plays VMware's tools: the guest tells its address.
func (v *vcenter) report(ctx context.Context, m Machine, address net.IP) error {
	vm, err := v.find(m)
	if err != nil {
		return err
	}
	task, err := object.NewVirtualMachine(v.client.Client, vm.Self).Reconfigure(ctx, types.VirtualMachineConfigSpec{
		ExtraConfig: []types.BaseOptionValue{
			&types.OptionValue{Key: "SET.guest.ipAddress", Value: address.String()},
			&types.OptionValue{Key: "SET.guest.hostName", Value: m.Name},
		},
	})
	if err != nil {
		return fmt.Errorf("reconfigure: %w", err)
	}
	return task.Wait(ctx)
}

func (v *vcenter) find(m Machine) (*simulator.VirtualMachine, error) {
	for _, entity := range v.model.Map().All("VirtualMachine") {
		if vm, ok := entity.(*simulator.VirtualMachine); ok && vm.Config != nil && vm.Config.Uuid == m.UUID {
			return vm, nil
		}
	}
	return nil, fmt.Errorf("no virtual machine %s", m.UUID)
}
