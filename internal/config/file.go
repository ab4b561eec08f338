package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// file is a parsed config.yaml. The zero value is an empty one.
type file struct {
	path string
	root *yaml.Node // a mapping, or nil
}

// entry is one key of the file with its value.
type entry struct{ key, value *yaml.Node }

// reservedKeys are the keys of TKG's file that are no variables.
func reservedKeys() []string {
	return []string{"cert-manager-timeout", "images", "overridesFolder", "providers", "release", "tkg"}
}

func readFile(path string, named bool) (*file, uerr.Findings) {
	f := &file{path: path}
	data, findings := readBytes(path, named)
	if findings != nil {
		return f, findings
	}
	f.root, findings = ParseMapping(path, data)
	return f, findings
}

// ParseMapping reads one YAML document that is a map, as config.yaml and plans are; nothing at all gives nil. The
// findings name the path and the line, and hold no text of a value.
func ParseMapping(path string, data []byte) (*yaml.Node, uerr.Findings) {
	root, problem := parseRoot(data)
	if problem == nil {
		return root, nil
	}
	problem.Where = (&file{path: path}).at(problem.line)
	return nil, uerr.Findings{problem.Finding}
}

func (f *file) at(line int) string { return f.path + ":" + strconv.Itoa(max(line, 1)) }

// parseProblem is a finding whose file is not known yet.
type parseProblem struct {
	uerr.Finding
	line int
}

// parseRoot reads one YAML document that is a mapping or nothing.
func parseRoot(data []byte) (*yaml.Node, *parseProblem) {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if strings.TrimSpace(err.Error()) == "EOF" {
			return nil, nil
		}
		return nil, yamlProblem(err)
	}
	if err := dec.Decode(&second); err == nil {
		return nil, &parseProblem{line: second.Line, Finding: uerr.Finding{
			Problem: "the file holds a second YAML document", Next: "keep one document: remove the line ---",
		}}
	} else if err.Error() != "EOF" {
		return nil, yamlProblem(err)
	}
	root := doc.Content[0]
	switch {
	case root.Kind == yaml.MappingNode:
		return root, nil
	case root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null":
		return nil, nil
	}
	return nil, &parseProblem{line: root.Line, Finding: uerr.Finding{
		Problem: "the file is not a list of settings", Next: "write each setting as NAME: value, with a space after the colon",
	}}
}

// yamlProblem turns the parser's error into a finding. The parser quotes pieces of the text in some messages, and the
// text may be a password: everything from the first quote on is dropped.
func yamlProblem(err error) *parseProblem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	p := &parseProblem{line: 1}
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text); m != nil {
		p.line, _ = strconv.Atoi(m[1])
		text = strings.TrimPrefix(text, m[0])
	}
	p.Next = "write each setting as NAME: value, and put a value with special characters between single quotes"
	if strings.HasPrefix(text, "unknown anchor") || strings.HasPrefix(text, "anchor ") {
		text = "a value that starts with * or & and has no quotes"
	}
	if cut := strings.IndexAny(text, `'"`); cut >= 0 {
		text = strings.TrimSpace(text[:cut])
	}
	p.Problem = "not valid YAML: " + text
	return p
}

// entries lists the top-level keys in the order of the file.
func (f *file) entries() []entry {
	if f == nil || f.root == nil {
		return nil
	}
	var out []entry
	for i := 0; i+1 < len(f.root.Content); i += 2 {
		out = append(out, entry{f.root.Content[i], f.root.Content[i+1]})
	}
	return out
}

// reading is the state of going once through the keys of a file.
type reading struct {
	file     *file
	registry *registry
	layer    layer
	seen     map[string]entry
	unused   []entry
	findings uerr.Findings
}

// layer reads the variables of the file, and finds what is wrong with its keys.
func (f *file) layer(r *registry) (layer, uerr.Findings) {
	s := &reading{file: f, registry: r, layer: newLayer(SourceFile), seen: map[string]entry{}}
	var aliases []entry
	for _, e := range f.entries() {
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

// variable gives the name of the variable that a key stands for, empty when it is none, and checks the key.
func (s *reading) variable(e entry) string {
	key := e.key.Value
	where := s.file.at(e.key.Line)
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
	key, where := e.key.Value, s.file.at(e.key.Line)
	if _, family := s.registry.ignoredFamily(key); family {
		s.unused = append(s.unused, e)
		return
	}
	for _, reserved := range reservedKeys() {
		if key == reserved {
			return
		}
	}
	if strings.IndexFunc(key, unicode.IsLower) >= 0 {
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
		Where:   s.file.at(e.key.Line),
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

// set stores the value of a known variable. Its text is taken as written, so that 1.20 stays 1.20 and 0123 stays 0123.
func (s *reading) set(name string, e entry) {
	where := s.file.at(e.key.Line)
	node := e.value
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Kind != yaml.ScalarNode {
		s.findings = append(s.findings, uerr.Finding{
			Where: where, Problem: name + " is a list or a map, and must be a single value",
			Next: fmt.Sprintf("write %s: value; put a value with special characters between single quotes", name),
		})
		return
	}
	tag := node.ShortTag()
	if tag == "!!null" {
		return
	}
	if !strings.HasPrefix(tag, "!!") {
		s.findings = append(s.findings, uerr.Finding{
			Where: where, Problem: fmt.Sprintf("the value of %s starts with ! and has no quotes", name),
			Next: fmt.Sprintf("put the value of %s between single quotes", name),
		})
		return
	}
	delete(s.layer.values, name)
	s.findings = append(s.findings, s.layer.set(s.registry, name, node.Value, where)...)
}

func (s *reading) warnIgnored(v Variable, e entry) {
	switch {
	case e.value.ShortTag() == "!!null" || e.value.Value == "" && e.value.Kind == yaml.ScalarNode:
	case v.Deprecated != "":
		s.findings = append(s.findings, uerr.Finding{
			Severity: uerr.Warning, Where: s.file.at(e.key.Line), Problem: v.Name + " " + v.Deprecated, Next: v.Remedy,
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
		Severity: uerr.Warning, Where: s.file.at(s.unused[0].key.Line),
		Problem: "Slipway does nothing with " + strings.Join(names, ", "), Next: "leave them or remove them",
	})
}
