package kube

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/uerr"
)

func some(n int32) *int32 { return &n }

// zoned are machine deployments md-0, md-1, ..., one in each zone.
func zoned(zones ...string) clusterv1.WorkersTopology {
	var out clusterv1.WorkersTopology
	for i, zone := range zones {
		out.MachineDeployments = append(out.MachineDeployments, clusterv1.MachineDeploymentTopology{
			Name: fmt.Sprintf("md-%d", i), Class: "worker", FailureDomain: zone, Replicas: some(1),
		})
	}
	return out
}

// pooled are machine pools, each "name=class".
func pooled(pools ...string) clusterv1.WorkersTopology {
	var out clusterv1.WorkersTopology
	for _, pool := range pools {
		name, class, _ := strings.Cut(pool, "=")
		out.MachinePools = append(out.MachinePools, clusterv1.MachinePoolTopology{Name: name, Class: class, Replicas: some(1)})
	}
	return out
}

// with adds a machine deployment that set nodepool made.
func with(workers clusterv1.WorkersTopology, name, zone string, overrides ...clusterv1.ClusterVariable) clusterv1.WorkersTopology {
	pool := clusterv1.MachineDeploymentTopology{Name: name, Class: "worker", FailureDomain: zone, Replicas: some(1)}
	pool.Metadata.Annotations = map[string]string{addedAnnotation: ""}
	pool.Variables.Overrides = overrides
	workers.MachineDeployments = append(workers.MachineDeployments, pool)
	return workers
}

// ownType gives the pools, which have been there from the start, a type of machine of their own.
func ownType(workers clusterv1.WorkersTopology) clusterv1.WorkersTopology {
	for i := range workers.MachineDeployments {
		workers.MachineDeployments[i].Variables.Overrides = []clusterv1.ClusterVariable{{Name: "worker"}}
	}
	return workers
}

func TestSizeOfPools(t *testing.T) {
	big := clusterv1.ClusterVariable{Name: "worker"}
	for name, tt := range map[string]struct {
		workers clusterv1.WorkersTopology
		size    Size
		want    string // name=replicas of every pool, or part of the refusal
	}{
		"as they are":                      {zoned("a", "b"), Size{}, "md-0=1 md-1=1"},
		"the only one":                     {zoned(""), Size{Workers: some(3)}, "md-0=3"},
		"spread over zones":                {zoned("a", "b"), Size{Workers: some(5)}, "md-0=3 md-1=2"},
		"none":                             {zoned("a", "b"), Size{Workers: some(0)}, "md-0=0 md-1=0"},
		"zones with machines of their own": {ownType(zoned("a", "b")), Size{Workers: some(2)}, "md-0=1 md-1=1"},
		"another zone added":               {with(zoned("a", "b"), "md-2", "c"), Size{Workers: some(6)}, "md-0=2 md-1=2 md-2=2"},
		"a pool added for something else":  {with(zoned("a", "b"), "gpu", "c", big), Size{Workers: some(6)}, "several pools of workers: md-0, md-1, gpu"},
		"a second pool in a zone":          {with(zoned("a", "b"), "gpu", "a"), Size{Workers: some(6)}, "several pools"},
		"without zones":                    {zoned("", ""), Size{Workers: some(6)}, "several pools"},
		"a zone and none":                  {zoned("a", ""), Size{Workers: some(6)}, "several pools"},
		"one that is named":                {with(zoned("a", "b"), "gpu", "c", big), Size{Workers: some(6), Pool: "gpu"}, "md-0=1 md-1=1 gpu=6"},
		"one that is not there":            {zoned("a", "b"), Size{Workers: some(6), Pool: "gpu"}, "its pools are md-0, md-1"},
		"none at all":                      {clusterv1.WorkersTopology{}, Size{Workers: some(1)}, "no pool of workers"},
		"a system pool alone":              {pooled("system=system"), Size{Workers: some(4)}, "system=4"},
		"beside a system pool":             {pooled("system=system", "user=worker"), Size{Workers: some(4)}, "system=1 user=4"},
		"beside two of them":               {pooled("system=system", "user=worker", "gpu=worker"), Size{Workers: some(4)}, "several pools"},
		"the system pool, all of it":       {pooled("system=system", "user=worker"), Size{Workers: some(0), Pool: "system"}, "cluster's own pods"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := &clusterv1.Cluster{}
			cluster.Spec.Topology.Workers = tt.workers
			if err := CheckSize(cluster, tt.size); err != nil {
				if !strings.Contains(err.Error(), tt.want) || uerr.ExitCode(err) == uerr.Failure {
					t.Errorf("refused with code %d: %v, want %q", uerr.ExitCode(err), err, tt.want)
				}
				return
			}
			pools, err := resized(cluster, tt.size)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, pool := range pools {
				got = append(got, fmt.Sprintf("%s=%d", pool.Name, *pool.Replicas))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPoolsAreSizedInTheirLists(t *testing.T) {
	cluster := &clusterv1.Cluster{}
	cluster.Spec.Topology.Workers = zoned("a")
	cluster.Spec.Topology.Workers.MachinePools = pooled("user=worker", "auto=worker").MachinePools
	cluster.Spec.Topology.Workers.MachinePools[1].Replicas = nil // the autoscaler's
	want := map[string]any{
		"machineDeployments": []any{map[string]any{"name": "md-0", "replicas": int64(1)}},
		"machinePools":       []any{map[string]any{"name": "user", "replicas": int64(1)}},
	}
	if diff := cmp.Diff(want, poolSizes(Pools(cluster))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
