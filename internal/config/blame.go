package config

import (
	"bytes"
	"strings"
)

// wrongLine finds the line that makes a file no YAML. The parser often names another one: where the list began that the
// line breaks, the line before, or none. It is the line behind the longest beginning of the file that parses. The
// parser's own answer is kept when there is no such line.
func wrongLine(data []byte, problem *parseProblem) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	parses := func(n int) bool {
		_, p := parseRoot(bytes.Join(lines[:n], nil))
		return p == nil || !p.syntax
	}
	good, bad := 0, len(lines)
	for {
		for bad-good > 1 {
			if middle := (good + bad) / 2; parses(middle) {
				good = middle
			} else {
				bad = middle
			}
		}
		// A value over several lines does not parse up to its middle.
		healed := heals(parses, bad, len(lines))
		if healed == 0 {
			break
		}
		good, bad = healed, len(lines)
	}
	if bad < 1 || bad > len(lines) {
		return problem.line
	}
	for bad > 1 && len(bytes.TrimSpace(lines[bad-1])) == 0 {
		bad--
	}
	if before := bad - 1; strings.Contains(problem.Problem, "mapping values are not allowed") && before > 0 &&
		!bytes.ContainsRune(lines[before-1], ':') && !bytes.Contains(lines[bad-1], []byte("- ")) {
		return before // a key without its colon runs into the next line
	}
	return bad
}

// heals gives the next line up to which the file parses again, or 0 when none is near.
func heals(parses func(int) bool, bad, end int) int {
	const near = 40
	for n := bad + 1; n < min(bad+near, end); n++ {
		if parses(n) {
			return n
		}
	}
	return 0
}
