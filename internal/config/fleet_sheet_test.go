package config_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// sheet is the example fleets as lines, by file, while they are being changed.
type sheet struct {
	rand  *rand.Rand
	files map[string][]string
}

// spot is a line of a file, from 0.
type spot struct {
	file string
	line int
}

// expected is what a mutation must lead to: a problem on one line. Other findings may only be on lines that it allows,
// as what follows from it.
type expected struct {
	spot
	problem string
	also    func(spot) bool
}

// pick is a random line that a regular expression matches; a mutation without one is a mistake of this test.
func (s *sheet) pick(pattern string) spot {
	var found []spot
	for _, file := range s.names() {
		for i, line := range s.files[file] {
			if regexp.MustCompile(pattern).MatchString(line) {
				found = append(found, spot{file, i})
			}
		}
	}
	return found[s.rand.IntN(len(found))]
}

func (s *sheet) names() []string {
	var names []string
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *sheet) text(at spot) string { return s.files[at.file][at.line] }

// replace changes a part of a line.
func (s *sheet) replace(at spot, pattern, text string) spot {
	s.files[at.file][at.line] = regexp.MustCompile(pattern).ReplaceAllString(s.text(at), text)
	return at
}

// value gives the key on a line another value.
func (s *sheet) value(at spot, text string) spot {
	return s.replace(at, `^(\s*(?:- )?[A-Za-z_0-9]+:).*`, "${1} "+strings.ReplaceAll(text, "$", "$$"))
}

func (s *sheet) insert(at spot, lines ...string) {
	s.files[at.file] = slices.Insert(s.files[at.file], at.line, lines...)
}

func (s *sheet) remove(at spot) {
	s.files[at.file] = slices.Delete(s.files[at.file], at.line, at.line+1)
}

// entry gives the lines of the cluster that a line belongs to.
func (s *sheet) entry(at spot) (first, end int) {
	lines := s.files[at.file]
	for first = at.line; !strings.HasPrefix(lines[first], "  - name:"); first-- {
	}
	for end = first + 1; end < len(lines) && strings.HasPrefix(lines[end], "    "); end++ {
	}
	return first, end
}

// inEntry allows findings in the cluster of a line.
func (s *sheet) inEntry(at spot) func(spot) bool {
	first, end := s.entry(at)
	return func(x spot) bool { return x.file == at.file && x.line >= first && x.line < end }
}

// swapped misspells a name by swapping two neighbours that differ.
func (s *sheet) swapped(at spot, key string) {
	runes := []rune(key)
	for {
		i := 1 + s.rand.IntN(len(runes)-2)
		if runes[i] != runes[i+1] && runes[i] != '_' && runes[i+1] != '_' {
			runes[i], runes[i+1] = runes[i+1], runes[i]
			break
		}
	}
	s.replace(at, `\b`+key+`:`, string(runes)+":")
}

// key of a line.
func (s *sheet) key(at spot) string {
	return regexp.MustCompile(`[A-Za-z_0-9]+`).FindString(strings.TrimPrefix(strings.TrimSpace(s.text(at)), "- "))
}
