package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Place is where something stands in a file. Lines and columns count from 1; the zero value is no place.
type Place struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Field  string `json:"field,omitempty"` // path from the top, "clusters[2].variables.CNI"; empty for a flat variable
}

// String is "fleet.yaml:12 (clusters[2].workers)".
func (p Place) String() string {
	where := p.File + ":" + strconv.Itoa(max(p.Line, 1))
	if p.Field != "" {
		where += fmt.Sprintf(" (%s)", p.Field)
	}
	return where
}

// below is the place of a key in the mapping at p.
func (p Place) below(e entry) Place {
	field := clip(e.key.Value)
	if p.Field != "" {
		field = p.Field + "." + field
	}
	return Place{File: p.File, Line: e.key.Line, Column: e.key.Column, Field: field}
}

// key is the last part of the field, which is how the thing is spelled in its file.
func (p Place) key() string { return p.Field[strings.LastIndexByte(p.Field, '.')+1:] }

// lineOf reads the line out of a Place's text when it lies in the file.
func lineOf(where, file string) (int, bool) {
	rest, ok := strings.CutPrefix(where, file+":")
	if !ok {
		return 0, false
	}
	digits := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = rest[:end]
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}
