package azure

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// left are the kinds of what is left, without their namespaces.
func (l *lab) left() string {
	var out []string
	for _, r := range l.Resources() {
		out = append(out, nameOf(r.Kind))
	}
	return strings.Join(out, " ")
}

func TestResourcesAreWhatTheInventoryDidNotBring(t *testing.T) {
	l := newLab(t, func(o *Options) {
		o.Inventory.Networks = []Network{{Group: "shared", Name: "net", Location: "eastus", Prefix: "10.9.0.0/16", Subnets: []Subnet{{Name: "a", Prefix: "10.9.0.0/24"}}}}
	})
	if got := l.left(); got != "" {
		t.Errorf("before anything is made: %s", got)
	}
	l.network()
	shared := strings.Replace(testNetwork, "/web/", "/shared/", 1)
	l.run(
		step{"PUT", testCluster, cluster(), 201, "", longTime},
		step{"PUT", shared + "/subnets/b", subnet("10.9.1.0/24", ""), 201, "", shortTime},
	)
	if got, want := l.left(), "resourceGroups subnets resourceGroups managedClusters agentPools virtualNetworks subnets subnets"; got != want {
		t.Errorf("left: %s, want %s", got, want)
	}
	l.run(step{"DELETE", testGroup, nil, 202, "", longTime})
	want := []Resource{{Kind: kindSubnet, ID: shared + "/subnets/b"}}
	if diff := cmp.Diff(want, l.Resources()); diff != "" {
		t.Errorf("left without the group (-want +got): %s", diff)
	}
}

// TestNobodyIsAheadOfTheNodes asks what the follower knows when a call is answered.
func TestNobodyIsAheadOfTheNodes(t *testing.T) {
	version := ""
	l := newLab(t, func(o *Options) {
		o.Follow = func(clusters []Cluster) {
			for _, k := range clusters {
				version = k.Version
			}
		}
	})
	l.network()
	l.run(step{"PUT", testCluster, cluster(), 201, "", longTime})
	state := l.read(testCluster).text("properties", "provisioningState")
	if state != "Succeeded" || version != "1.35.4" {
		t.Errorf("the cluster is %s and its nodes run %q", state, version)
	}
}

func TestAHeldCallIsInTheLog(t *testing.T) {
	var l *lab
	held := map[string]bool{}
	l = newLab(t, func(o *Options) {
		o.Hold = func(_ context.Context, action string) {
			if l == nil {
				return // the token is fetched while the lab is made
			}
			calls := l.Calls()
			held[action] = calls[len(calls)-1].Method == action
		}
	})
	l.run(
		step{"PUT", testGroup, object{"location": "eastus"}, 201, "", 0},
		step{"GET", testGroup + "/secrets", nil, 404, "InvalidResourceType", 0},
	)
	want := map[string]bool{"Microsoft.Resources/subscriptions/resourceGroups/write": true, "unknown:GET": true}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Errorf("held (-want +got): %s", diff)
	}
}

// TestAPrivateClusterIsReachedByItsPrivateName checks it where kubeconfigs are made.
func TestAPrivateClusterIsReachedByItsPrivateName(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(step{"PUT", testCluster, cluster("properties.apiServerAccessProfile", object{"enablePrivateCluster": true}), 201, "", longTime})
	if got, want := l.Clusters()[0].FQDN, l.read(testCluster).text("properties", "privateFQDN"); got != want || want == "" {
		t.Errorf("name: %q, want %q", got, want)
	}
}
