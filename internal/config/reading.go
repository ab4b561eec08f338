package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// reading is the state of going once through a map of variables: the top of a file, or one in a list of clusters.
type reading struct {
	file     *file
	at       Place // of the map; without a field it is the top of the file
	strict   bool  // the file is there for its clusters
	registry *registry
	layer    layer
	seen     map[string]entry
	unused   []entry
	findings uerr.Findings
}

// layer reads the variables of the file, and finds what is wrong with its keys.
func (f *file) layer(r *registry) (layer, uerr.Findings) {
	s := &reading{file: f, registry: r, layer: newLayer(SourceFile), seen: map[string]entry{}}
	return s.read(f.entries())
}

// read takes the names before their aliases, which never hide them.
func (s *reading) read(entries []entry) (layer, uerr.Findings) {
	r := s.registry
	var aliases []entry
	for _, e := range entries {
		name := s.variable(e)
		if v, known := r.find(name, ""); !known {
			continue
		} else if s.warnIgnored(v, e); v.AliasOf != "" {
			aliases = append(aliases, e)
			continue
		}
		s.set(name, e)
	}
	for _, e := range aliases {
		s.set(strings.ToUpper(e.key.Value), e)
	}
	s.warnUnused()
	return s.layer, s.findings
}

// place is where a key stands.
func (s *reading) place(e entry) Place {
	if s.at.Field == "" {
		return Place{File: s.file.path, Line: e.key.Line, Column: e.key.Column}
	}
	return s.at.below(e)
}

// variable gives the name of the variable that a key stands for, empty when it is none, and checks the key.
func (s *reading) variable(e entry) string {
	key := e.key.Value
	where := s.place(e).String()
	if e.key.Kind != yaml.ScalarNode || e.key.ShortTag() == "!!merge" {
		s.findings = append(s.findings, uerr.Finding{
			Where: where, Problem: "the key is not a name", Next: "write each setting as NAME: value",
		})
		return ""
	}
	name := strings.ToUpper(key)
	_, known := s.registry.find(name, "")
	s.checkDuplicate(e)
	if known && name != key {
		s.findings = append(s.findings, uerr.Finding{
			Severity: uerr.Warning, Where: where, Problem: fmt.Sprintf("%s is read as %s", key, name),
			Next: "write it in upper case: " + name,
		})
	}
	if known {
		return name
	}
	s.unknownKey(e)
	return ""
}

func (s *reading) unknownKey(e entry) {
	key, where := e.key.Value, s.place(e).String()
	if _, family := s.registry.ignoredFamily(key); family {
		s.unused = append(s.unused, e)
		return
	}
	if s.at.Field != "" {
		s.findings = append(s.findings, unknownKey(key, where, s.registry.order))
		return
	}
	if slices.Contains(reservedKeys(), key) {
		return
	}
	lost := s.strict && Nearest(key, []string{keyClusters, keyDefaults, keyHooks}) != ""
	if strings.IndexFunc(key, unicode.IsLower) >= 0 && !lost {
		f := s.registry.unknown(key, where)
		f.Severity = uerr.Warning
		f.Problem += "; the line is kept and has no effect"
		s.findings = append(s.findings, f)
		return
	}
	s.findings = append(s.findings, s.registry.unknown(key, where))
}

// checkDuplicate refuses a key that is given twice with different values; the last line would win.
func (s *reading) checkDuplicate(e entry) {
	name := strings.ToUpper(e.key.Value)
	if _, known := s.registry.find(name, ""); !known {
		name = e.key.Value
	}
	first, twice := s.seen[name]
	s.seen[name] = e
	if !twice {
		return
	}
	f := uerr.Finding{
		Where:   s.place(e).String(),
		Problem: fmt.Sprintf("%s is set already on line %d, to another value", e.key.Value, first.key.Line),
		Next:    "keep one of the two lines",
	}
	if sameScalar(first.value, e.value) {
		f.Severity = uerr.Warning
		f.Problem = fmt.Sprintf("%s is set already on line %d, to the same value", e.key.Value, first.key.Line)
	}
	s.findings = append(s.findings, f)
}

func sameScalar(a, b *yaml.Node) bool {
	return a.Kind == yaml.ScalarNode && b.Kind == yaml.ScalarNode && a.Value == b.Value && a.ShortTag() == b.ShortTag()
}

// set stores the value of a known variable.
func (s *reading) set(name string, e entry) {
	place := s.place(e)
	text, findings := plain(e.value, name, place)
	s.findings = append(s.findings, findings...)
	if findings != nil || isNull(e.value) {
		return
	}
	val := value{text: text, where: place.String()}
	if place.Field != "" {
		val.place = place
	}
	delete(s.layer.values, name)
	s.findings = append(s.findings, s.layer.set(s.registry, name, val)...)
}

func (s *reading) warnIgnored(v Variable, e entry) {
	switch {
	case e.value.ShortTag() == "!!null" || e.value.Value == "" && e.value.Kind == yaml.ScalarNode:
	case v.Deprecated != "":
		s.findings = append(s.findings, uerr.Finding{
			Severity: uerr.Warning, Where: s.place(e).String(), Problem: v.Name + " " + v.Deprecated, Next: v.Remedy,
		})
	case v.Unused:
		s.unused = append(s.unused, e)
	}
}

// warnUnused names all variables that have no effect in one warning: a file of TKG may hold dozens.
func (s *reading) warnUnused() {
	if len(s.unused) == 0 {
		return
	}
	names := make([]string, 0, len(s.unused))
	for _, e := range s.unused {
		names = append(names, fmt.Sprintf("%s (line %d)", e.key.Value, e.key.Line))
	}
	s.findings = append(s.findings, uerr.Finding{
		Severity: uerr.Warning, Where: s.place(s.unused[0]).String(),
		Problem: "Slipway does nothing with " + strings.Join(names, ", "), Next: "leave them or remove them",
	})
}
