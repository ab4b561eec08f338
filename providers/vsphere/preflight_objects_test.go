package vsphere

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
)

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
