package vsphere

import (
	"context"
	"net"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
)

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
		"a type of cluster": {
			settings: map[string]string{keyClusterType: "managed"},
			want:     []finding{{where: "$CLUSTER_TYPE", problem: `vSphere has no type of cluster "managed"`, next: "leave CLUSTER_TYPE out"}},
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
