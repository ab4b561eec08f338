package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Validate gives every finding about the files and all their clusters, in the order of the files and their lines. What
// is wrong in one place counts once, however many clusters have it. Nothing is contacted.
func (f *Fleet) Validate() uerr.Findings {
	all := newGathering(f)
	for _, x := range f.findings {
		all.add(nil, x)
	}
	for _, e := range f.entries {
		for _, x := range f.check(e) {
			all.add(e, x)
		}
	}
	for _, x := range slices.Concat(f.sameNames(), f.sameEndpoints(), f.foreignEndpoints(), f.overlappingSubnets()) {
		all.add(nil, x)
	}
	return all.sorted()
}

// check gives the findings about one cluster.
func (f *Fleet) check(e *Entry) uerr.Findings {
	c := e.config
	if e.blocks[0].labels == nil { // no map: nothing more can be said about it
		return c.Findings()
	}
	findings := c.Validate(e.Infrastructure, UseCloud, UseCluster)
	if e.Name == "" {
		findings = append(findings, uerr.Finding{Where: e.Place.String(), Problem: "the cluster has no name", Next: "write name: NAME"})
	}
	findings = append(findings, f.checkPlan(e)...)
	findings = append(findings, f.checkManagement(e)...)
	return append(findings, e.checkForeign()...)
}

// checkPlan refuses a plan that there is not, and fewer workers than it allows.
func (f *Fleet) checkPlan(e *Entry) uerr.Findings {
	c := e.config
	if e.plan == nil {
		if len(f.options.Plans) == 0 {
			return nil
		}
		known := slices.Sorted(maps.Keys(f.options.Plans))
		x := uerr.Finding{Where: c.Origin(planVariable).Where, Problem: fmt.Sprintf("unknown plan %q; there are %s", clip(e.Plan), strings.Join(known, ", "))}
		near := Nearest(e.Plan, known)
		if near == "" {
			near = known[0]
		}
		x.Next = c.howToSet(planVariable, near)
		return uerr.Findings{x}
	}
	n, err := c.Int(workersVariable)
	if err != nil || n >= e.plan.MinWorkers {
		return nil
	}
	return uerr.Findings{{
		Where:   c.Origin(workersVariable).Where,
		Problem: fmt.Sprintf("plan %s wants at least %d workers, not %d", e.Plan, e.plan.MinWorkers, n),
		Next:    fmt.Sprintf("ask for %d workers or more, or take a smaller plan", e.plan.MinWorkers),
	}}
}

// checkManagement refuses a management cluster that is not registered.
func (f *Fleet) checkManagement(e *Entry) uerr.Findings {
	w := e.word(func(b *block) word { return b.management })
	known := f.options.ManagementClusters
	if w.text == "" || known == nil || slices.Contains(known, w.text) {
		return nil
	}
	x := uerr.Finding{
		Where: w.place.String(), Problem: fmt.Sprintf("there is no management cluster %q", clip(w.text)),
		Next: "see those there are: get management-cluster",
	}
	if near := Nearest(w.text, known); near != "" {
		x.Next = fmt.Sprintf("write %s: %s", keyManagement, near)
	}
	return uerr.Findings{x}
}

// checkForeign warns of variables in an entry that are another infrastructure's.
func (e *Entry) checkForeign() uerr.Findings {
	var findings uerr.Findings
	c := e.config
	for _, name := range slices.Sorted(maps.Keys(e.blocks[0].layer.values)) {
		at := e.blocks[0].layer.values[name].place
		if v, _ := c.registry.find(name, e.Infrastructure); !v.serves(e.Infrastructure) {
			findings = append(findings, uerr.Finding{
				Severity: uerr.Warning, Where: at.String(), Problem: fmt.Sprintf("%s has no effect on %s", name, e.Infrastructure),
				Next: "remove it, or correct the infrastructure of the cluster",
			})
		}
	}
	return findings
}

// sameNames refuses a name that a namespace of a management cluster would have twice.
func (f *Fleet) sameNames() uerr.Findings {
	type key struct{ management, namespace, name string }
	first := map[key]*Entry{}
	var findings uerr.Findings
	for _, e := range f.entries {
		k := key{e.ManagementCluster, e.Namespace, e.Name}
		before, taken := first[k]
		switch {
		case e.Name == "":
		case !taken:
			first[k] = e
		default:
			findings = append(findings, uerr.Finding{
				Where:   e.config.Origin(nameVariable).Where,
				Problem: fmt.Sprintf("there is a cluster %s/%s already, in %s", k.namespace, k.name, before.config.Origin(nameVariable).Where),
				Next:    "give one of the two another name, or another namespace",
			})
		}
	}
	return findings
}
