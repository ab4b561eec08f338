package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// block is what one entry of clusters says, or what defaults says.
type block struct {
	place      Place
	layer      layer
	management word
	protect    word
	labels     map[string]word // nil when the block is no map
	pools      []Pool          // when the workers come from poolsAt
	poolsAt    Place
	findings   uerr.Findings
}

// word is a text and where it stands; the zero value is none.
type word struct {
	text  string
	place Place
}

// blockReader is the state of reading a block.
type blockReader struct {
	*block
	file     *file
	registry *registry
	seen     map[string]entry // by key, and for the keys of variables by the variable
}

// readBlock reads a map of settings. A block that is none has findings and no values.
func readBlock(f *file, r *registry, n *yaml.Node, at Place, source Source) *block {
	b := &block{place: at, layer: newLayer(source)}
	s := &blockReader{block: b, file: f, registry: r, seen: map[string]entry{}}
	if n = target(n); n.Kind != yaml.MappingNode {
		s.refuse(at, at.Field+" is not a map of settings", "write each setting as name: value below it")
		return b
	}
	b.labels = map[string]word{}
	entries, findings := settings(n, at)
	b.findings = append(b.findings, findings...)
	for _, e := range entries {
		if s.twice(e) {
			continue
		}
		s.read(e)
	}
	return b
}

func (s *blockReader) refuse(at Place, problem, next string) {
	s.findings = append(s.findings, uerr.Finding{Where: at.String(), Problem: problem, Next: next})
}

// twice refuses a key that the same map has already.
func (s *blockReader) twice(e entry) bool {
	first, twice := s.seen[e.key.Value]
	if !twice {
		s.seen[e.key.Value] = e
		return false
	}
	s.refuse(s.place.below(e), fmt.Sprintf("%s is set already on line %d", clip(e.key.Value), first.key.Line), "keep one of the two lines")
	return true
}

func (s *blockReader) read(e entry) {
	at, key := s.place.below(e), e.key.Value
	short, known := shortcutOf(key)
	switch {
	case key == keyName && s.layer.source == SourceDefaults:
		s.refuse(at, "a name in defaults would be that of every cluster", "write the name in each entry of clusters")
	case known:
		w := s.word(e)
		s.setVariable(short.variable, w.text, w.place)
	case key == keyManagement:
		s.management = s.word(e)
	case key == keyProtect:
		s.readProtect(e)
	case key == keyLabels:
		s.readLabels(e)
	case key == keyPools:
		s.readPools(e)
	case key == keyVariables:
		s.readVariables(e)
	default:
		s.unknown(e)
	}
}

// setVariable stores a value unless the block has one already, under another key.
func (s *blockReader) setVariable(name, text string, at Place) {
	if text == "" {
		return
	}
	if first, taken := s.layer.values[name]; taken {
		s.refuse(at, fmt.Sprintf("%s is set already on line %d, as %s", at.key(), first.place.Line, first.place.key()), "keep one of the two lines")
		return
	}
	s.layer.values[name] = value{text: text, where: at.String(), place: at}
}

// word reads a single value.
func (s *blockReader) word(e entry) word {
	at := s.place.below(e)
	text, findings := plain(e.value, e.key.Value, at)
	s.findings = append(s.findings, findings...)
	return word{text, at}
}

func (s *blockReader) readProtect(e entry) {
	w := s.word(e)
	if _, err := parseBool(w.text); err != nil {
		s.refuse(w.place, fmt.Sprintf("protect %q is not true or false", clip(w.text)), "write protect: true")
		return
	}
	s.protect = w
}

// readVariables takes any variable by its name, as at the top of the file.
func (s *blockReader) readVariables(e entry) {
	at := s.place.below(e)
	entries, ok := s.mapping(e, at)
	if !ok {
		return
	}
	r := &reading{file: s.file, at: at, registry: s.registry, layer: newLayer(s.layer.source), seen: map[string]entry{}}
	l, findings := r.read(entries)
	s.findings = append(s.findings, findings...)
	for _, name := range slices.Sorted(maps.Keys(l.values)) {
		v := l.values[name]
		if name == nameVariable {
			s.refuse(v.place, "the name of a cluster is no variable of it", "write name: "+clip(v.text)+" in the entry")
			continue
		}
		s.setVariable(name, v.text, v.place)
	}
}

// mapping gives the keys of a value that must be a map; nothing at all is an empty one.
func (s *blockReader) mapping(e entry, at Place) ([]entry, bool) {
	switch {
	case isNull(e.value):
		return nil, false
	case e.value.Kind != yaml.MappingNode:
		s.refuse(at, e.key.Value+" is not a map", "write one name: value a line below it")
		return nil, false
	}
	entries, findings := settings(e.value, at)
	s.findings = append(s.findings, findings...)
	return entries, true
}

// unknown refuses a key, and says where it belongs when it is a variable.
func (s *blockReader) unknown(e entry) {
	key, at := e.key.Value, s.place.below(e)
	keys := entryKeys()
	if s.layer.source == SourceDefaults {
		keys = keys[1:]
	}
	f := unknownKey(key, at.String(), keys)
	if near := Nearest(key, keys); near == "" {
		f.Next = "take one of " + strings.Join(keys, ", ")
		if variable := Nearest(key, s.registry.order); variable != "" {
			f.Problem, f.Next = variable+" is a variable, and stands outside variables", s.insteadOf(variable, keys)
		} else if whole := endingIn(key, keys); whole != "" {
			f.Problem, f.Next = f.Problem+", did you mean "+whole+"?", "write "+whole
		}
	}
	s.findings = append(s.findings, f)
}

// insteadOf says how an entry sets a variable.
func (s *blockReader) insteadOf(variable string, keys []string) string {
	for _, short := range shortcuts() {
		if short.variable == variable && slices.Contains(keys, short.key) {
			return fmt.Sprintf("write %s: in its place", short.key)
		}
	}
	return fmt.Sprintf("write %s below variables:", variable)
}

// endingIn finds the key that somebody has cut short: kubernetesVersion for version.
func endingIn(part string, keys []string) string {
	for _, key := range keys {
		if len(part) > 1 && strings.HasSuffix(strings.ToLower(key), strings.ToLower(part)) {
			return key
		}
	}
	return ""
}
