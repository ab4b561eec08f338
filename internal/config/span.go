package config

import (
	"errors"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// This file finds the bytes of a YAML node. The parser gives only where a node starts, so the end is found by reading
// the node's text again, by the rules of its style.

const byteOrderMark = "\ufeff"

// span is a range of bytes of the file.
type span struct{ start, end int }

var errByHand = errors.New("it is written in a way that cannot be edited in place; change it by hand")

// span gives the bytes of a node. An empty value has an empty span, after its colon.
func (d *Document) span(n *yaml.Node) (span, error) {
	start := d.offset(n.Line, n.Column)
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return span{}, errByHand
	}
	end, err := d.end(n, start)
	if err != nil || start > end || end > len(d.data) {
		return span{}, errByHand
	}
	return span{start, end}, nil
}

func (d *Document) end(n *yaml.Node, start int) (int, error) {
	switch {
	case n.Kind == yaml.AliasNode:
		return start + 1 + len(n.Value), nil
	case n.Kind == yaml.ScalarNode:
		return d.scalarEnd(n, start)
	case n.Style&yaml.FlowStyle != 0:
		return d.flowEnd(n, start)
	case len(n.Content) == 0:
		return 0, errByHand
	}
	s, err := d.span(n.Content[len(n.Content)-1])
	return s.end, err
}

func (d *Document) scalarEnd(n *yaml.Node, start int) (int, error) {
	rest := d.data[start:]
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return d.quotedEnd(start, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return d.quotedEnd(start, '\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return d.blockEnd(start)
	}
	// A plain scalar has no escapes, and only its white space may differ from its value.
	used := 0
	for _, want := range n.Value {
		if isSpace(want) {
			continue
		}
		r, size := nextRune(rest[used:])
		for used < len(rest) && isSpace(r) {
			used += size
			r, size = nextRune(rest[used:])
		}
		if r != want || used >= len(rest) {
			return 0, errByHand
		}
		used += size
	}
	return start + used, nil
}

func (d *Document) quotedEnd(start int, mark byte) (int, error) {
	if start >= len(d.data) || d.data[start] != mark {
		return 0, errByHand
	}
	for i := start + 1; i < len(d.data); i++ {
		switch {
		case mark == '"' && d.data[i] == '\\':
			i++
		case d.data[i] != mark:
		case mark == '\'' && i+1 < len(d.data) && d.data[i+1] == mark:
			i++
		default:
			return i + 1, nil
		}
	}
	return 0, errByHand
}

// blockEnd is the end of the last line with text of a literal or folded scalar; blank lines after it stay in the file.
func (d *Document) blockEnd(start int) (int, error) {
	header, next := d.line(start)
	if strings.ContainsAny(strings.SplitN(header, "#", 2)[0], "123456789") {
		return 0, errByHand
	}
	end, indent := start+len(strings.TrimRight(header, " \t")), -1
	for next < len(d.data) {
		text, after := d.line(next)
		if strings.TrimSpace(text) == "" {
			next = after
			continue
		}
		own := len(text) - len(strings.TrimLeft(text, " "))
		if indent < 0 {
			indent = own
		}
		if own < indent || indent <= d.indent() {
			break
		}
		end, next = next+len(text), after
	}
	return end, nil
}

// headerComment is the comment behind the | or > of a block scalar, with the space before it.
func (d *Document) headerComment(start int) string {
	header, _ := d.line(start)
	if i := strings.Index(header, " #"); i >= 0 {
		return strings.TrimRight(header[i:], " \t")
	}
	return ""
}

// flowEnd is behind the closing bracket of a collection in brackets.
func (d *Document) flowEnd(n *yaml.Node, start int) (int, error) {
	at := start + 1
	if len(n.Content) > 0 {
		s, err := d.span(n.Content[len(n.Content)-1])
		if err != nil {
			return 0, err
		}
		at = s.end
	}
	for at < len(d.data) {
		switch c := d.data[at]; {
		case c == ']' || c == '}':
			return at + 1, nil
		case c == '#':
			_, at = d.line(at)
		case c == ',' || c == ':' || isSpace(rune(c)):
			at++
		default:
			return 0, errByHand
		}
	}
	return 0, errByHand
}

// offset turns the parser's line and column, both from 1 and the column in characters, into a byte offset.
func (d *Document) offset(line, column int) int {
	at := 0
	for range line - 1 {
		_, at = d.line(at)
	}
	if line == 1 && strings.HasPrefix(string(d.data), byteOrderMark) {
		at += len(byteOrderMark)
	}
	for range column - 1 {
		_, size := nextRune(d.data[at:])
		at += size
	}
	return at
}

// line gives the text from an offset to the end of its line, and the offset of the next line.
func (d *Document) line(at int) (text string, next int) {
	for i := at; i < len(d.data); {
		r, size := nextRune(d.data[i:])
		if isBreak(r) {
			next = i + size
			if r == '\r' && next < len(d.data) && d.data[next] == '\n' {
				next++
			}
			return string(d.data[at:i]), next
		}
		i += size
	}
	return string(d.data[at:]), len(d.data)
}

func nextRune(b []byte) (rune, int) {
	if len(b) == 0 {
		return 0, 0
	}
	return utf8.DecodeRune(b)
}

// isBreak knows the line breaks of YAML 1.1, which the parser counts.
func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || isBreak(r) }

func endsInBreak(b []byte) bool {
	r, _ := utf8.DecodeLastRune(b)
	return isBreak(r)
}
