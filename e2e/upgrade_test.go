//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
)

// TestUpgrade takes a cluster from one Kubernetes version to the next: machines are replaced, and nothing else changes.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	r := initialised(t)
	r.must("create", "cluster", "demo", "-p", "dev", "--kubernetes-version", "v1.35.4")
	before := r.topology()
	for args, want := range map[string]string{
		"--kubernetes-version v1.34.9": "cannot go back",
		"--kubernetes-version v1.37.0": "leave out a minor version",
		"--kubernetes-version v1.36.9": "v1.36.9",
	} {
		got := r.run(append([]string{"upgrade", "cluster", "demo", "-y"}, strings.Fields(args)...)...)
		if got.code == 0 || !strings.Contains(got.stderr, want) {
			r.t.Errorf("upgrade %s: exit %d, want a refusal with %q:\n%s", args, got.code, want, got.stderr)
		}
	}
	if got := r.run("upgrade", "cluster", "demo"); got.code == 0 || r.topology().Version != "v1.35.4" {
		r.t.Errorf("without --yes nobody was asked: exit %d\n%s", got.code, got.stderr)
	}
	r.must("scale", "cluster", "demo", "-w", "2", "--wait")
	r.must("upgrade", "cluster", "demo", "--yes") // the newest is one minor version away
	r.wantUpgraded(before)
	upgraded := r.topology()
	r.must("upgrade", "cluster", "demo", "--yes")
	r.must("create", "cluster", "demo", "-p", "dev", "-w", "2")
	if diff := cmp.Diff(upgraded, r.topology()); diff != "" {
		r.t.Errorf("the same upgrade again, and the creation typed again, changed (-before +after):\n%s", diff)
	}
	if got := r.must("retry", "cluster", "demo"); !strings.Contains(got.stderr, "has stopped") {
		r.t.Errorf("retry of a healthy cluster says:\n%s", got.stderr)
	}
	if got := r.run("set", "virtualnode", "demo"); got.code != 2 || !strings.Contains(got.stderr, "on vsphere, which has no virtual node") {
		r.t.Errorf("set virtualnode on vSphere: exit %d\n%s", got.code, got.stderr)
	}
}

func (r *rehearsal) topology() clusterv1.Topology {
	r.t.Helper()
	c, err := kube.Connect(r.planeDir()+"/admin.kubeconfig", "")
	if err != nil {
		r.t.Fatal(err)
	}
	cluster, err := c.Cluster(r.t.Context(), kube.Key{Namespace: "default", Name: "demo"})
	if err != nil {
		r.t.Fatal(err)
	}
	return cluster.Spec.Topology
}

// wantUpgraded compares the topology with that of before: the version and the template are new, the rest is as it was.
func (r *rehearsal) wantUpgraded(before clusterv1.Topology) {
	r.t.Helper()
	after := r.topology()
	if after.Version != "v1.36.3" || *after.Workers.MachineDeployments[0].Replicas != 2 {
		r.t.Errorf("version %s and %d workers, want v1.36.3 and 2", after.Version, *after.Workers.MachineDeployments[0].Replicas)
	}
	had := map[string]string{}
	for _, v := range before.Variables {
		had[v.Name] = string(v.Value.Raw)
	}
	for _, v := range after.Variables {
		if changed := had[v.Name] != string(v.Value.Raw); changed != (v.Name == "template") {
			r.t.Errorf("variable %s: %s -> %s", v.Name, had[v.Name], v.Value.Raw)
		}
	}
	for _, cluster := range r.clusters() {
		if cluster["name"] == "demo" && (cluster["kubernetes"] != "v1.36.3" || cluster["status"] != "running") {
			r.t.Errorf("get clusters says %v", cluster)
		}
	}
	r.wantMachines(3)
}
