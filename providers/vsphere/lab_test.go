package vsphere

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/cns"
	_ "github.com/vmware/govmomi/cns/simulator"
	cnstypes "github.com/vmware/govmomi/cns/types"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

const (
	labUser     = "admin@vsphere.local"
	labPassword = "s3cret&'\"<+ %"
	labKey      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f you@example.org"
)

// lab is a vCenter of its own: govmomi's simulator over TLS, with one template "ubuntu" of Kubernetes v1.36.3.
type lab struct {
	t        *testing.T
	model    *simulator.Model
	server   *simulator.Server
	client   *govmomi.Client
	finder   *find.Finder
	template *object.VirtualMachine
	provider *Provider
	settings map[string]string
}

// newLab starts a vCenter; edit changes it before its inventory is made.
func newLab(t *testing.T, edit ...func(*simulator.Model)) *lab {
	t.Helper()
	model := simulator.VPX()
	model.ServiceContent.About.ApiVersion = "7.0.3.0"
	model.Machine = 4
	model.Autostart = false
	for _, e := range edit {
		e(model)
	}
	if err := model.Create(); err != nil {
		t.Fatal(err)
	}
	model.Service.TLS = new(tls.Config)
	model.Service.RegisterEndpoints = true
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(labUser, labPassword)}
	l := &lab{t: t, model: model, server: model.Service.NewServer()}
	t.Cleanup(func() { l.server.Close(); model.Remove() })
	client, err := govmomi.NewClient(t.Context(), l.server.URL, true)
	if err != nil {
		t.Fatal(err)
	}
	l.client = client
	l.finder = find.NewFinder(client.Client, false)
	dc, err := l.finder.DefaultDatacenter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.finder.SetDatacenter(dc)
	l.template = l.makeTemplate("DC0_C0_RP0_VM0", "ubuntu", map[string]string{
		"VERSION": "v1.36.3+vmware.1", "DISTRO_NAME": "ubuntu", "DISTRO_VERSION": "24.04", "DISTRO_ARCH": "amd64",
	})
	l.provider = l.newProvider(Options{})
	l.settings = map[string]string{
		"VSPHERE_SERVER": l.server.URL.Host, "VSPHERE_USERNAME": labUser, "VSPHERE_PASSWORD": labPassword,
		"VSPHERE_TLS_THUMBPRINT": soap.ThumbprintSHA1(l.server.Certificate()),
		"VSPHERE_DATACENTER":     "DC0", "VSPHERE_DATASTORE": "LocalDS_0", "VSPHERE_RESOURCE_POOL": "/DC0/host/DC0_C0/Resources",
		"VSPHERE_CONTROL_PLANE_ENDPOINT": "192.0.2.10", "VSPHERE_SSH_AUTHORIZED_KEY": labKey,
		"VSPHERE_DISK_GIB": "20", "VSPHERE_CONTROL_PLANE_DISK_GIB": "20", "VSPHERE_WORKER_DISK_GIB": "20",
	}
	return l
}

// newProvider keeps tests off the network: no proxy but the one given, and a dialer that reaches the simulator only.
func (l *lab) newProvider(o Options) *Provider {
	if o.Proxy == nil {
		o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if !strings.HasPrefix(address, "127.0.0.1:") {
				return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError("no route in tests")}
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
	return New(o)
}

func (l *lab) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(l.server.Certificate())
	return pool
}

func (l *lab) vm(name string) *object.VirtualMachine {
	l.t.Helper()
	vm, err := l.finder.VirtualMachine(l.t.Context(), name)
	if err != nil {
		l.t.Fatal(err)
	}
	return vm
}

// wait asks the simulator itself, which answers at once; over the API each task takes a tenth of a second.
func (l *lab) wait(task *object.Task, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	done := sim[*simulator.Task](l, task)
	done.Wait()
	if done.Info.Error != nil {
		l.t.Fatal(done.Info.Error.LocalizedMessage)
	}
}

// makeTemplate turns a machine of the model into a template with a snapshot and vApp properties.
func (l *lab) makeTemplate(vmName, name string, properties map[string]string) *object.VirtualMachine {
	l.t.Helper()
	vm := l.vm(vmName)
	l.wait(vm.Rename(l.t.Context(), name))
	vapp := &types.VmConfigSpec{}
	key := int32(0)
	for id, value := range properties {
		vapp.Property = append(vapp.Property, types.VAppPropertySpec{
			ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd},
			Info:            &types.VAppPropertyInfo{Key: key, Id: id, Value: value, UserConfigurable: types.NewBool(true), Type: "string"},
		})
		key++
	}
	l.wait(vm.Reconfigure(l.t.Context(), types.VirtualMachineConfigSpec{VAppConfig: vapp}))
	l.wait(vm.CreateSnapshot(l.t.Context(), "base", "", false, false))
	if err := vm.MarkAsTemplate(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	return l.vm(name)
}

// extra sets extra configuration; "SET.guest.ipAddress" is the simulator's way to give a guest an address.
func (l *lab) extra(vmName string, pairs map[string]string) {
	l.t.Helper()
	var spec types.VirtualMachineConfigSpec
	for k, v := range pairs {
		spec.ExtraConfig = append(spec.ExtraConfig, &types.OptionValue{Key: k, Value: v})
	}
	l.wait(l.vm(vmName).Reconfigure(l.t.Context(), spec))
}

// volume makes a container volume as vSphere's CSI driver does, for the first of the cluster ids and shared with the rest.
func (l *lab) volume(name string, clusterIDs ...string) {
	l.t.Helper()
	datastore, err := l.finder.Datastore(l.t.Context(), "LocalDS_0")
	if err != nil {
		l.t.Fatal(err)
	}
	var clusters []cnstypes.CnsContainerCluster
	for _, id := range clusterIDs {
		clusters = append(clusters, cnstypes.CnsContainerCluster{ClusterId: id, ClusterType: string(cnstypes.CnsClusterTypeKubernetes)})
	}
	l.wait(l.containerVolumes().CreateVolume(l.t.Context(), []cnstypes.CnsVolumeCreateSpec{{
		Name: name, VolumeType: string(cnstypes.CnsVolumeTypeBlock), Datastores: []types.ManagedObjectReference{datastore.Reference()},
		Metadata:             cnstypes.CnsVolumeMetadata{ContainerCluster: clusters[0], ContainerClusterArray: clusters},
		BackingObjectDetails: &cnstypes.CnsBlockBackingDetails{CnsBackingObjectDetails: cnstypes.CnsBackingObjectDetails{CapacityInMb: 1}},
	}}))
}

func (l *lab) containerVolumes() *cns.Client {
	l.t.Helper()
	client, err := cns.NewClient(l.t.Context(), l.client.Client)
	if err != nil {
		l.t.Fatal(err)
	}
	return client
}

// volumes are all container volumes and the disks under them, by name.
func (l *lab) volumes() (volumes []cnstypes.CnsVolume, disks []string) {
	l.t.Helper()
	found, err := l.containerVolumes().QueryVolume(l.t.Context(), &cnstypes.CnsQueryFilter{})
	if err != nil {
		l.t.Fatal(err)
	}
	slices.SortFunc(found.Volumes, func(a, b cnstypes.CnsVolume) int { return strings.Compare(a.Name, b.Name) })
	for _, on := range l.model.Map().VStorageObjectManager().Catalog() {
		for _, disk := range on {
			disks = append(disks, disk.Config.Name)
		}
	}
	slices.Sort(disks)
	return found.Volumes, disks
}

// request is a cluster prod of one and one, with settings changed by pairs; an empty value takes a setting away.
func (l *lab) request(pairs map[string]string) providers.Request {
	l.t.Helper()
	env := maps.Clone(l.settings)
	maps.Copy(env, pairs)
	return providers.Request{
		Config: load(l.t, config.Options{Environ: environ(env)}), Name: "prod", Namespace: "default",
		KubernetesVersion: "v1.36.3", ControlPlane: 1, Workers: 1,
	}
}

func environ(pairs map[string]string) []string {
	var out []string
	for k, v := range pairs {
		out = append(out, k+"="+v)
	}
	return out
}

func load(t *testing.T, o config.Options) *config.Config {
	t.Helper()
	o.Home = filepath.Join(t.TempDir(), "home")
	if o.File == "" {
		o.Environ = append(o.Environ, "SLIPWAY_HOME="+o.Home, "HOME="+o.Home)
	}
	o.Tables = []config.Table{{Provider: "vsphere", Variables: Variables()}}
	c, err := config.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// preflight runs all checks and fails the test when they stop early.
func (l *lab) preflight(r providers.Request) uerr.Findings {
	l.t.Helper()
	findings, err := l.provider.Preflight(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range findings {
		if strings.Contains(f.Problem+f.Next, labPassword) {
			l.t.Errorf("a finding holds the password: %+v", f)
		}
		if f.Where == "" || f.Next == "" {
			l.t.Errorf("a finding without place or remedy: %+v", f)
		}
	}
	return findings
}

// sessions counts who is logged in besides the lab itself.
func (l *lab) sessions() int {
	l.t.Helper()
	var props mo.SessionManager
	err := property.DefaultCollector(l.client.Client).RetrieveOne(l.t.Context(), *l.client.ServiceContent.SessionManager,
		[]string{"sessionList"}, &props)
	if err != nil {
		l.t.Fatal(err)
	}
	return len(props.SessionList) - 1
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
