package kube

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	clientcmdlatest "k8s.io/client-go/tools/clientcmd/api/latest"
	clientcmdv1 "k8s.io/client-go/tools/clientcmd/api/v1"
	sigsyaml "sigs.k8s.io/yaml"
)

// This file edits a kubeconfig as text, at the positions that the YAML parser reports, so that what is not ours stays
// byte for byte. Every result is read again and compared with what it should mean before it is used; where the text
// form does not fit (JSON, flow style, anchors inside an entry) the document is edited as a tree, which keeps comments
// and order but may change white space.

// edit is one change: an entry of a list section set (item) or removed (item nil), or a top-level scalar set.
type edit struct {
	section string
	name    string
	item    []byte // YAML of the entry's mapping
	scalar  string
}

func (e edit) isScalar() bool { return e.name == "" }

// loadStrict reads a kubeconfig, and refuses what kubectl would refuse.
func loadStrict(raw []byte) (*api.Config, error) {
	config, err := clientcmd.Load(raw)
	if err != nil {
		return nil, fmt.Errorf("not a kubeconfig: %w", err)
	}
	return config, nil
}

// entryItems gives the YAML of the one entry that each section of a config has.
func entryItems(config *api.Config) (map[string][]byte, error) {
	external := &clientcmdv1.Config{}
	if err := clientcmdlatest.Scheme.Convert(config, external, nil); err != nil {
		return nil, fmt.Errorf("entry: %w", err)
	}
	out := map[string][]byte{}
	for section, value := range map[string]any{
		"clusters": external.Clusters[0], "contexts": external.Contexts[0], "users": external.AuthInfos[0],
	} {
		raw, err := sigsyaml.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("entry: %w", err)
		}
		out[section] = raw
	}
	return out, nil
}

// checkedEdit edits and then proves that the file means exactly what it should. One that does already stays as it is.
func checkedEdit(before []byte, edits []edit, want *api.Config) ([]byte, error) {
	if means(before, want) {
		return before, nil
	}
	after, err := editDocument(before, edits)
	if err == nil && means(after, want) {
		return after, nil
	}
	after, treeErr := editTree(before, edits)
	if treeErr == nil && means(after, want) {
		return after, nil
	}
	return nil, errors.Join(errors.New("it is written in a way that cannot be changed safely; nothing was changed"), err, treeErr)
}

func means(raw []byte, want *api.Config) bool {
	got, err := clientcmd.Load(raw)
	if err != nil {
		return false
	}
	a, errA := clientcmd.Write(*got)
	b, errB := clientcmd.Write(*want)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// editDocument applies edits to the text, one after the other, reading the positions anew each time.
func editDocument(text []byte, edits []edit) ([]byte, error) {
	for _, e := range edits {
		d, err := parseDocument(text)
		if err != nil {
			return nil, err
		}
		if e.isScalar() {
			text, err = d.setScalar(e.section, e.scalar)
		} else {
			text, err = d.setItem(e)
		}
		if err != nil {
			return nil, err
		}
	}
	return text, nil
}

// document is a kubeconfig as lines, with the parser's positions into them.
type document struct {
	lines   []string // each with its line end
	newline string
	root    *yaml.Node // the top mapping, nil in an empty file
}

// shapeError says that the text form of an edit does not fit this document.
type shapeError string

// Error is the reason.
func (e shapeError) Error() string { return string(e) }

const errShape = shapeError("not in block style")

func parseDocument(text []byte) (*document, error) {
	d := &document{newline: "\n"}
	if strings.ContainsAny(strings.ReplaceAll(string(text), "\r\n", ""), "\r\u0085\u2028\u2029") {
		return nil, errShape // YAML may count these as line ends; we do not
	}
	if bytes.Contains(text, []byte("\r\n")) {
		d.newline = "\r\n"
	}
	if len(text) > 0 {
		d.lines = strings.SplitAfter(string(text), "\n")
		if d.lines[len(d.lines)-1] == "" {
			d.lines = d.lines[:len(d.lines)-1]
		}
	}
	doc, err := onlyDocument(text)
	if err != nil || doc.Kind == 0 {
		return d, err
	}
	d.root = doc.Content[0]
	if d.root.Kind == yaml.ScalarNode && d.root.Tag == "!!null" {
		d.root = nil
		return d, nil
	}
	if d.root.Kind != yaml.MappingNode || d.root.Style&yaml.FlowStyle != 0 {
		return nil, errShape
	}
	return d, nil
}

// onlyDocument parses a file that holds one YAML document, or none.
func onlyDocument(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return &doc, nil
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one document")
	}
	return &doc, nil
}

// find gives the key and value nodes of a top-level key; nil when it is not there.
func (d *document) find(section string) (key, value *yaml.Node) {
	if d.root == nil {
		return nil, nil
	}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		if d.root.Content[i].Value == section {
			return d.root.Content[i], d.root.Content[i+1]
		}
	}
	return nil, nil
}

// splice replaces the lines [from, to) by text, and gives the whole.
func (d *document) splice(from, to int, text string) []byte {
	text = strings.ReplaceAll(text, "\n", d.newline)
	head := strings.Join(d.lines[:from], "")
	if text != "" && head != "" && !strings.HasSuffix(head, "\n") {
		head += d.newline
	}
	return []byte(head + text + strings.Join(d.lines[to:], ""))
}

func (d *document) setScalar(section, value string) ([]byte, error) {
	quoted, err := yaml.Marshal(value)
	if err != nil {
		return nil, err
	}
	key, node := d.find(section)
	if key == nil {
		return d.splice(len(d.lines), len(d.lines), section+": "+string(quoted)), nil
	}
	if node.Kind != yaml.ScalarNode || node.Line != key.Line || node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return nil, errShape
	}
	if node.Value == value {
		return []byte(strings.Join(d.lines, "")), nil
	}
	line := d.lines[key.Line-1]
	comment := ""
	if node.LineComment != "" {
		comment = " " + node.LineComment
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	return d.splice(key.Line-1, key.Line, indent+section+": "+strings.TrimSuffix(string(quoted), "\n")+comment+"\n"), nil
}

func (d *document) setItem(e edit) ([]byte, error) {
	key, list := d.find(e.section)
	switch {
	case key == nil && e.item == nil:
		return nil, errShape
	case key == nil:
		return d.splice(len(d.lines), len(d.lines), e.section+":\n"+indentItem(e.item, 0)), nil
	case isEmptyList(list) && list.Line == key.Line && e.item != nil:
		return d.splice(key.Line-1, key.Line, e.section+":\n"+indentItem(e.item, 0)), nil
	case list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0:
		return nil, errShape
	}
	return d.setListItem(e, key, list)
}

// setListItem works on a block list that has items.
func (d *document) setListItem(e edit, key, list *yaml.Node) ([]byte, error) {
	indent := list.Column - 1
	for i, item := range list.Content {
		if itemName(item) != e.name {
			continue
		}
		from := item.Line - 1
		if i == 0 && list.Line == key.Line || !startsItem(d.lines[from], indent) {
			return nil, errShape
		}
		to := d.itemEnd(from, indent)
		switch {
		case e.item != nil:
			return d.splice(from, to, indentItem(e.item, indent)), nil
		case len(list.Content) == 1:
			if strings.TrimSpace(strings.TrimPrefix(d.lines[key.Line-1], e.section+":")) != "" {
				return nil, errShape
			}
			d.lines[key.Line-1] = e.section + ": []" + d.newline
		}
		return d.splice(from, to, ""), nil
	}
	if e.item == nil {
		return nil, errShape
	}
	last := list.Content[len(list.Content)-1].Line - 1
	if !startsItem(d.lines[last], indent) {
		return nil, errShape
	}
	end := d.itemEnd(last, indent)
	return d.splice(end, end, indentItem(e.item, indent)), nil
}

// itemEnd is the line after the last one of an item: lines belong to it as long as they are indented deeper than its
// dash; blank lines at the end belong to what follows.
func (d *document) itemEnd(from, indent int) int {
	end := from + 1
	for i := end; i < len(d.lines); i++ {
		line := strings.TrimRight(d.lines[i], " \r\n")
		if line == "" {
			continue
		}
		if len(line)-len(strings.TrimLeft(line, " ")) <= indent {
			break
		}
		end = i + 1
	}
	return end
}

func startsItem(line string, indent int) bool {
	return len(line) > indent+1 && strings.TrimLeft(line[:indent], " ") == "" && strings.HasPrefix(line[indent:], "- ")
}

func isEmptyList(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null" || node.Kind == yaml.SequenceNode && len(node.Content) == 0
}

func itemName(item *yaml.Node) string {
	if item.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(item.Content); i += 2 {
			if item.Content[i].Value == "name" {
				return item.Content[i+1].Value
			}
		}
	}
	return ""
}

// indentItem writes a mapping as a list item whose dash is in the given column.
func indentItem(mapping []byte, indent int) string {
	pad := strings.Repeat(" ", indent)
	lines := strings.Split(strings.TrimRight(string(mapping), "\n"), "\n")
	for i, line := range lines {
		if i == 0 {
			lines[i] = pad + "- " + line
		} else {
			lines[i] = pad + "  " + line
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// editTree applies edits to the parsed document and writes it anew.
func editTree(text []byte, edits []edit) ([]byte, error) {
	doc, err := onlyDocument(text)
	if err != nil {
		return nil, err
	}
	if doc.Kind == 0 || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errShape
	}
	for _, e := range edits {
		if err := editNode(doc.Content[0], e); err != nil {
			return nil, err
		}
	}
	return yaml.Marshal(doc)
}

func editNode(root *yaml.Node, e edit) error {
	d := &document{root: root}
	key, value := d.find(e.section)
	if key == nil {
		value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: e.section}, value)
	}
	if e.isScalar() {
		*value = yaml.Node{Kind: yaml.ScalarNode, Value: e.scalar, Style: yaml.DoubleQuotedStyle}
		return nil
	}
	if isEmptyList(value) {
		*value = yaml.Node{Kind: yaml.SequenceNode, Style: value.Style}
	}
	if value.Kind != yaml.SequenceNode {
		return errShape
	}
	kept := value.Content[:0]
	for _, item := range value.Content {
		if itemName(item) != e.name {
			kept = append(kept, item)
		}
	}
	value.Content = kept
	if e.item != nil {
		var item yaml.Node
		if err := yaml.Unmarshal(e.item, &item); err != nil {
			return err
		}
		value.Content = append(value.Content, item.Content[0])
	}
	return nil
}
