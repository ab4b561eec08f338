package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// decide asks the cloud, and compares what it makes of the file with what is there.
func (i *Item) decide(ctx context.Context) error {
	d := i.desired
	findings, err := d.Preflight(ctx, i.live)
	if err := errors.Join(err, findings.Err()); err != nil {
		return err
	}
	if i.live == nil {
		return nil
	}
	if i.resolved, err = d.Resolve(ctx, i.live); err != nil {
		return err
	}
	live, err := kube.SpecOf(i.live)
	if err != nil {
		return err
	}
	m := kube.Mark(i.live)
	wanted, err := i.wanted(live)
	if err != nil {
		return err
	}
	i.Changes = kube.CompareSpec(kube.ClusterName(i.Key()), live, m.Applied, wanted)
	if m.Family == "" && !i.adoptable() {
		return i.foreign()
	}
	i.remove = i.removedPools(m)
	i.Replaces = i.replacesMachines()
	specChanges := len(i.Changes)
	i.Changes = slices.Concat(i.Changes, i.markChanges(m), i.damage(m), i.otherSecrets(m))
	if refused := i.impossible(); refused != nil {
		return refused
	}
	switch {
	case m.Family == "":
		i.Action, i.Why = Change, "it is as it is asked for, and becomes one of fleet "+d.Family
	case len(i.Changes) > 0:
		i.Action = Change
	case specChanges == 0 && i.Action != Finish:
		i.Action, i.Why = Finish, "an earlier run did not get to its end, or was of another version of Slipway"
	}
	return nil
}

// wanted is the spec as it is to be: with the class that the cluster has, which another version of Slipway may have made.
func (i *Item) wanted(live map[string]any) (map[string]any, error) {
	cluster, o := i.live.Spec.Topology.ClassRef, i.resolved.Objects
	if mine := o.Cluster.Spec.Topology.ClassRef; mine.Name != cluster.Name && kindOfClass(mine.Name) == kindOfClass(cluster.Name) {
		o.Cluster.Spec.Topology.ClassRef = cluster
		o.Class = nil
	}
	wanted, err := kube.SpecOf(o.Cluster)
	if err != nil || !render.Gated(o.Gate) {
		return wanted, err
	}
	return wanted, keepClosed(wanted, live, o.Gate.Closed)
}

// kindOfClass is the name of a class without the hash of its content.
func kindOfClass(name string) string {
	if cut := strings.LastIndexByte(name, '-'); cut > 0 {
		return name[:cut]
	}
	return name
}

// keepClosed takes the variables of a gate that is closed now out of the comparison: they change by themselves.
func keepClosed(wanted, live, closed map[string]any) error {
	have, err := variablesOf(live)
	if err != nil {
		return err
	}
	plain, err := render.Variables(closed)
	if err != nil {
		return err
	}
	for name, value := range plain {
		if fmt.Sprint(have[name]) != fmt.Sprint(value) {
			return nil // open
		}
	}
	topology, _ := wanted["topology"].(map[string]any)
	list, _ := topology["variables"].([]any)
	for n, item := range list {
		fields, _ := item.(map[string]any)
		if name, _ := fields["name"].(string); plain[name] != nil {
			list[n] = map[string]any{"name": name, "value": have[name]}
		}
	}
	return nil
}

func variablesOf(spec map[string]any) (map[string]any, error) {
	topology, ok := spec["topology"].(map[string]any)
	if !ok {
		return nil, errors.New("the cluster has no topology")
	}
	out := map[string]any{}
	list, _ := topology["variables"].([]any)
	for _, item := range list {
		fields, _ := item.(map[string]any)
		name, _ := fields["name"].(string)
		out[name] = fields["value"]
	}
	return out, nil
}

// adoptable says whether a cluster of no fleet is what create cluster would make, so that nothing changes for its owner.
func (i *Item) adoptable() bool {
	return len(i.Changes) == 0 && i.live.Labels[kube.ManagedByLabel] == kube.FieldOwner
}

func (i *Item) foreign() error {
	what := "it was not made by Slipway"
	if i.live.Labels[kube.ManagedByLabel] == kube.FieldOwner {
		what = "it differs in " + i.Changes[0].Field
	}
	return uerr.Findings{{
		Where: i.Where, Problem: fmt.Sprintf("%s is there, in no fleet, and %s", kube.ClusterName(i.Key()), what),
		Next: fmt.Sprintf("change the file until it describes the cluster as it is; or give the entry another name; or hand the cluster over as it is: "+
			"kubectl label clusters.cluster.x-k8s.io -n %s %s %s=%s", i.Namespace, i.Name, kube.FleetLabel, i.desired.Family),
	}}
}

// markChanges are labels and the protection, which are no part of the spec.
func (i *Item) markChanges(m kube.FleetMark) []kube.Change {
	d := i.desired
	var out []kube.Change
	add := func(field, from, to string) {
		if from != to {
			out = append(out, kube.Change{Object: kube.ClusterName(i.Key()), Field: field, From: from, To: to})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Labels)) {
		add("metadata.labels."+name, i.live.Labels[name], d.Labels[name])
	}
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		if _, still := d.Labels[name]; !still {
			add("metadata.labels."+name, i.live.Labels[name], "")
		}
	}
	if m.Protect != d.Protect {
		add("protect", fmt.Sprint(m.Protect), fmt.Sprint(d.Protect))
	}
	return out
}

// removedPools are those that a file asked for and asks for no more.
func (i *Item) removedPools(m kube.FleetMark) []string {
	had, want := poolNames(m.Applied), map[string]bool{}
	for _, pool := range kube.Pools(i.resolved.Objects.Cluster) {
		want[pool.Name] = true
	}
	var out []string
	for _, pool := range kube.Pools(i.live) {
		if had[pool.Name] && !want[pool.Name] {
			out = append(out, pool.Name)
		}
	}
	return out
}

func poolNames(spec map[string]any) map[string]bool {
	out := map[string]bool{}
	topology, _ := spec["topology"].(map[string]any)
	workers, _ := topology["workers"].(map[string]any)
	for _, list := range workers {
		items, _ := list.([]any)
		for _, item := range items {
			fields, _ := item.(map[string]any)
			if name, _ := fields["name"].(string); name != "" {
				out[name] = true
			}
		}
	}
	return out
}

// impossible refuses what no edit of a cluster that is there can do.
func (i *Item) impossible() error {
	wanted := i.resolved.Objects.Cluster
	var out uerr.Findings
	for _, c := range i.Changes {
		if !fixed(c.Field, i.resolved.Fixed) || c.From == "" {
			continue
		}
		next := "put the old value back, or give the entry another name, move the work there, and delete " + i.Title()
		if strings.HasPrefix(c.Field, "spec.topology.workers.") {
			next = "put the old value back, or add a pool of another name, and take this one out once the work has moved"
		}
		out = append(out, uerr.Finding{
			Where: i.Where, Problem: fmt.Sprintf("%s cannot change from %s to %s while the cluster is there", c.Field, c.From, orNothing(c.To)), Next: next,
		})
	}
	if from := i.live.Labels[render.LabelInfrastructure]; from != "" && from != i.desired.Infrastructure {
		out = uerr.Findings{{
			Where: i.Where, Problem: fmt.Sprintf("the cluster is on %s and cannot move to %s", from, i.desired.Infrastructure),
			Next: "give the entry another name, move the work there, and delete " + i.Title(),
		}}
	}
	if out == nil && wanted.Spec.Topology.Version != i.live.Spec.Topology.Version {
		return phase.CheckUpgrade(i.Key(), i.live.Spec.Topology.Version, wanted.Spec.Topology.Version)
	}
	return out.Err()
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}
