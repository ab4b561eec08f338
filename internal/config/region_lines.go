package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// This file adds and removes the lines of nested keys, for the management clusters under tkg.

const indentStep = 2

// setIn gives a key of a block mapping a value, in place or as a new line behind the mapping's last.
func (d *Document) setIn(mapping *yaml.Node, key, value string) error {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return errByHand
	}
	if old := child(mapping, key); old != nil {
		edited, err := d.withValue(old, value)
		if err != nil {
			return fmt.Errorf("%s:%d: %s: %w", d.path, old.Line, key, err)
		}
		return d.adopt(edited)
	}
	s, err := d.span(mapping)
	if err != nil {
		return err
	}
	return d.insertAfter(s.end, strings.Repeat(" ", mapping.Column-1)+key+": "+quote(value, 0))
}

// insertAfter puts lines behind the line that holds the end of a node.
func (d *Document) insertAfter(end int, lines ...string) error {
	rest, next := d.line(end)
	at := end + len(rest)
	text := d.eol() + strings.Join(lines, d.eol())
	if next == at { // the last line has no line end
		text += d.eol()
	}
	return d.adopt(d.splice(span{at, at}, text))
}

// addItem appends a region, with its name only.
func (d *Document) addItem(r Region) error {
	line := "- " + keyName + ": " + quote(r.Name, 0)
	tkg := child(d.root, keyTKG)
	if tkg == nil {
		pad := strings.Repeat(" ", indentStep)
		return d.adopt(d.append(keyTKG+":", pad+keyRegions+":", pad+line))
	}
	key, list := keyOf(d.root, keyTKG), child(tkg, keyRegions)
	switch {
	case tkg.Kind != yaml.MappingNode: // null
		pad := strings.Repeat(" ", key.Column-1+indentStep)
		return d.insertAfter(d.keyEnd(key, tkg), pad+keyRegions+":", pad+line)
	case list == nil:
		s, err := d.span(tkg)
		if err != nil {
			return err
		}
		pad := strings.Repeat(" ", tkg.Column-1)
		return d.insertAfter(s.end, pad+keyRegions+":", pad+line)
	case len(list.Content) == 0:
		return d.firstItem(list, strings.Repeat(" ", tkg.Column-1)+line)
	}
	s, err := d.span(list)
	if err != nil {
		return err
	}
	return d.insertAfter(s.end, strings.Repeat(" ", list.Column-1)+line)
}

// firstItem puts a line below a key whose value is null or [].
func (d *Document) firstItem(list *yaml.Node, line string) error {
	s, err := d.span(list)
	if err != nil {
		return err
	}
	for s.start < s.end && s.start > 0 && d.data[s.start-1] == ' ' {
		s.start--
	}
	if err := d.adopt(d.splice(s, "")); err != nil {
		return err
	}
	return d.insertAfter(s.start, line)
}

// keyEnd is a place on the line of a key whose value is empty.
func (d *Document) keyEnd(key, value *yaml.Node) int {
	if s, err := d.span(value); err == nil {
		return s.end
	}
	return d.offset(key.Line, key.Column)
}

func keyOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i]
		}
	}
	return nil
}

// removeItem deletes the lines of a region. Comments behind its last line belong to what follows, and stay.
func (d *Document) removeItem(at int) error {
	item := d.items()[at]
	s, err := d.span(item)
	if err != nil {
		return err
	}
	start := s.start
	for start > 0 && d.data[start-1] == ' ' {
		start--
	}
	if start == 0 || d.data[start-1] != '-' {
		return errByHand
	}
	start--
	for start > 0 && d.data[start-1] == ' ' {
		start--
	}
	if start > 0 && !endsInBreak(d.data[:start]) {
		return errByHand
	}
	_, next := d.line(s.end)
	return d.adopt(d.splice(span{start, next}, ""))
}

// blockStyle rewrites the value of tkg with one key a line when a part of it is in brackets, where lines cannot be
// added. Nothing outside the value changes.
func (d *Document) blockStyle() error {
	tkg := child(d.root, keyTKG)
	if !isOr(tkg, yaml.MappingNode) || !isOr(child(tkg, keyRegions), yaml.SequenceNode) {
		return fmt.Errorf("%s:%d: tkg.regions is not a list; remove it", d.path, tkg.Line)
	}
	if tkg == nil || tkg.ShortTag() == "!!null" && tkg.Value == "" {
		return nil
	}
	if tkg.Kind == yaml.MappingNode && !regionsInBrackets(tkg) {
		return nil
	}
	s, err := d.span(tkg)
	if err != nil {
		return err
	}
	start := s.start
	for start > 0 && isSpace(rune(d.data[start-1])) {
		start--
	}
	var replacement string
	if value := withoutBrackets(tkg); value != nil {
		lines, err := encode(value)
		if err != nil {
			return errByHand
		}
		pad := d.eol() + strings.Repeat(" ", keyOf(d.root, keyTKG).Column-1+indentStep)
		replacement = pad + strings.Join(lines, pad)
	}
	return d.adopt(d.splice(span{start, s.end}, replacement))
}

// isOr says that a node is of a kind, or empty, or not there.
func isOr(n *yaml.Node, kind yaml.Kind) bool {
	return n == nil || n.Kind == kind || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// regionsInBrackets says whether the list of regions, or anything around or in it, is in brackets.
func regionsInBrackets(tkg *yaml.Node) bool {
	flow := func(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }
	list := child(tkg, keyRegions)
	if flow(tkg) || list == nil {
		return flow(tkg)
	}
	return len(list.Content) > 0 && (flow(list) || slices.ContainsFunc(list.Content, flow))
}

// withoutBrackets copies a node in block style, without its empty lists; nil when nothing is left.
func withoutBrackets(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return nil
	}
	c := *n
	c.Style &^= yaml.FlowStyle
	c.Content = nil
	for i := 0; i < len(n.Content); i++ {
		if n.Kind != yaml.MappingNode {
			c.Content = append(c.Content, withoutBracketsInside(n.Content[i]))
			continue
		}
		key, value := n.Content[i], n.Content[i+1]
		if i++; key.Value == keyRegions && len(value.Content) == 0 {
			continue
		}
		c.Content = append(c.Content, key, withoutBracketsInside(value))
	}
	if len(c.Content) == 0 && c.Kind != yaml.ScalarNode {
		return nil
	}
	return &c
}

func withoutBracketsInside(n *yaml.Node) *yaml.Node {
	if c := withoutBrackets(n); c != nil {
		return c
	}
	return n
}

func encode(n *yaml.Node) ([]string, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(indentStep)
	if err := e.Encode(n); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n"), nil
}
