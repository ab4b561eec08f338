package view

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// failure is an error in the shape in which -o json prints it.
type failure struct {
	Code     uerr.Code `json:"code"`
	What     string    `json:"what"`
	Object   string    `json:"object,omitempty"`
	Cause    string    `json:"cause,omitempty"`
	Next     string    `json:"next,omitempty"`
	Findings []finding `json:"findings,omitempty"`
}

type finding struct {
	Severity string `json:"severity"`
	Where    string `json:"where,omitempty"`
	Problem  string `json:"problem"`
	Next     string `json:"next,omitempty"`
}

// ErrorOptions say how an error is printed.
type ErrorOptions struct {
	Format Format
	Code   uerr.Code                  // of the whole command
	Next   func(advice string) string // what becomes of the lines that say what to type; nil leaves them
}

// PrintError writes what a person needs to go on: what, object, cause and next of each error, and every finding.
// With -o json it is one JSON document. It goes to stderr, whatever the format.
func PrintError(w io.Writer, o ErrorOptions, err error) {
	failures := flatten(err)
	for i := range failures {
		failures[i].advise(o.Next)
	}
	if o.Format == JSONFormat {
		for i := range failures {
			failures[i].Code = o.Code
		}
		out, marshalErr := marshalJSON(map[string]any{"errors": failures})
		if marshalErr == nil {
			_, _ = w.Write(out)
			return
		}
	}
	for _, f := range failures {
		f.print(w)
	}
}

// PrintFindings writes warnings, or the findings of a preflight that did not refuse anything.
func PrintFindings(w io.Writer, next func(advice string) string, findings uerr.Findings) {
	all := failure{Findings: convert(findings)}
	all.advise(next)
	for _, f := range all.Findings {
		printFinding(w, "", f)
	}
}

// advise changes every line that says what to type.
func (f *failure) advise(next func(string) string) {
	if next == nil {
		return
	}
	f.Next = next(f.Next)
	for i := range f.Findings {
		f.Findings[i].Next = next(f.Findings[i].Next)
	}
}

// flatten turns a tree of joined and wrapped errors into the list that is printed.
func flatten(err error) []failure {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []failure
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	var findings uerr.Findings
	if errors.As(err, &findings) {
		return []failure{{What: prefix(err, findings), Findings: convert(findings)}}
	}
	var e *uerr.Error
	if !errors.As(err, &e) {
		return []failure{{What: err.Error()}}
	}
	f := failure{What: prefix(err, e) + e.What, Object: e.Object, Next: e.Next}
	if e.Cause != nil {
		f.Cause = e.Cause.Error()
	}
	return []failure{f}
}

// prefix is what wrapping added in front of inner.
func prefix(err, inner error) string {
	text, found := strings.CutSuffix(err.Error(), inner.Error())
	if !found {
		return ""
	}
	return text
}

func convert(findings uerr.Findings) []finding {
	out := make([]finding, len(findings))
	for i, f := range findings {
		out[i] = finding{Severity: severity(f), Where: f.Where, Problem: f.Problem, Next: f.Next}
	}
	return out
}

func severity(f uerr.Finding) string {
	if f.Severity == uerr.Warning {
		return "warning"
	}
	return "refusal"
}

func (f failure) print(w io.Writer) {
	if len(f.Findings) > 0 {
		f.printFindings(w)
		return
	}
	_, _ = fmt.Fprintf(w, "Error: %s\n", indentRest(f.What))
	for _, line := range []struct{ label, text string }{
		{"object", f.Object}, {"cause", f.Cause}, {"next", f.Next},
	} {
		if line.text != "" {
			_, _ = fmt.Fprintf(w, "  %-7s %s\n", line.label+":", indentRest(line.text))
		}
	}
}

// printFindings puts refusals first, because they are what has to be changed.
func (f failure) printFindings(w io.Writer) {
	refusals := 0
	for _, x := range f.Findings {
		if x.Severity == "refusal" {
			refusals++
		}
	}
	problems := "1 problem"
	if refusals != 1 {
		problems = fmt.Sprintf("%d problems", refusals)
	}
	_, _ = fmt.Fprintf(w, "Error: %s%s, nothing was touched\n", f.What, problems)
	for _, wanted := range []string{"refusal", "warning"} {
		for _, x := range f.Findings {
			if x.Severity == wanted {
				printFinding(w, "  ", x)
			}
		}
	}
}

func printFinding(w io.Writer, indent string, f finding) {
	head := f.Problem
	if f.Where != "" {
		head = f.Where + ": " + f.Problem
	}
	if f.Severity == "warning" {
		head = "Warning: " + head
	}
	_, _ = fmt.Fprintf(w, "%s%s\n", indent, indentRest(head))
	if f.Next != "" {
		_, _ = fmt.Fprintf(w, "%s    next: %s\n", indent, indentRest(f.Next))
	}
}

// indentRest keeps the second and further lines of a text under its first.
func indentRest(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n          ")
}
