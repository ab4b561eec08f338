package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// quote writes a value on one line in the style of the value that it replaces, or in the simplest that is safe.
func quote(value string, style yaml.Style) string {
	oneLine := !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case style&yaml.DoubleQuotedStyle != 0:
		return doubleQuoted(value)
	case style&yaml.SingleQuotedStyle != 0 && oneLine:
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	case oneLine && plainIsSafe(value):
		return value
	}
	return doubleQuoted(value)
}

// plainIsSafe says whether a value without quotes reads back as the same text, for us and for readers of YAML 1.1.
func plainIsSafe(value string) bool {
	words := []string{"y", "n", "yes", "no", "on", "off"}
	if value == "" || slices.Contains(words, strings.ToLower(value)) || strings.ContainsAny(value, "\t,[]{}") {
		return false
	}
	root, problem := parseRoot([]byte("k: " + value + "\n"))
	if problem != nil || root == nil || len(root.Content) != 2 {
		return false
	}
	n := root.Content[1]
	tags := []string{"!!str", "!!int", "!!bool", "!!float"}
	return n.Kind == yaml.ScalarNode && n.Style == 0 && n.Value == value && slices.Contains(tags, n.ShortTag())
}

func doubleQuoted(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
