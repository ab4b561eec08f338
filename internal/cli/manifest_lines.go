package cli

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is one document of a manifest, which remembers its place in the file.
type document struct {
	line int // of its first line in the file, from 1
	text []byte
}

// splitDocuments cuts a file at its lines of three dashes.
func splitDocuments(raw []byte) []document {
	all := []document{{line: 1}}
	for i, line := range bytes.SplitAfter(raw, []byte("\n")) {
		if text := strings.TrimRight(string(line), " \t\r\n"); text == "---" || strings.HasPrefix(text, "--- ") {
			all = append(all, document{line: i + 2})
			continue
		}
		last := &all[len(all)-1]
		last.text = append(last.text, line...)
	}
	return all
}

// How decoders word their errors: of YAML, with a line; of JSON, with a field.
var (
	lineOfSyntax = regexp.MustCompile(`yaml: line (\d+): (?s)(.*)`)
	lineOfType   = regexp.MustCompile(`(?s)yaml: unmarshal errors:\s+line (\d+): (.*)`)
	fieldOfType  = regexp.MustCompile(`cannot unmarshal (\S+) into Go struct field [^.\s]+\.(\S+) of type \S*?(\w+)$`)
	unknownField = regexp.MustCompile(`field "([^"]+)"`)
)

// locate says where in the file an error of a YAML or JSON decoder is, and gives its message without what only a
// programmer reads. Decoders of YAML give lines of the document, those of JSON the path of a field.
func (d document) locate(err error) (line int, problem string) {
	problem = err.Error()
	if m := lineOfSyntax.FindStringSubmatch(problem); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits
		return d.line + n - 1, m[2]
	}
	if m := lineOfType.FindStringSubmatch(problem); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits
		return d.line + n - 1, m[2]
	}
	if m := fieldOfType.FindStringSubmatch(problem); m != nil {
		return d.lineOf(m[2]), fmt.Sprintf("%s is a %s, not of type %s", m[2], m[1], m[3])
	}
	if m := unknownField.FindStringSubmatch(problem); m != nil {
		return d.lineOf(m[1]), problem
	}
	return d.first(), problem
}

// first is the first line that says something.
func (d document) first() int {
	var root yaml.Node
	if yaml.Unmarshal(d.text, &root) == nil && len(root.Content) > 0 {
		return d.line + root.Content[0].Line - 1
	}
	return d.line
}

// lineOf finds a field by its path, such as spec.topology.workers.machineDeployments[0].class, or the nearest field
// around it.
func (d document) lineOf(path string) int {
	var root yaml.Node
	if yaml.Unmarshal(d.text, &root) != nil || len(root.Content) == 0 {
		return d.line
	}
	node, line := root.Content[0], root.Content[0].Line
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		key, child := enter(node, step)
		if child == nil {
			break
		}
		node, line = child, key.Line
	}
	return d.line + line - 1
}

// enter gives a field of a mapping with its key, or an item of a sequence; nil when there is none.
func enter(node *yaml.Node, step string) (key, child *yaml.Node) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i], node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(node.Content) {
			return node.Content[i], node.Content[i]
		}
		if len(node.Content) == 1 { // a decoder of JSON leaves out the index
			return enter(node.Content[0], step)
		}
	}
	return nil, nil
}
