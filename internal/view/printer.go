package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"sigs.k8s.io/yaml"
)

// Format is a value of -o.
type Format string

// The formats that every command with a result understands.
const (
	TableFormat Format = "table"
	WideFormat  Format = "wide"
	JSONFormat  Format = "json"
	YAMLFormat  Format = "yaml"
	NameFormat  Format = "name"
)

// Formats lists every value of -o, in the order in which help and completion show them.
func Formats() []string {
	return []string{string(TableFormat), string(WideFormat), string(JSONFormat), string(YAMLFormat), string(NameFormat)}
}

// ParseFormat refuses what -o does not understand. An empty value is a table.
func ParseFormat(value string) (Format, error) {
	if value == "" {
		return TableFormat, nil
	}
	for _, f := range Formats() {
		if strings.EqualFold(f, value) {
			return Format(f), nil
		}
	}
	return "", uerr.Findings{{
		Where:   "--output",
		Problem: fmt.Sprintf("unknown format %q", value),
		Next:    "one of " + strings.Join(Formats(), ", "),
	}}
}

// Column is one column of a table; a wide one is only shown by -o wide.
type Column struct {
	Name string
	Wide bool
}

// Columns names the columns that are always shown.
func Columns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i] = Column{Name: name}
	}
	return columns
}

// Result is what a command has to say, ready for each format.
type Result struct {
	Columns []Column
	Rows    [][]string // one cell for each of Columns
	Text    string     // replaces the table where a table is the wrong shape, such as a tree
	Wide    string     // replaces Text for -o wide; empty means Text
	Data    any        // for JSON and YAML; field names by json tags
	Names   []string   // for -o name: "kind/name"
}

// Print writes the result to w in the format asked for. It writes data and nothing else.
func Print(w io.Writer, format Format, r Result) error {
	var out []byte
	var err error
	switch format {
	case JSONFormat:
		out, err = marshalJSON(r.Data)
	case YAMLFormat:
		out, err = yaml.Marshal(r.Data)
	case NameFormat:
		out = []byte(strings.Join(append(r.Names, ""), "\n"))
	case WideFormat:
		out = r.text(true)
	case TableFormat:
		out = r.text(false)
	default:
		err = fmt.Errorf("unknown format %q", format)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

func (r Result) text(wide bool) []byte {
	if wide && r.Wide != "" {
		return []byte(r.Wide)
	}
	if r.Text != "" {
		return []byte(r.Text)
	}
	return table(r.Columns, r.Rows, wide)
}

// marshalJSON keeps "<none>" readable, which encoding/json would escape for the sake of HTML.
func marshalJSON(data any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
