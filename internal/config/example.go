package config

import (
	"bytes"
	"fmt"
	"strings"
)

const exampleHeader = `# Every setting of Slipway: TKG's names, their meaning, and their default or an example.
#
# Copy the lines you need into ~/.slipway/config.yaml (or go on using ~/.tkg/config.yaml) and take the # away. A flag of
# the command line overrides the environment variable of the same name, which overrides the file, which overrides the
# plan, which overrides the default. "slipway config view --origin" says where each value came from. A list of clusters
# for "slipway apply" may stand in the same file: see its end.
#
# Generated from the tables of variables: go test ./internal/config -run Shipped -update
`

// Example writes config.example.yaml: every variable of the tables and the common ones, each with its meaning, commented
// out. A line of prose starts with "# ", a setting with "#" and its name.
func Example(tables []Table) []byte {
	var b bytes.Buffer
	b.WriteString(exampleHeader)
	r := newRegistry(tables)
	section := ""
	for _, v := range r.list() {
		if v.Section != section {
			section = v.Section
			fmt.Fprintf(&b, "\n# --- %s\n", section)
		}
		for _, line := range wrap(v.prose(), 110) {
			b.WriteString("\n# " + line)
		}
		b.WriteString("\n#" + v.Name + ":")
		if sample := v.exampleValue(); sample != "" {
			b.WriteString(" " + quote(sample, 0))
		}
		b.WriteString("\n")
	}
	if len(r.families) > 0 {
		var names []string
		for _, v := range r.families {
			names = append(names, v.Name)
		}
		b.WriteString("\n# --- Accepted and not used\n\n")
		for _, line := range wrap("Other names of TKG that begin with "+strings.Join(names, ", ")+" are accepted, with a warning.", 110) {
			b.WriteString("# " + line + "\n")
		}
	}
	b.WriteString(r.fleetExample())
	return b.Bytes()
}

func (v Variable) exampleValue() string {
	switch {
	case v.Default != "":
		return v.Default
	case v.Example == "" && v.Type == TypeEnum:
		return v.Values[0]
	}
	return v.Example
}

// prose is what the example file says about a variable.
func (v Variable) prose() string {
	text := v.Doc
	if v.Type == TypeEnum {
		text += " One of " + strings.Join(v.Values, ", ") + "."
	}
	if v.Required != 0 {
		text += " Required"
		if v.Unless != "" {
			text += ", or " + v.Unless
		}
		text += "."
	}
	if v.Secret && !v.Unused {
		text += fmt.Sprintf(" Secret: better in the environment, as $%s.", v.Name)
	}
	switch {
	case v.AliasOf != "":
		text += " Read as " + v.AliasOf + "."
	case v.Deprecated != "":
		text += " It " + v.Deprecated + "."
	case v.Unused:
		text += " Accepted and not used."
	case v.Default != "":
		text += " Default: " + v.Default + "."
	}
	return text
}

// wrap breaks text into lines of at most so many characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
