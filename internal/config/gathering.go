package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// gathering collects the findings about many clusters, each place and problem once.
type gathering struct {
	paths []string // of the files, in their order
	index map[gatherKey]int
	found []gathered
}

type gatherKey struct {
	severity uerr.Severity
	where    string
	problem  string
}

// gathered is one finding and the clusters that have it.
type gathered struct {
	uerr.Finding
	file, line int  // of the file in the order of the fleet, from 1; 0 is outside of the files
	inside     bool // the place lies in the entry of the first cluster
	entries    []*Entry
}

func newGathering(f *Fleet) *gathering {
	g := &gathering{index: map[gatherKey]int{}}
	for _, ff := range f.files {
		g.paths = append(g.paths, ff.path)
	}
	return g
}

// add takes a finding about a cluster, or about none. What an entry lacks counts once for each file, all else once for
// each line.
func (g *gathering) add(e *Entry, x uerr.Finding) {
	at := gathered{Finding: x}
	for i, path := range g.paths {
		if line, ok := lineOf(x.Where, path); ok {
			at.file, at.line = i+1, line
		}
	}
	key := gatherKey{x.Severity, fmt.Sprint(at.file, ":", at.line), x.Problem}
	switch {
	case at.file == 0:
		key.where = x.Where
	case e != nil && x.Where == e.Place.String():
		key.where, at.inside = e.Place.File, true
	case e != nil:
		at.inside = strings.Contains(x.Where, "("+e.Place.Field)
	}
	i, known := g.index[key]
	if !known {
		i = len(g.found)
		g.index[key], g.found = i, append(g.found, at)
	}
	if e != nil {
		g.found[i].entries = append(g.found[i].entries, e)
	}
}

// sorted gives the findings by file and line; what is in no file comes first.
func (g *gathering) sorted() uerr.Findings {
	slices.SortStableFunc(g.found, func(a, b gathered) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Problem, b.Problem))
	})
	var out uerr.Findings
	for _, x := range g.found {
		x.Problem += x.whose()
		out = append(out, x.Finding)
	}
	return out
}

// whose names the clusters when the place does not.
func (x gathered) whose() string {
	const most = 3
	n := len(x.entries)
	if n == 0 || n == 1 && x.inside {
		return ""
	}
	var names []string
	for _, e := range x.entries[:min(n, most)] {
		names = append(names, cmp.Or(e.Name, e.Place.Field))
	}
	text := strings.Join(names, ", ")
	switch {
	case n == 1:
		return " (cluster " + text + ")"
	case n > most:
		text += fmt.Sprintf(" and %d more", n-most)
	}
	return fmt.Sprintf(" (%d clusters: %s)", n, text)
}
