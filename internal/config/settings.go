package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// target is what an alias stands for, or the node itself.
func target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	n = target(n)
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// settings lists the keys of a mapping. Those that YAML's merge key << brings in come behind the mapping's own, which
// they never hide; they keep the line that they were written on. Values are never aliases.
func settings(n *yaml.Node, at Place) ([]entry, uerr.Findings) {
	m := merging{at: at, taken: map[string]bool{}, visited: map[*yaml.Node]bool{}}
	m.add(n)
	return m.entries, m.findings
}

// merging is the state of following merge keys. Each mapping counts once, so that mappings that merge themselves or each
// other end, and cost what they are long.
type merging struct {
	at       Place
	entries  []entry
	taken    map[string]bool // by the mappings before this one
	visited  map[*yaml.Node]bool
	findings uerr.Findings
}

func (m *merging) add(n *yaml.Node) {
	n = target(n)
	if m.visited[n] {
		return
	}
	m.visited[n] = true
	var merges []entry
	first := len(m.entries)
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := entry{n.Content[i], target(n.Content[i+1])}
		switch {
		case e.key.ShortTag() == "!!merge":
			merges = append(merges, e)
		case e.key.Kind != yaml.ScalarNode:
			m.refuse(e, "the key is not a name", "write each setting as name: value")
		case !m.taken[e.key.Value]:
			m.entries = append(m.entries, e)
		}
	}
	for _, e := range m.entries[first:] {
		m.taken[e.key.Value] = true
	}
	for _, e := range merges {
		m.merge(e)
	}
}

// merge takes the value of a merge key: a mapping, or several.
func (m *merging) merge(e entry) {
	sources := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		sources = e.value.Content
	}
	for _, source := range sources {
		if target(source).Kind != yaml.MappingNode {
			m.refuse(e, "<< merges something that is not a map of settings", "write <<: *name, of an anchor &name that stands before a map")
			return
		}
		m.add(source)
	}
}

func (m *merging) refuse(e entry, problem, next string) {
	at := Place{File: m.at.File, Line: e.key.Line, Column: e.key.Column, Field: m.at.Field}
	m.findings = append(m.findings, uerr.Finding{Where: at.String(), Problem: problem, Next: next})
}

// plain gives the text of a single value as it is written, so that 1.20 stays 1.20 and 0123 stays 0123; empty for null.
// The name is for the finding when it is no single value.
func plain(n *yaml.Node, name string, at Place) (string, uerr.Findings) {
	refuse := func(problem, next string) (string, uerr.Findings) {
		return "", uerr.Findings{{Where: at.String(), Problem: problem, Next: next}}
	}
	n = target(n)
	if n.Kind != yaml.ScalarNode {
		return refuse(name+" is a list or a map, and must be a single value",
			fmt.Sprintf("write %s: value; put a value with special characters between single quotes", name))
	}
	switch tag := n.ShortTag(); {
	case tag == "!!null":
		return "", nil
	case len(tag) < 2 || tag[:2] != "!!":
		return refuse(fmt.Sprintf("the value of %s starts with ! and has no quotes", name),
			fmt.Sprintf("put the value of %s between single quotes", name))
	}
	return n.Value, nil
}
