package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/secret"
)

// Document is a config.yaml being edited. An edit replaces the bytes of one value, at the place where the YAML parser
// found it, and leaves all other bytes alone: unknown keys, order, comments, quoting, blank lines. An edit that would
// change the meaning of anything else is refused.
type Document struct {
	path string
	data []byte
	root *yaml.Node // nil when there are no settings
}

// newDocument parses a file for editing.
func newDocument(path string, data []byte) (*Document, error) {
	d := &Document{path: path}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s is not in UTF-8", path)
	}
	return d, d.adopt(data)
}

// adopt takes new bytes when they parse.
func (d *Document) adopt(data []byte) error {
	root, findings := ParseMapping(d.path, data)
	if err := findings.Err(); err != nil {
		return err
	}
	d.data, d.root = data, root
	return nil
}

// Bytes is the file as edited so far.
func (d *Document) Bytes() []byte { return slices.Clone(d.data) }

// Set gives a variable a value. The quoting of the old value stays; a new key goes to the end of the file.
func (d *Document) Set(key, value string) error {
	if !utf8.ValidString(key) || !utf8.ValidString(value) {
		return fmt.Errorf("the key or the value of %q is not in UTF-8", clip(key))
	}
	e, found := d.entry(key)
	if !found {
		return d.check(d.append(quote(key, 0)+": "+quote(value, 0)), key, value)
	}
	edited, err := d.withValue(e.value, value)
	if err != nil {
		return fmt.Errorf("%s:%d: %s cannot be changed: %w", d.path, e.key.Line, key, err)
	}
	return d.check(edited, e.key.Value, value)
}

// EncodeSecrets rewrites the values of secret variables as <encoded:BASE64>, as TKG did: an encoding that keeps them
// from being read over a shoulder, and no encryption.
func (d *Document) EncodeSecrets(tables []Table) error {
	r := newRegistry(tables)
	f := &file{path: d.path, root: d.root}
	for _, e := range f.entries() {
		if e.value.Kind != yaml.ScalarNode || e.value.ShortTag() == "!!null" || e.value.Value == "" {
			continue
		}
		if !r.secret(strings.ToUpper(e.key.Value)) || strings.HasPrefix(e.value.Value, "<encoded:") {
			continue
		}
		if err := d.Set(e.key.Value, secret.Encode(e.value.Value)); err != nil {
			return err
		}
	}
	return nil
}

// entry finds a key; of several the last, which is the one in effect. Another case of the same name is the same key.
func (d *Document) entry(key string) (entry, bool) {
	entries := (&file{root: d.root}).entries()
	for _, e := range slices.Backward(entries) {
		if e.key.Value == key {
			return e, true
		}
	}
	for _, e := range slices.Backward(entries) {
		if strings.EqualFold(e.key.Value, key) && e.key.Kind == yaml.ScalarNode {
			return e, true
		}
	}
	return entry{}, false
}

// withValue gives the bytes of the file with another value in the place of a scalar.
func (d *Document) withValue(n *yaml.Node, value string) ([]byte, error) {
	s, err := d.span(n)
	if err != nil {
		return nil, err
	}
	if n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode {
		return nil, errors.New("it is a list or a map")
	}
	text := quote(value, n.Style)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		text += d.headerComment(s.start)
	}
	if s.start == s.end && s.start > 0 && !strings.ContainsRune(" \t", rune(d.data[s.start-1])) {
		text = " " + text
	}
	return d.splice(s, text), nil
}

func (d *Document) splice(s span, text string) []byte {
	return slices.Concat(d.data[:s.start], []byte(text), d.data[s.end:])
}

// append gives the bytes of the file with lines at its end, indented like its other keys.
func (d *Document) append(lines ...string) []byte {
	out := slices.Clone(d.data)
	if d.root != nil && len(d.root.Content) == 0 {
		// An empty {} is the only mapping without keys; the new ones take its place.
		if s, err := d.span(d.root); err == nil {
			out = slices.Concat(d.data[:s.start], d.data[s.end:])
		}
	}
	eol := d.eol()
	if len(out) > 0 && !endsInBreak(out) && string(out) != byteOrderMark {
		out = append(out, eol...)
	}
	for _, line := range lines {
		out = append(out, strings.Repeat(" ", d.indent())+line+eol...)
	}
	return out
}

// indent is the number of spaces before the keys of the file.
func (d *Document) indent() int {
	if d.root == nil || len(d.root.Content) == 0 {
		return 0
	}
	return d.root.Content[0].Column - 1
}

// eol is the line end that the file uses.
func (d *Document) eol() string {
	if strings.Contains(string(d.data), "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// check adopts edited bytes if they hold the key with the value, and everything else as before.
func (d *Document) check(edited []byte, key, value string) error {
	after := &Document{path: d.path}
	if err := after.adopt(edited); err != nil {
		return fmt.Errorf("%s: %s cannot be set here without breaking the file; change it by hand", d.path, clip(key))
	}
	e, found := after.entry(key)
	if !found || e.value.Kind != yaml.ScalarNode || e.value.Value != value || (value != "" && e.value.ShortTag() == "!!null") {
		return fmt.Errorf("%s: %s cannot be set here; change it by hand", d.path, clip(key))
	}
	if !sameBut(d.root, after.root, e.key) {
		return fmt.Errorf("%s: setting %s would change another key; change it by hand", d.path, clip(key))
	}
	d.data, d.root = after.data, after.root
	return nil
}

// sameBut says whether two mappings agree in all but the value of one key of the second.
func sameBut(before, after *yaml.Node, key *yaml.Node) bool {
	x, y := (&file{root: before}).entries(), (&file{root: after}).entries()
	for i, e := range y {
		switch {
		case i >= len(x):
			return i == len(x) && len(y) == len(x)+1 && e.key == key
		case !sameNode(x[i].key, e.key):
			return false
		case e.key != key && !sameNode(x[i].value, e.value):
			return false
		}
	}
	return len(x) <= len(y)
}

func sameNode(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Value != b.Value || a.Tag != b.Tag || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !sameNode(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
