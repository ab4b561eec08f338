package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Entry is one cluster that is asked for.
type Entry struct {
	Name              string
	Namespace         string
	Infrastructure    string
	Plan              string
	ManagementCluster string            // its name, or that of the current one
	Labels            map[string]string // of the Cluster object; those of the entry and of the defaults
	Protect           bool              // never deleted for not being in a file any more
	Pools             []Pool            // all workers of the cluster; none means that the count alone is given
	Family            Family            // the fleet that it is in
	Place             Place             // the first line of the entry

	config *Config
	blocks []*block // the entry's own, then the defaults that hold for it
	plan   *Plan    // nil when there is none of the name
}

// Config is the configuration of this cluster alone, with its plan.
func (e *Entry) Config() *Config { return e.config }

// newEntry resolves a cluster from its blocks and its layers, both in the order of their strength.
func (f *Fleet) newEntry(ff *fleetFile, blocks []*block, layers []layer) *Entry {
	own := blocks[0]
	e := &Entry{Place: own.place, Name: own.layer.values[nameVariable].text, Labels: map[string]string{}, blocks: blocks}
	c := &Config{
		registry: f.registry, flagNames: f.options.FlagNames, path: ff.path, file: ff.file, place: own.place,
		layers: layers, findings: own.findings,
	}
	e.Plan = cmp.Or(c.strongest(planVariable).text, f.options.DefaultPlan)
	if plan, ok := f.options.Plans[e.Plan]; ok {
		e.plan = &plan
		c = c.WithPlan(e.Plan, plan.Values)
	} else {
		c.values = merge(c.registry, c.layers)
	}
	e.config = c
	e.Namespace = c.String(namespaceVariable)
	e.Infrastructure, _, _ = strings.Cut(c.String(infrastructureVariable), ":") // TKG allowed a version behind it
	if e.Infrastructure == "" {
		e.Infrastructure = f.options.DefaultInfrastructure
	}
	e.ManagementCluster = cmp.Or(e.word(func(b *block) word { return b.management }).text, f.options.DefaultManagementCluster)
	e.Protect, _ = parseBool(e.word(func(b *block) word { return b.protect }).text)
	workers := c.Origin(workersVariable).Place
	for _, b := range slices.Backward(blocks) {
		for key, w := range b.labels {
			e.Labels[key] = w.text
		}
		if b.poolsAt != (Place{}) && b.poolsAt == workers { // else something stronger gives the number of workers
			e.Pools = b.pools
		}
	}
	return e
}

// word is the first of the blocks' texts that is set.
func (e *Entry) word(of func(*block) word) word {
	for _, b := range e.blocks {
		if w := of(b); w.text != "" {
			return w
		}
	}
	return word{}
}

// Format keeps %v and its relatives from printing values.
func (e *Entry) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "cluster(%s)", e.Name) }
