package azure

import (
	"strings"
	"testing"
)

func TestGroups(t *testing.T) {
	l := newLab(t)
	l.run(
		step{"HEAD", testGroup, nil, 404, "", 0},
		step{"PUT", testGroup, object{}, 400, "LocationRequired", 0},
		step{"PUT", testGroup, object{"location": "moon"}, 400, "LocationNotAvailableForResourceGroup", 0},
		step{"PUT", testGroup, object{"location": "eastus"}, 201, "", 0},
		step{"PUT", testGroup, object{"location": "westeurope"}, 409, "InvalidResourceGroupLocation", 0},
		step{"PUT", testGroup, object{"location": "eastus", "tags": object{"a": "b"}}, 200, "", 0},
		step{"HEAD", testGroup, nil, 204, "", 0},
	)
	if got := l.read(testGroup); got.text("tags", "a") != "b" || got.text("properties", "provisioningState") != "Succeeded" {
		t.Errorf("group: %v", got)
	}
}

func TestDeletionOfAGroupTakesAllInIt(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(step{"PUT", testCluster, cluster(), 201, "", longTime})
	groups := "/subscriptions/" + testSubscription + "/resourceGroups"
	if got := l.names(groups); got != "MC_web_web1_eastus web" {
		t.Fatalf("groups: %s", got)
	}
	if got := l.names("/subscriptions/" + testSubscription + "/resources"); got != "web1 net" {
		t.Errorf("resources: %s", got)
	}
	status, _, header := l.call("DELETE", testGroup, nil)
	where := header.Get("Location")
	if status != 202 || where == "" || header.Get("Azure-Asyncoperation") != "" {
		t.Fatalf("delete: %d %v", status, header)
	}
	l.run(
		step{"PUT", testNetwork, network1("10.1.0.0/16"), 409, "ResourceGroupBeingDeleted", 0},
		step{"PUT", testGroup, object{"location": "eastus"}, 409, "ResourceGroupBeingDeleted", 0},
		step{"DELETE", testGroup, nil, 202, "", 0},
		step{"GET", where, nil, 202, "", longTime},
		step{"GET", where, nil, 204, "", 0},
		step{"GET", testGroup, nil, 404, "ResourceGroupNotFound", 0},
		step{"DELETE", testGroup, nil, 404, "ResourceGroupNotFound", 0},
		step{"DELETE", testCluster, nil, 204, "", 0},
	)
	if got := l.names(groups) + l.names("/subscriptions/"+testSubscription+"/resources"); got != "" || len(l.Clusters()) != 0 {
		t.Errorf("left: %s %v", got, l.Clusters())
	}
}

func TestDeletionOfAGroupStopsAtWhatOthersUse(t *testing.T) {
	l := newLab(t)
	l.network()
	other := strings.Replace(testCluster, "/web/", "/other/", 1)
	l.run(
		step{"PUT", strings.Replace(testGroup, "/web", "/other", 1), object{"location": "eastus"}, 201, "", 0},
		step{"PUT", other, cluster(), 201, "", longTime},
	)
	_, _, header := l.call("DELETE", testGroup, nil)
	l.clock.pass(longTime)
	l.run(step{"GET", header.Get("Location"), nil, 409, "ResourceGroupDeletionBlocked", 0})
	if got := l.read(testGroup).text("properties", "provisioningState"); got != "Succeeded" {
		t.Errorf("group: %s", got)
	}
	l.run(step{"GET", testNetwork + "/subnets/nodes", nil, 200, "", 0})
}
