// Package uerr holds the errors that a person reads: what went wrong, on which object, why, and what to type next.
// It decides nothing about how they are printed (internal/view does) and never holds a secret.
package uerr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code is the exit code of the process; the numbers are part of the command line's contract.
type Code int

// Exit codes, as documented in the README.
const (
	OK          Code = 0
	Failure     Code = 1
	Usage       Code = 2
	Cancelled   Code = 3
	Credentials Code = 4
	TimedOut    Code = 5
	NotFound    Code = 6
	NoneDone    Code = 7 // of several clusters, not one
)

// Error is one failure as a person needs it. Object and Next may be empty; Cause is the last cause, never a time-out alone.
type Error struct {
	Code   Code
	What   string // what did not work, lower case: "cluster is not ready"
	Object string // which object: "Cluster default/prod1"
	Cause  error  // why
	Next   string // what to type next
	Silent bool   // the other side let the time run out, and would for the next question too
}

// Error joins what, object and cause on one line; Next is printed by internal/view only.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.What)
	if e.Object != "" {
		fmt.Fprintf(&b, " (%s)", e.Object)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// Severity tells a finding that stops the work from one that only warns.
type Severity int

// A Refusal stops the operation before anything is touched; a Warning is printed and the work goes on.
const (
	Refusal Severity = iota
	Warning
)

// Finding is one result of a validation or a preflight.
type Finding struct {
	Severity Severity
	Code     Code   // zero means Usage
	Where    string // "--controlplane-machine-count", "config.yaml:12", "vCenter vc.example.org"
	Problem  string // lower case, names the object and the value that was refused
	Next     string // the remedy: what to type or to change
	Silent   bool   // as of Error
}

// Findings is an error made of every finding of a validation; the code is the most specific of its refusals.
type Findings []Finding

// Error lists the refusals, one a line.
func (f Findings) Error() string {
	var lines []string
	for _, x := range f.Refusals() {
		lines = append(lines, strings.TrimPrefix(x.Where+": "+x.Problem, ": "))
	}
	return strings.Join(lines, "\n")
}

// Err is nil when nothing in f refuses the operation, otherwise f itself.
func (f Findings) Err() error {
	if len(f.Refusals()) == 0 {
		return nil
	}
	return f
}

// Warnings are the findings that do not stop the work.
func (f Findings) Warnings() Findings { return f.of(Warning) }

// Refusals are those that do.
func (f Findings) Refusals() Findings { return f.of(Refusal) }

func (f Findings) of(s Severity) Findings {
	var out Findings
	for _, x := range f {
		if x.Severity == s {
			out = append(out, x)
		}
	}
	return out
}

// ExitCode maps any error to the exit code of the process.
func ExitCode(err error) Code {
	if err == nil {
		return OK
	}
	var findings Findings
	if errors.As(err, &findings) {
		return findings.code()
	}
	var e *Error
	if errors.As(err, &e) && e.Code != OK {
		return e.Code
	}
	return Failure
}

func (f Findings) code() Code {
	for _, x := range f {
		if x.Severity == Refusal && x.Code == Credentials {
			return Credentials
		}
	}
	for _, x := range f {
		if x.Severity == Refusal && x.Code != OK {
			return x.Code
		}
	}
	return Usage
}

// Silent says whether an error comes of another side that let the time run out, so that it is of no use to ask it more.
func Silent(err error) bool {
	var findings Findings
	if errors.As(err, &findings) {
		return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Refusal && f.Silent })
	}
	var e *Error
	return errors.As(err, &e) && e.Silent
}
