package vsphere

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/providers"
)

// folder makes a folder in the one at path.
func (l *lab) folder(path, name string) providers.Leftover {
	l.t.Helper()
	parent, err := l.finder.Folder(l.t.Context(), path)
	if err != nil {
		l.t.Fatal(err)
	}
	made, err := parent.CreateFolder(l.t.Context(), name)
	if err != nil {
		l.t.Fatal(err)
	}
	return providers.Leftover{Kind: kindFolder, ID: made.Reference().Value, Name: path + "/" + name}
}

// fill moves a machine that is marked as prod's into a folder.
func (l *lab) fill(path, vm string) {
	l.t.Helper()
	l.extra(vm, map[string]string{MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.10"})
	folder, err := l.finder.Folder(l.t.Context(), path)
	if err != nil {
		l.t.Fatal(err)
	}
	l.wait(folder.MoveInto(l.t.Context(), []types.ManagedObjectReference{l.vm(vm).Reference()}))
}

func TestLeftoverFolderIsTheClustersOwn(t *testing.T) {
	for name, c := range map[string]struct {
		parent, name, configured, cluster string
		listed                            bool
	}{
		"its own":                  {"/DC0/vm", "prod", "/DC0/vm/prod", "prod", true},
		"given by its name":        {"/DC0/vm", "prod", "prod", "prod", true},
		"not the configured one":   {"/DC0/vm", "prod", "", "prod", false},
		"of many clusters":         {"/DC0/vm", "clusters", "/DC0/vm/clusters", "prod", false},
		"of a longer name":         {"/DC0/vm", "prod-1", "/DC0/vm/prod-1", "prod", false},
		"of hosts":                 {"/DC0/host", "prod", "/DC0/host/prod", "prod", false},
		"the datacenter's":         {"/DC0/vm", "prod", "/DC0/vm", "vm", false},
		"that nobody ever made":    {"/DC0/vm", "clusters", "/DC0/vm/prod", "prod", false},
		"in a folder of this name": {"/DC0/vm", "clusters", "/DC0/vm/clusters/prod", "prod", false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			folder := l.folder(c.parent, c.name)
			r := l.request(map[string]string{keyFolder: c.configured})
			r.Name = c.cluster
			var want []providers.Leftover
			if c.listed {
				want = append(want, folder)
			}
			got := l.leftovers(r)
			if diff := cmp.Diff(want, append([]providers.Leftover(nil), got...)); diff != "" {
				t.Error(diff)
			}
			if err := l.provider.DeleteLeftover(t.Context(), r, folder); (err == nil) != c.listed {
				t.Errorf("got %v", err)
			}
			if n := l.sessions(); n != 0 {
				t.Errorf("%d sessions are still logged in", n)
			}
		})
	}
}

func TestLeftoverFolderWaitsForItsMachines(t *testing.T) {
	l := newLab(t)
	folder := l.folder("/DC0/vm", "prod")
	l.fill("/DC0/vm/prod", "DC0_H0_VM1")
	l.volume("pvc-a", "prod")
	r := l.request(map[string]string{keyFolder: "/DC0/vm/prod"})
	full := l.leftovers(r)
	if diff := cmp.Diff([]string{"VirtualMachine /DC0/vm/prod/DC0_H0_VM1", "Disk pvc-a"}, names(full)); diff != "" {
		t.Error(diff)
	}
	err := l.provider.DeleteLeftover(t.Context(), r, folder)
	if err == nil || !strings.Contains(err.Error(), "left alone") {
		t.Errorf("a folder with a machine in it: got %v", err)
	}
	l.vm("/DC0/vm/prod/DC0_H0_VM1")
	if err := l.provider.DeleteLeftover(t.Context(), r, full[0]); err != nil {
		t.Fatal(err)
	}
	l.extra("DC0_H0_VM0", map[string]string{MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.10"}) // one elsewhere
	empty := l.leftovers(r)
	want := []string{"VirtualMachine /DC0/vm/DC0_H0_VM0", "Disk pvc-a", "Folder /DC0/vm/prod"}
	if diff := cmp.Diff(want, names(empty)); diff != "" {
		t.Fatal(diff)
	}
	for range 2 {
		for _, left := range empty {
			if err := l.provider.DeleteLeftover(t.Context(), r, left); err != nil {
				t.Error(err)
			}
		}
	}
	if list := l.leftovers(r); len(list) > 0 {
		t.Errorf("still there: %v", list)
	}
}

func TestDeleteLeftoverFolderIsTheOneListed(t *testing.T) {
	l := newLab(t)
	own, other := l.folder("/DC0/vm", "prod"), l.folder("/DC0/vm", "other")
	r := l.request(map[string]string{keyFolder: "/DC0/vm/prod"})
	if err := l.provider.DeleteLeftover(t.Context(), r, other); err == nil || !strings.Contains(err.Error(), "left alone") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]providers.Leftover{own}, l.leftovers(r)); diff != "" {
		t.Error(diff)
	}
	if _, err := l.finder.Folder(t.Context(), "/DC0/vm/other"); err != nil {
		t.Error(err)
	}
}
