package vsphere

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func TestPreflightOfAGoodRequestFindsNothingAndLogsOut(t *testing.T) {
	l := newLab(t)
	for _, f := range l.preflight(l.request(nil)) {
		t.Errorf("unexpected finding: %+v", f)
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

// finding is what a case expects of one finding.
type finding struct {
	severity uerr.Severity
	code     uerr.Code
	where    string
	problem  string // part of it
	next     string // part of it
}

type preflightCase struct {
	model    func(*simulator.Model)
	lab      func(*lab)
	settings map[string]string
	version  string // replaces v1.36.3 when set; "-" asks for none
	want     []finding
}

func TestPreflight(t *testing.T) {
	groups := []map[string]preflightCase{
		connectionCases(), placementCases(), storageCases(), networkCases(), templateCases(), endpointCases(), userCases(),
	}
	shared := newLab(t) // for the cases that change nothing in it
	for _, cases := range groups {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				l := shared
				if c.model != nil || c.lab != nil {
					t.Parallel()
					l = c.newLab(t)
				}
				c.run(t, l)
			})
		}
	}
}

func (c preflightCase) newLab(t *testing.T) *lab {
	var edit []func(*simulator.Model)
	if c.model != nil {
		edit = append(edit, c.model)
	}
	l := newLab(t, edit...)
	if c.lab != nil {
		c.lab(l)
	}
	return l
}

func (c preflightCase) run(t *testing.T, l *lab) {
	r := l.request(c.settings)
	switch c.version {
	case "":
	case "-":
		r.KubernetesVersion = ""
	default:
		r.KubernetesVersion = c.version
	}
	var got uerr.Findings
	for _, f := range l.preflight(r) {
		if f.Where != "preflight" { // what was skipped has a test of its own
			got = append(got, f)
		}
	}
	if len(got) != len(c.want) {
		t.Fatalf("got %d findings, want %d: %+v", len(got), len(c.want), got)
	}
	for n, want := range c.want {
		if got[n].Severity != want.severity || got[n].Code != want.code || want.where != "" && got[n].Where != want.where ||
			!strings.Contains(got[n].Problem, want.problem) || !strings.Contains(got[n].Next, want.next) {
			t.Errorf("got %+v\nwant %+v", got[n], want)
		}
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

func connectionCases() map[string]preflightCase {
	return map[string]preflightCase{
		"no server and no user": {
			settings: map[string]string{keyServer: "", keyUsername: ""},
			want: []finding{
				{where: keyServer, problem: "VSPHERE_SERVER is not set", next: "set VSPHERE_SERVER"},
				{where: keyUsername, problem: "VSPHERE_USERNAME is not set"},
			},
		},
		"wrong password": {
			settings: map[string]string{keyPassword: "wrong"},
			want:     []finding{{code: uerr.Credentials, where: "$VSPHERE_PASSWORD", problem: "refuses the user name or the password", next: keyPassword}},
		},
		"nothing listens": {
			settings: map[string]string{keyServer: "127.0.0.1:1"},
			want:     []finding{{code: uerr.Failure, where: "$VSPHERE_SERVER", problem: "cannot be reached", next: "HTTPS_PROXY"}},
		},
		"wrong thumbprint": {
			settings: map[string]string{keyThumbprint: strings.Repeat("AB:", 19) + "AB"},
			want:     []finding{{code: uerr.Failure, where: "$VSPHERE_TLS_THUMBPRINT", problem: "is not the pinned one", next: `set VSPHERE_TLS_THUMBPRINT to "`}},
		},
		"certificate of nobody": {
			settings: map[string]string{keyThumbprint: ""},
			want:     []finding{{code: uerr.Failure, where: keyThumbprint, problem: "not trusted", next: `set VSPHERE_TLS_THUMBPRINT to "`}},
		},
		"insecure": {settings: map[string]string{keyThumbprint: "", keyInsecure: "true"}},
		"6.7 Update 2": {
			model: func(m *simulator.Model) { m.ServiceContent.About.ApiVersion = "6.7.2" },
			want:  []finding{{where: "$VSPHERE_SERVER", problem: "6.7.2 is older than 6.7.3", next: "upgrade vCenter"}},
		},
		"6.7 Update 3": {model: func(m *simulator.Model) { m.ServiceContent.About.ApiVersion = "6.7.3" }},
		"8.0":          {model: func(m *simulator.Model) { m.ServiceContent.About.ApiVersion = "8.0.2.0" }},
		"a single host": {
			model: func(m *simulator.Model) { m.ServiceContent.About.ApiType = "HostAgent" },
			want:  []finding{{where: "$VSPHERE_SERVER", problem: "is no vCenter", next: "the vCenter that manages"}},
		},
	}
}

func placementCases() map[string]preflightCase {
	return map[string]preflightCase{
		"datacenter missing": {
			settings: map[string]string{keyDatacenter: "DC9"},
			want:     []finding{{where: "$VSPHERE_DATACENTER", problem: `datacenter "DC9" is not in the inventory`, next: "one of: /DC0"}},
		},
		"pool missing": {
			settings: map[string]string{keyPool: "nowhere"},
			want:     []finding{{where: "$VSPHERE_RESOURCE_POOL", problem: `resource pool "nowhere"`, next: "/DC0/host/DC0_C0/Resources"}},
		},
		"pool not unique": {
			settings: map[string]string{keyPool: ""},
			want:     []finding{{where: keyPool, problem: "more than one resource pool", next: "/DC0/host/DC0_H0/Resources"}},
		},
		"DRS off": {
			lab:  func(l *lab) { l.setDRS(false) },
			want: []finding{{where: "$VSPHERE_RESOURCE_POOL", problem: "cluster DC0_C0 has DRS switched off", next: "switch DRS on"}},
		},
		"single host": {
			settings: map[string]string{keyPool: "/DC0/host/DC0_H0/Resources"},
			want:     []finding{{severity: uerr.Warning, where: "$VSPHERE_RESOURCE_POOL", problem: "single host DC0_H0", next: "cluster with DRS"}},
		},
		"folder missing": {
			settings: map[string]string{keyFolder: "/DC0/vm/nowhere"},
			want:     []finding{{where: "$VSPHERE_FOLDER", problem: `folder "/DC0/vm/nowhere"`, next: "/DC0/vm"}},
		},
	}
}

func (l *lab) setDRS(on bool) {
	cluster, err := l.finder.ClusterComputeResource(l.t.Context(), "DC0_C0")
	if err != nil {
		l.t.Fatal(err)
	}
	spec := &types.ClusterConfigSpecEx{DrsConfig: &types.ClusterDrsConfigInfo{Enabled: &on}}
	l.wait(cluster.Reconfigure(l.t.Context(), spec, true))
}

// sim gives the simulator's own object, to change what no call of the API can.
func sim[T any](l *lab, ref object.Reference) T {
	l.t.Helper()
	found, ok := l.model.Map().Get(ref.Reference()).(T)
	if !ok {
		l.t.Fatalf("%s is a %T", ref.Reference(), l.model.Map().Get(ref.Reference()))
	}
	return found
}

func (l *lab) simDatastore() *simulator.Datastore {
	ds, err := l.finder.Datastore(l.t.Context(), "LocalDS_0")
	if err != nil {
		l.t.Fatal(err)
	}
	return sim[*simulator.Datastore](l, ds)
}

func storageCases() map[string]preflightCase {
	free := func(bytes int64, thin bool) func(*lab) {
		return func(l *lab) {
			l.simDatastore().Summary.FreeSpace = bytes
			vm := sim[*simulator.VirtualMachine](l, l.template)
			vm.Summary.Storage = &types.VirtualMachineStorageSummary{Committed: 3 * gib}
			for _, d := range object.VirtualDeviceList(vm.Config.Hardware.Device).SelectByType((*types.VirtualDisk)(nil)) {
				d.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo).ThinProvisioned = &thin
			}
		}
	}
	return map[string]preflightCase{
		"datastore missing": {
			settings: map[string]string{keyDatastore: "nowhere"},
			want:     []finding{{where: "$VSPHERE_DATASTORE", problem: `datastore "nowhere"`, next: "/DC0/datastore/LocalDS_0"}},
		},
		"datastore left to the policy": {settings: map[string]string{keyDatastore: "", keyPolicy: "vSAN Default Storage Policy"}},
		"datastore not accessible": {
			lab:  func(l *lab) { l.simDatastore().Summary.Accessible = false },
			want: []finding{{where: "$VSPHERE_DATASTORE", problem: "is not accessible"}},
		},
		"datastore in maintenance": {
			lab:  func(l *lab) { l.simDatastore().Summary.MaintenanceMode = "inMaintenance" },
			want: []finding{{where: "$VSPHERE_DATASTORE", problem: "maintenance mode"}},
		},
		"datastore of other hosts": {
			lab: func(l *lab) {
				cluster, err := l.finder.ClusterComputeResource(l.t.Context(), "DC0_C0")
				if err != nil {
					l.t.Fatal(err)
				}
				sim[*simulator.ClusterComputeResource](l, cluster).Datastore = nil
			},
			want: []finding{{where: "$VSPHERE_DATASTORE", problem: "is not mounted in DC0_C0"}},
		},
		"full clones need their disks": {
			lab:  free(39*gib, false),
			want: []finding{{where: "$VSPHERE_DATASTORE", problem: "39.0 GiB free, and the disks of 2 machines take up to 40.0 GiB", next: "smaller machines"}},
		},
		"thin clones may grow": {
			lab:  free(39*gib, true),
			want: []finding{{severity: uerr.Warning, where: "$VSPHERE_DATASTORE", problem: "39.0 GiB free"}},
		},
		"thin clones have to start": {
			lab:  free(5*gib, true),
			want: []finding{{where: "$VSPHERE_DATASTORE", problem: "6.0 GiB of it at once"}},
		},
		"linked clones start small": {
			lab:      free(5*gib, false),
			settings: map[string]string{keyCloneMode: linkedClone},
			want:     []finding{{severity: uerr.Warning, where: "$VSPHERE_DATASTORE", problem: "5.0 GiB free"}},
		},
		"machines that exist need no more space": {
			lab: func(l *lab) {
				free(19*gib, false)(l)
				l.extra("DC0_C0_RP0_VM1", map[string]string{MarkerCluster: "default/prod"})
				l.extra("DC0_C0_RP0_VM2", map[string]string{MarkerCluster: "default/prod-1"})
			},
			want: []finding{{where: "$VSPHERE_DATASTORE", problem: "the disks of 1 machines take up to 20.0 GiB"}},
		},
		"policy missing": {
			settings: map[string]string{keyPolicy: "Gold"},
			want:     []finding{{where: "$VSPHERE_STORAGE_POLICY_ID", problem: `storage policy "Gold" does not exist`, next: "vSAN Default Storage Policy"}},
		},
		"policy by id": {settings: map[string]string{keyPolicy: "aa6d5a82-1c88-45da-85d3-3d74b91a5bad"}},
	}
}

func networkCases() map[string]preflightCase {
	return map[string]preflightCase{
		"network missing": {
			settings: map[string]string{keyNetwork: "nowhere"},
			want:     []finding{{where: "$VSPHERE_NETWORK", problem: `network "nowhere"`, next: "/DC0/network/VM Network"}},
		},
		"network of other hosts": {
			lab: func(l *lab) {
				cluster, err := l.finder.ClusterComputeResource(l.t.Context(), "DC0_C0")
				if err != nil {
					l.t.Fatal(err)
				}
				sim[*simulator.ClusterComputeResource](l, cluster).Network = nil
			},
			want: []finding{{where: keyNetwork, problem: "is not available in DC0_C0"}},
		},
	}
}

func templateCases() map[string]preflightCase {
	return map[string]preflightCase{
		"no template of the version": {
			version: "v1.35.0",
			want:    []finding{{where: keyKubernetesVersion, problem: "no VM template carries Kubernetes v1.35.0", next: "slipway image import FILE.ova; there are templates of v1.36.3+vmware.1 ubuntu 24.04 amd64"}},
		},
		"no template of the build": {
			version: "v1.36.3+vmware.2",
			want:    []finding{{where: keyKubernetesVersion, problem: "no VM template carries Kubernetes v1.36.3+vmware.2"}},
		},
		"no template of the system": {
			settings: map[string]string{keyOSName: "photon"},
			want:     []finding{{where: keyKubernetesVersion, problem: "Kubernetes v1.36.3 on photon"}},
		},
		"template of the system":    {settings: map[string]string{keyOSName: "Ubuntu", keyOSVersion: "24.04", keyOSArch: "amd64"}},
		"the newest":                {version: "-"},
		"template named":            {settings: map[string]string{keyTemplate: "/DC0/vm/ubuntu"}},
		"no version but a strange":  {version: "latest", want: []finding{{problem: `"latest" is no Kubernetes version`, next: "v1.36.3"}}},
		"template named is missing": {settings: map[string]string{keyTemplate: "nowhere"}, want: []finding{{where: "$VSPHERE_TEMPLATE", problem: `VM template "nowhere"`, next: "/DC0/vm/ubuntu"}}},
		"template named is a machine": {
			settings: map[string]string{keyTemplate: "DC0_C0_RP0_VM1"},
			want:     []finding{{where: "$VSPHERE_TEMPLATE", problem: "is a virtual machine, not a template", next: "convert it"}},
		},
		"template named has another version": {
			settings: map[string]string{keyTemplate: "ubuntu"}, version: "v1.35.0",
			want: []finding{{where: "$VSPHERE_TEMPLATE", problem: "carries Kubernetes v1.36.3+vmware.1, and v1.35.0 was asked for", next: "--kubernetes-version v1.36.3+vmware.1"}},
		},
		"template named has no version": {
			lab:      func(l *lab) { l.makeTemplate("DC0_C0_RP0_VM1", "plain", nil) },
			settings: map[string]string{keyTemplate: "plain"},
			want:     []finding{{severity: uerr.Warning, where: "$VSPHERE_TEMPLATE", problem: "does not state its Kubernetes version", next: "v1.36.3"}},
		},
		"neither the template nor the request has a version": {
			lab:      func(l *lab) { l.makeTemplate("DC0_C0_RP0_VM1", "plain", nil) },
			settings: map[string]string{keyTemplate: "plain"}, version: "-",
			want: []finding{{where: "$VSPHERE_TEMPLATE", problem: "none was asked for", next: "--kubernetes-version"}},
		},
		"linked clones without a snapshot": {
			lab: func(l *lab) {
				sim[*simulator.VirtualMachine](l, l.template).Snapshot = nil
			},
			settings: map[string]string{keyCloneMode: linkedClone},
			want:     []finding{{where: "$VSPHERE_CLONE_MODE", problem: "linked clones need a snapshot", next: "fullClone"}},
		},
		"full clones without a snapshot": {lab: func(l *lab) { sim[*simulator.VirtualMachine](l, l.template).Snapshot = nil }},
		"disk smaller than the template's": {
			lab: func(l *lab) {
				vm := sim[*simulator.VirtualMachine](l, l.template)
				for _, d := range object.VirtualDeviceList(vm.Config.Hardware.Device).SelectByType((*types.VirtualDisk)(nil)) {
					d.(*types.VirtualDisk).CapacityInKB = 30 << 20
				}
			},
			settings: map[string]string{"WORKER_SIZE": "large"},
			want:     []finding{{where: "$VSPHERE_CONTROL_PLANE_DISK_GIB", problem: "control plane disk of 20 GiB is smaller than that of VM template /DC0/vm/ubuntu, 30.0 GiB"}},
		},
		"unknown size": {
			settings: map[string]string{"SIZE": "huge"},
			want: []finding{
				{where: "$SIZE", problem: `"huge" is no size`, next: "extra-large"},
				{where: "$SIZE", problem: `"huge" is no size`},
			},
		},
	}
}

func endpointCases() map[string]preflightCase {
	held := func(markers map[string]string) func(*lab) {
		return func(l *lab) {
			l.wait(l.vm("DC0_C0_RP0_VM1").PowerOn(l.t.Context()))
			l.extra("DC0_C0_RP0_VM1", map[string]string{"SET.guest.ipAddress": "192.0.2.10"})
			l.extra("DC0_C0_RP0_VM1", markers)
		}
	}
	taken := []finding{{where: "$VSPHERE_CONTROL_PLANE_ENDPOINT", problem: "192.0.2.10 is an address of virtual machine DC0_C0_RP0_VM1", next: "nothing uses"}}
	return map[string]preflightCase{
		"endpoint unset": {
			settings: map[string]string{keyEndpoint: ""},
			want:     []finding{{where: keyEndpoint, problem: "is not set", next: "free address"}},
		},
		"endpoint of a machine":                     {lab: held(map[string]string{"x": "y"}), want: taken},
		"endpoint of a cluster of a similar name":   {lab: held(map[string]string{MarkerCluster: "default/prod-1"}), want: taken},
		"endpoint of a namesake elsewhere":          {lab: held(map[string]string{MarkerCluster: "other/prod"}), want: taken},
		"endpoint of the cluster itself":            {lab: held(map[string]string{MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.10"})},
		"endpoint answers":                          {lab: answering(nil), want: []finding{{where: "$VSPHERE_CONTROL_PLANE_ENDPOINT", problem: "something answers at endpoint 192.0.2.10 port 6443", next: "nothing uses"}}},
		"endpoint of the cluster itself, answering": {lab: answering(map[string]string{MarkerCluster: "default/prod"})},
		"endpoint outside of the network's range": {
			lab:  ipPool,
			want: []finding{{where: "$VSPHERE_CONTROL_PLANE_ENDPOINT", problem: "192.0.2.10 is outside of network VM Network, which is 10.10.10.0/24", next: "an address inside"}},
		},
		"endpoint inside the network's range": {lab: ipPool, settings: map[string]string{keyEndpoint: "10.10.10.77"}},
		"endpoint outside of all subnets seen": {
			lab:  seenSubnet,
			want: []finding{{severity: uerr.Warning, where: "$VSPHERE_CONTROL_PLANE_ENDPOINT", problem: "in none of the subnets of the machines in network VM Network: 10.20.30.0/24"}},
		},
		"endpoint in a subnet seen": {lab: seenSubnet, settings: map[string]string{keyEndpoint: "10.20.30.99"}},
	}
}

// answering lets 192.0.2.10:6443 answer, and marks a machine.
func answering(markers map[string]string) func(*lab) {
	return func(l *lab) {
		l.provider = l.newProvider(Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "192.0.2.10:6443" {
				address = l.server.URL.Host
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}})
		if markers != nil {
			l.extra("DC0_C0_RP0_VM1", markers)
		}
	}
}

func (l *lab) vmNetwork() types.ManagedObjectReference {
	n, err := l.finder.Network(l.t.Context(), "VM Network")
	if err != nil {
		l.t.Fatal(err)
	}
	return n.Reference()
}

// ipPool gives the network an IP pool, 10.10.10.0/24.
func ipPool(l *lab) {
	dc, err := l.finder.DefaultDatacenter(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	made, err := methods.CreateIpPool(l.t.Context(), l.client.Client, &types.CreateIpPool{
		This: *l.client.ServiceContent.IpPoolManager, Dc: dc.Reference(),
		Pool: types.IpPool{Id: 2, Name: "nodes", Ipv4Config: &types.IpPoolIpPoolConfigInfo{
			SubnetAddress: "10.10.10.0", Netmask: "255.255.255.0", Gateway: "10.10.10.1", Range: "10.10.10.2#100",
		}},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	sim[*mo.Network](l, l.vmNetwork()).Summary.GetNetworkSummary().IpPoolId = &made.Returnval
}

func seenSubnet(l *lab) {
	vm := sim[*simulator.VirtualMachine](l, l.vm("DC0_C0_RP0_VM1"))
	vm.Network = []types.ManagedObjectReference{l.vmNetwork()}
	vm.Guest.Net = []types.GuestNicInfo{{IpConfig: &types.NetIpConfigInfo{
		IpAddress: []types.NetIpConfigInfoIpAddress{{IpAddress: "10.20.30.40", PrefixLength: 24}, {IpAddress: "169.254.1.1", PrefixLength: 16}},
	}}}
}

// denying is an AuthorizationManager that grants all but some privileges.
type denying struct {
	simulator.AuthorizationManager
	denied map[string]bool
}

func (m *denying) HasPrivilegeOnEntities(req *types.HasPrivilegeOnEntities) soap.HasFault {
	answer := types.EntityPrivilege{Entity: req.Entity[0]}
	for _, id := range req.PrivId {
		answer.PrivAvailability = append(answer.PrivAvailability, types.PrivilegeAvailability{PrivId: id, IsGranted: !m.denied[id]})
	}
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{Returnval: []types.EntityPrivilege{answer}}}
}

func deny(ids ...string) func(*lab) {
	return func(l *lab) {
		ref := *l.client.ServiceContent.AuthorizationManager
		m := &denying{AuthorizationManager: *sim[*simulator.AuthorizationManager](l, ref), denied: map[string]bool{}}
		for _, id := range ids {
			m.denied[id] = true
		}
		l.model.Map().Put(m)
	}
}

func userCases() map[string]preflightCase {
	lacks := func(problem string) finding {
		return finding{code: uerr.Credentials, where: "$VSPHERE_USERNAME", problem: problem, next: "the user's role"}
	}
	return map[string]preflightCase{
		"privileges missing": {
			lab: deny("VirtualMachine.Interact.PowerOn", "VirtualMachine.Config.Memory", "Network.Assign", "Datastore.AllocateSpace",
				"Resource.AssignVMToPool", "VirtualMachine.Provisioning.DeployTemplate"),
			want: []finding{
				lacks("on folder /DC0/vm: VirtualMachine.Config.Memory, VirtualMachine.Interact.PowerOn"),
				lacks("on resource pool /DC0/host/DC0_C0/Resources: Resource.AssignVMToPool"),
				lacks("on datastore /DC0/datastore/LocalDS_0: Datastore.AllocateSpace"),
				lacks("on network VM Network: Network.Assign"),
				lacks("on VM template /DC0/vm/ubuntu: VirtualMachine.Provisioning.DeployTemplate"),
			},
		},
		"policies not to be seen": {
			lab:      deny("StorageProfile.View"),
			settings: map[string]string{keyPolicy: "vSAN Default Storage Policy"},
			want:     []finding{lacks("on the vCenter: StorageProfile.View")},
		},
		"no key": {
			settings: map[string]string{keySSH: ""},
			want:     []finding{{severity: uerr.Warning, where: keySSH, problem: "nobody can log in"}},
		},
		"private key": {
			settings: map[string]string{keySSH: "-----BEGIN OPENSSH PRIVATE KEY-----"},
			want:     []finding{{where: "$VSPHERE_SSH_AUTHORIZED_KEY", problem: "holds a private key", next: ".pub"}},
		},
		"key cut short": {
			settings: map[string]string{keySSH: labKey[:40]},
			want:     []finding{{where: "$VSPHERE_SSH_AUTHORIZED_KEY", problem: "is no public key"}},
		},
		"key of another type inside": {
			settings: map[string]string{keySSH: strings.Replace(labKey, "ssh-ed25519 ", "ssh-rsa ", 1)},
			want:     []finding{{where: "$VSPHERE_SSH_AUTHORIZED_KEY", problem: "is no public key"}},
		},
	}
}

func TestPreflightReportsEverythingAtOnceAndSaysWhatItSkipped(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(map[string]string{
		keyDatastore: "nods", keyNetwork: "nonet", keySSH: "no key", keyPool: "nopool", keyEndpoint: "192.0.2.10",
	}))
	var got []string
	for _, f := range findings {
		got = append(got, f.Where+": "+f.Problem)
	}
	want := []string{
		`$VSPHERE_RESOURCE_POOL: resource pool "nopool" is not in the inventory, or the user may not see it`,
		`$VSPHERE_DATASTORE: datastore "nods" is not in the inventory, or the user may not see it`,
		`$VSPHERE_NETWORK: network "nonet" is not in the inventory, or the user may not see it`,
		`$VSPHERE_SSH_AUTHORIZED_KEY: VSPHERE_SSH_AUTHORIZED_KEY is no public key of OpenSSH's format`,
		"preflight: not checked, because the check of the resource pool did not pass: cluster",
		"preflight: not checked, because the check of the datastore did not pass: free space",
		"preflight: not checked, because the check of the network did not pass: endpoint's network",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPreflightWithoutLoginStillChecksWhatItCan(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(map[string]string{keyPassword: "wrong", keySSH: "no key"}))
	if len(findings) != 3 || uerr.ExitCode(findings) != uerr.Credentials || !strings.Contains(findings[1].Problem, "public key") ||
		!strings.Contains(findings[2].Problem, "API version, datacenter, resource pool") {
		t.Errorf("got %+v", findings)
	}
}

func TestPreflightOfAManagementPlaneAsksOnlyAboutTheVCenter(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{keyDatacenter: "DC9", keyDatastore: "", keyEndpoint: "", keySSH: ""})
	r.ControlPlane, r.Workers, r.KubernetesVersion = 0, 0, ""
	if findings := l.preflight(r); len(findings) != 0 {
		t.Errorf("got %+v", findings)
	}
	r.Config = l.request(map[string]string{keyPassword: "wrong"}).Config
	if findings := l.preflight(r); uerr.ExitCode(findings) != uerr.Credentials {
		t.Errorf("got %+v", findings)
	}
}

func TestPreflightStopsWithItsContext(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("somebody pressed Ctrl-C"))
	_, err := l.provider.Preflight(ctx, l.request(nil))
	if err == nil || !strings.Contains(err.Error(), "Ctrl-C") {
		t.Errorf("got %v", err)
	}
}

func TestFindingsNameTheLineOfTheFile(t *testing.T) {
	l := newLab(t)
	file := writeFile(t, "config.yaml", "# mine\nVSPHERE_DATACENTER: DC9\n")
	delete(l.settings, keyDatacenter)
	r := l.request(nil)
	r.Config = load(t, config.Options{File: file, Environ: environ(l.settings)})
	findings := l.preflight(r)
	if want := fmt.Sprintf("%s:2", file); findings[0].Where != want {
		t.Errorf("got %q, want %q", findings[0].Where, want)
	}
}
