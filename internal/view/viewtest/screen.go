// Package viewtest lets tests see what a person sees: the screen of a terminal that a program writes to.
package viewtest

import (
	"regexp"
	"strings"
	"sync"

	"github.com/hinshun/vt10x"
)

// Screen is the window of a terminal. It may be written to and read by several goroutines.
type Screen struct {
	mu      sync.Mutex
	term    vt10x.Terminal
	columns int
	rows    int
	written strings.Builder
}

// NewScreen is an empty window.
func NewScreen(columns, rows int) *Screen {
	return &Screen{term: vt10x.New(vt10x.WithSize(columns, rows)), columns: columns, rows: rows}
}

// Write takes what a program writes.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written.Write(p)
	return s.term.Write(p)
}

// Written is every byte so far.
func (s *Screen) Written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.String()
}

// Plain is Written without what only moves the cursor or colours: also what has left the window.
func (s *Screen) Plain() string {
	return regexp.MustCompile(`\x1b\[[\d;?]*[A-Za-z]|\r`).ReplaceAllString(s.Written(), "")
}

// Text is what the window shows, without blanks at the ends of lines and empty lines at its end.
func (s *Screen) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := make([]string, s.rows)
	for y := range lines {
		runes := make([]rune, s.columns)
		for x := range runes {
			if runes[x] = s.term.Cell(x, y).Char; runes[x] == 0 {
				runes[x] = ' '
			}
		}
		lines[y] = strings.TrimRight(string(runes), " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// Clean says whether the next program finds the terminal as this one did: the cursor to be seen, at the start of a line,
// and no colour left on.
func (s *Screen) Clean() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.term.Cursor()
	return s.term.CursorVisible() && c.X == 0 && c.Attr.FG == vt10x.DefaultFG && c.Attr.BG == vt10x.DefaultBG && s.term.Mode()&vt10x.ModeAltScreen == 0
}
