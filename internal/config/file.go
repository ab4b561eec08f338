package config

import (
	"regexp"
	"strconv"
	"strings"

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

// reservedKeys are the keys of the file that are no variables: TKG's, and those of a list of clusters.
func reservedKeys() []string {
	return []string{"cert-manager-timeout", keyClusters, keyDefaults, keyFleet, keyHooks, "images", "overridesFolder", "providers", "release", keyTKG}
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
	if problem.syntax {
		problem.line = wrongLine(data, problem)
	}
	problem.Where = (&file{path: path}).at(problem.line)
	return nil, uerr.Findings{problem.Finding}
}

func (f *file) at(line int) string { return f.path + ":" + strconv.Itoa(max(line, 1)) }

// parseProblem is a finding whose file is not known yet.
type parseProblem struct {
	uerr.Finding
	line   int
	syntax bool // found by the parser of YAML
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
	p := &parseProblem{line: 1, syntax: true}
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
