package vsphere

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/cns"
	cnsmethods "github.com/vmware/govmomi/cns/methods"
	cnssimulator "github.com/vmware/govmomi/cns/simulator"
	cnstypes "github.com/vmware/govmomi/cns/types"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/providers"
)

// clusterVolumes makes volumes of prod under both its ids, one that it shares with another cluster, and others' volumes.
func clusterVolumes(l *lab) {
	l.volume("pvc-b", "default/prod")
	l.volume("pvc-a", "prod")
	l.volume("pvc-shared", "prod", "backup")
	l.volume("pvc-other", "other/prod")
	l.volume("pvc-prod-1", "prod-1")
	l.volume("pvc-upper", "Prod")
}

// answer has the simulator's service of container volumes answer every call with a fault.
func (l *lab) answer(fault types.BaseMethodFault) {
	l.model.Service.Context.For(cns.Path).Map.Handler = func(*simulator.Context, *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		return nil, fault
	}
}

func (l *lab) leftovers(r providers.Request) []providers.Leftover {
	l.t.Helper()
	list, err := l.provider.Leftovers(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	return list
}

func TestLeftoversAreTheVolumesMadeFromInside(t *testing.T) {
	l := newLab(t)
	clusterVolumes(l)
	l.extra("DC0_H0_VM1", map[string]string{MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.10"})
	want := []string{"VirtualMachine /DC0/vm/DC0_H0_VM1", "Disk pvc-a", "Disk pvc-b"}
	if diff := cmp.Diff(want, names(l.leftovers(l.request(nil)))); diff != "" {
		t.Error(diff)
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

func TestDeleteLeftoverVolume(t *testing.T) {
	l := newLab(t)
	clusterVolumes(l)
	r := l.request(nil)
	list := l.leftovers(r)
	for range 2 { // the second time they are gone, which is as good
		for _, left := range list {
			if err := l.provider.DeleteLeftover(t.Context(), r, left); err != nil {
				t.Error(err)
			}
		}
	}
	volumes, disks := l.volumes()
	var kept []string
	for _, v := range volumes {
		kept = append(kept, v.Name)
	}
	want := []string{"pvc-other", "pvc-prod-1", "pvc-shared", "pvc-upper"}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("volumes: %s", diff)
	}
	if diff := cmp.Diff(want, disks); diff != "" {
		t.Errorf("disks: %s", diff)
	}
}

func TestDeleteLeftoverTouchesNoOtherVolume(t *testing.T) {
	l := newLab(t)
	clusterVolumes(l)
	r := l.request(nil)
	before, _ := l.volumes()
	for _, v := range before {
		if v.Name == "pvc-a" || v.Name == "pvc-b" {
			continue
		}
		left := providers.Leftover{Kind: kindDisk, ID: v.VolumeId.Id, Name: v.Name}
		if err := l.provider.DeleteLeftover(t.Context(), r, left); err == nil || !strings.Contains(err.Error(), "left alone") {
			t.Errorf("%s: got %v", v.Name, err)
		}
	}
	if after, _ := l.volumes(); len(after) != len(before) {
		t.Errorf("%d volumes are left of %d", len(after), len(before))
	}
}

// A volume names no endpoint: with a namesake about, its id does not tell whose it is.
func TestLeftoverVolumesOfANamesakeAreNotGuessed(t *testing.T) {
	for name, c := range map[string]struct {
		cluster, endpoint string
		want              []string
	}{
		"of another namespace": {"other/prod", "192.0.2.10", []string{"Disk pvc-b"}},
		"of another endpoint":  {"default/prod", "192.0.2.99", nil},
		"of another name":      {"default/prod-1", "192.0.2.10", []string{"Disk pvc-a", "Disk pvc-b"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			clusterVolumes(l)
			r := l.request(nil)
			list := l.leftovers(r)
			l.extra("DC0_H0_VM1", map[string]string{MarkerCluster: c.cluster, MarkerEndpoint: c.endpoint})
			if diff := cmp.Diff(c.want, names(l.leftovers(r))); diff != "" {
				t.Error(diff)
			}
			for _, left := range list {
				err := l.provider.DeleteLeftover(t.Context(), r, left)
				listed := strings.Contains(strings.Join(c.want, " "), left.Name)
				if (err == nil) != listed {
					t.Errorf("%s: got %v", left.Name, err)
				}
			}
		})
	}
}

func TestLeftoversOfAVCenterWithoutVolumes(t *testing.T) {
	manager := cns.CnsVolumeManagerInstance
	for name, take := range map[string]func(*lab){
		"not supported":        func(l *lab) { l.answer(new(types.NotSupported)) },
		"no such call":         func(l *lab) { l.answer(&types.MethodNotFound{Receiver: manager, Method: "CnsQueryVolume"}) },
		"no privilege":         func(l *lab) { l.answer(&types.NoPermission{Object: &manager, PrivilegeId: "Cns.Searchable"}) },
		"no manager of theirs": func(l *lab) { l.answer(&types.ManagedObjectNotFound{Obj: manager}) },
		"no such service":      func(l *lab) { l.model.Service.ServeMux.HandleFunc("POST "+cns.Path, http.NotFound) },
		"no such versions":     func(l *lab) { l.model.Service.ServeMux.HandleFunc("GET /sdk/vsanServiceVersions.xml", http.NotFound) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.volume("pvc-a", "prod")
			l.extra("DC0_H0_VM1", map[string]string{MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.10"})
			disk := l.leftovers(l.request(nil))[1]
			take(l)
			if diff := cmp.Diff([]string{"VirtualMachine /DC0/vm/DC0_H0_VM1"}, names(l.leftovers(l.request(nil)))); diff != "" {
				t.Error(diff)
			}
			if err := l.provider.DeleteLeftover(t.Context(), l.request(nil), disk); err == nil {
				t.Error("a disk that cannot be seen counts as deleted")
			}
		})
	}
}

func TestLeftoversSayWhenVolumesCannotBeListed(t *testing.T) {
	for name, breakIt := range map[string]func(*lab){
		"a fault": func(l *lab) { l.answer(new(types.HostCommunication)) },
		"a service that is down": func(l *lab) {
			l.model.Service.ServeMux.HandleFunc("GET /sdk/vsanServiceVersions.xml", func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "starting", http.StatusServiceUnavailable)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			breakIt(l)
			if list, err := l.provider.Leftovers(t.Context(), l.request(nil)); err == nil {
				t.Errorf("no error, and a list: %v", list)
			}
		})
	}
}

// A task of the service succeeds whether or not the volume could be deleted.
func TestDeleteLeftoverVolumeThatIsHeld(t *testing.T) {
	l := newLab(t)
	l.volume("pvc-a", "prod")
	list := l.leftovers(l.request(nil))
	for _, on := range l.model.Map().VStorageObjectManager().Catalog() {
		clear(on) // the disk under the volume is not to be deleted
	}
	if err := l.provider.DeleteLeftover(t.Context(), l.request(nil), list[0]); err == nil || !strings.Contains(err.Error(), "pvc-a") {
		t.Errorf("got %v", err)
	}
}

// paged is the simulator's service with one volume to a page; vCenter does so with long lists, and the simulator does not.
type paged struct{ *cnssimulator.CnsVolumeManager }

func (p *paged) CnsQueryVolume(ctx context.Context, req *cnstypes.CnsQueryVolume) soap.HasFault {
	body, ok := p.CnsVolumeManager.CnsQueryVolume(ctx, req).(*cnsmethods.CnsQueryVolumeBody)
	if !ok {
		return body
	}
	all, at := body.Res.Returnval.Volumes, req.Filter.GetCnsQueryFilter().Cursor.Offset
	slices.SortFunc(all, func(a, b cnstypes.CnsVolume) int { return strings.Compare(a.Name, b.Name) })
	body.Res.Returnval.Volumes = all[at : at+1]
	body.Res.Returnval.Cursor = cnstypes.CnsCursor{Offset: at + 1, Limit: 1, TotalRecords: int64(len(all))}
	return body
}

func TestLeftoverVolumesOfAllPages(t *testing.T) {
	l := newLab(t)
	for _, name := range []string{"pvc-a", "pvc-b", "pvc-c"} {
		l.volume(name, "prod")
	}
	registry := l.model.Service.Context.For(cns.Path).Map
	manager, ok := registry.Get(cns.CnsVolumeManagerInstance).(*cnssimulator.CnsVolumeManager)
	if !ok {
		t.Fatal("the simulator has another service of volumes")
	}
	registry.Put(&paged{manager})
	if diff := cmp.Diff([]string{"Disk pvc-a", "Disk pvc-b", "Disk pvc-c"}, names(l.leftovers(l.request(nil)))); diff != "" {
		t.Error(diff)
	}
}
