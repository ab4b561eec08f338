package view

import (
	"strings"
	"unicode/utf8"
)

// table lays out rows as TKG did: one blank in front of the line, two between columns. Blanks at the end of a line
// are left out, so that a runbook's grep for a word at the end works.
func table(columns []Column, rows [][]string, wide bool) []byte {
	var shown []int
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.Name
		if wide || !c.Wide {
			shown = append(shown, i)
		}
	}
	lines := append([][]string{header}, rows...)
	widths := columnWidths(lines, len(columns))
	var b strings.Builder
	for _, cells := range lines {
		var line strings.Builder
		for _, i := range shown {
			cell := oneLine(cells[i])
			line.WriteString(" " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+1))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return []byte(b.String())
}

func columnWidths(lines [][]string, columns int) []int {
	widths := make([]int, columns)
	for _, cells := range lines {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(oneLine(cell)))
		}
	}
	return widths
}

// oneLine keeps a value of several lines, such as a certificate, from breaking the table.
func oneLine(cell string) string {
	first, rest, found := strings.Cut(strings.TrimRight(cell, "\n"), "\n")
	if found && rest != "" {
		return first + "…"
	}
	return first
}
