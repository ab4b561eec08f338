package vsphere

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// clusterMachines marks machines as those of prod, of a namesake with another endpoint, of prod-1 and of another namespace.
func clusterMachines(l *lab) {
	for vm, markers := range map[string]map[string]string{
		"DC0_C0_RP0_VM1": {MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.10"},
		"DC0_C0_RP0_VM2": {MarkerCluster: "default/prod-1", MarkerEndpoint: "192.0.2.10"}, // the name alone must tell
		"DC0_C0_RP0_VM3": {MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.99"},
		"DC0_H0_VM0":     {MarkerCluster: "other/prod", MarkerEndpoint: "192.0.2.10"},
		"DC0_H0_VM1":     {MarkerCluster: "default/prod", MarkerEndpoint: "192.0.2.10"},
	} {
		l.extra(vm, markers)
	}
	l.wait(l.vm("DC0_H0_VM2").Rename(l.t.Context(), "prod-control-plane-abcde")) // the name alone means nothing
	l.wait(l.vm("DC0_H0_VM1").PowerOn(l.t.Context()))
}

func names(list []providers.Leftover) []string {
	var out []string
	for _, l := range list {
		out = append(out, l.Kind+" "+l.Name)
	}
	return out
}

func TestLeftoversAreTheClustersOwnAndNobodyElses(t *testing.T) {
	l := newLab(t)
	clusterMachines(l)
	got, err := l.provider.Leftovers(t.Context(), l.request(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"VirtualMachine /DC0/vm/DC0_C0_RP0_VM1", "VirtualMachine /DC0/vm/DC0_H0_VM1"}
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Error(diff)
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

func TestDeleteLeftover(t *testing.T) {
	l := newLab(t)
	clusterMachines(l)
	r := l.request(nil)
	list, err := l.provider.Leftovers(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time they are gone, which is as good
		for _, left := range list { // one of them is on
			if err := l.provider.DeleteLeftover(t.Context(), r, left); err != nil {
				t.Error(err)
			}
		}
	}
	if again, err := l.provider.Leftovers(t.Context(), r); err != nil || len(again) != 0 {
		t.Errorf("got %v, %v", again, err)
	}
	rest, err := l.finder.VirtualMachineList(t.Context(), "*")
	if err != nil || len(rest) != 6 {
		t.Errorf("%d machines are left of 8, %v", len(rest), err)
	}
}

func TestDeleteLeftoverTouchesNothingElse(t *testing.T) {
	l := newLab(t)
	clusterMachines(l)
	for _, name := range []string{"DC0_C0_RP0_VM2", "DC0_C0_RP0_VM3", "DC0_H0_VM0", "prod-control-plane-abcde", "ubuntu"} {
		left := providers.Leftover{Kind: kindMachine, ID: l.vm(name).Reference().Value, Name: name}
		if err := l.provider.DeleteLeftover(t.Context(), l.request(nil), left); err == nil || !strings.Contains(err.Error(), "left alone") {
			t.Errorf("%s: got %v", name, err)
		}
		l.vm(name)
	}
	if err := l.provider.DeleteLeftover(t.Context(), l.request(nil), providers.Leftover{Kind: "Network", ID: "network-7"}); err == nil {
		t.Error("a network is deleted")
	}
}

func TestLeftoversOfANamesakeAreNotGuessed(t *testing.T) {
	l := newLab(t)
	clusterMachines(l)
	r := l.request(map[string]string{keyEndpoint: ""})
	_, err := l.provider.Leftovers(t.Context(), r)
	if uerr.ExitCode(err) != uerr.Usage || !strings.Contains(err.Error(), keyEndpoint) {
		t.Errorf("got %v", err)
	}
	left := providers.Leftover{Kind: kindMachine, ID: l.vm("DC0_C0_RP0_VM1").Reference().Value}
	if err := l.provider.DeleteLeftover(t.Context(), r, left); err == nil {
		t.Error("a machine of an unknown endpoint is deleted")
	}
	r.Name = "nobody"
	if list, err := l.provider.Leftovers(t.Context(), r); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v", list, err)
	}
}
