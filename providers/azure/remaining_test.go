package azure

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	sim "github.com/slipway-sh/slipway/internal/sim/azure"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

func (l *lab) remaining(r providers.Request) []providers.Task {
	l.t.Helper()
	tasks, err := l.provider.Remaining(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	return tasks
}

func TestIdentitiesGetTheirRoles(t *testing.T) {
	l := newLab(t)
	r := l.request(virtualNode(nil))
	early := l.remaining(r)
	if len(early) != 2 || early[1].What != roleFor(virtualNodeIdentity) || uerr.ExitCode(early[1].Do(t.Context())) != uerr.NotFound {
		t.Fatalf("before the cluster is there: %v", early)
	}
	r.Current = l.values(r).Variables
	l.make("prod", labOwner)
	tasks := l.remaining(r)
	if len(tasks) != 2 || !strings.Contains(tasks[0].What+tasks[1].What, "virtual node's identity") {
		t.Fatalf("tasks: %v", tasks)
	}
	for range 2 { // the second time finds all done
		for _, task := range tasks {
			if err := task.Do(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	if tasks := l.remaining(r); len(tasks) > 0 {
		t.Errorf("still: %v", tasks)
	}
	scopes := fmt.Sprint(l.call("GET", networkPath("prod", "prod")+"/subnets/virtual-node/providers/Microsoft.Authorization/roleAssignments", nil))
	if !strings.Contains(scopes, "/subnets/virtual-node") || !strings.Contains(scopes, noteOwner+labOwner) {
		t.Errorf("assignments: %s", scopes)
	}
}

func TestARoleThatMayNotBeGivenIsExplained(t *testing.T) {
	l := newLab(t, func(i *sim.Inventory) { i.Role = "Contributor" })
	l.make("prod", labOwner)
	tasks := l.remaining(l.request(virtualNode(nil)))
	if len(tasks) == 0 {
		t.Fatal("no tasks")
	}
	var failed *uerr.Error
	if err := tasks[0].Do(t.Context()); !errors.As(err, &failed) || !strings.Contains(failed.Next, `az role assignment create --role "Network Contributor" --assignee-object-id`) {
		t.Errorf("%v", err)
	}
}

// In a network of somebody else a deleted cluster leaves its roles and, when its deletion was broken off, its subnet; what
// was there stays.
func TestOnlyWhatTheClusterMadeInANetworkIsLeftOver(t *testing.T) {
	l := newLab(t)
	hub := networkPath("shared", "hub")
	r := l.request(virtualNode(map[string]string{keyVNetGroup: "shared", keyVNet: "hub", keyNodeSubnet: "nodes", keyVirtualName: "fresh", keyVirtualCIDR: "172.20.30.0/24"}))
	r.Current = l.values(r).Variables
	l.makeGroup("prod", owned(labOwner))
	l.makeSubnet(hub, "fresh", "172.20.30.0/24", delegation)
	l.makeCluster("prod", "prod", hub, "nodes", "fresh", owned(labOwner))
	for _, task := range l.remaining(r) {
		if err := task.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	l.call("DELETE", clusterPath("prod", "prod"), nil)
	r.Current = nil
	left, err := l.provider.Leftovers(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, x := range left {
		kinds = append(kinds, x.Kind+" "+x.ID[strings.LastIndexByte(x.ID, '/')+1:])
		if err := l.provider.DeleteLeftover(t.Context(), r, x); err != nil {
			t.Error(err)
		}
	}
	if len(left) != 4 || kinds[0] != "Subnet fresh" || left[3].Kind != "ResourceGroup" {
		t.Errorf("leftovers: %v", kinds)
	}
	subnets := fmt.Sprint(l.call("GET", hub+"/subnets", nil))
	if strings.Contains(subnets, "fresh") || !strings.Contains(subnets, "nodes") {
		t.Errorf("subnets: %s", subnets)
	}
	if again, err := l.provider.Leftovers(t.Context(), r); err != nil || len(again) > 0 {
		t.Errorf("still: %v, %v", again, err)
	}
}

// What goes with a group is not listed beside it.
func TestAClusterOfItsOwnGroupLeavesThatAlone(t *testing.T) {
	l := newLab(t)
	l.make("prod", labOwner)
	r := l.request(nil)
	left, err := l.provider.Leftovers(t.Context(), r)
	if err != nil || len(left) != 1 || left[0].ID != groupPath("prod") {
		t.Fatalf("leftovers: %v, %v", left, err)
	}
	if err := l.provider.DeleteLeftover(t.Context(), r, left[0]); err != nil {
		t.Fatal(err)
	}
	if groups := fmt.Sprint(l.call("GET", subscriptionPath+"/resourceGroups", nil)); strings.Contains(groups, "prod") {
		t.Errorf("groups: %s", groups)
	}
}
