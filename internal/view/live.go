package view

import (
	"fmt"
	"io"
	"strings"
)

// The colours in use, by their number in the terminal's palette.
const (
	red    = 31
	green  = 32
	yellow = 33
	grey   = 90
)

func paint(color int, text string) string { return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, text) }

// liveArea is the block of lines at the bottom of a terminal that is redrawn in place.
type liveArea struct {
	lines func() []string // what to draw now; nil while nothing is live
	drawn int             // lines on the screen
}

// erase gives the bytes that remove what is on the screen and put the cursor where the block began.
func (a *liveArea) erase() string {
	if a.drawn == 0 {
		return ""
	}
	n := a.drawn
	a.drawn = 0
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", n)
}

// draw writes the block below the last message. The caller holds the console's lock.
func (a *liveArea) draw(c *Console) {
	if a.lines == nil {
		return
	}
	width := c.term.Width()
	var b strings.Builder
	b.WriteString(a.erase())
	for _, line := range a.lines() {
		b.WriteString(clip(line, width-1) + "\n")
		a.drawn++
	}
	_, _ = io.WriteString(c.out, b.String())
}

// clip cuts a line to the columns there are, because a wrapped line could not be erased. Escape sequences take no
// column, and are closed when the line is cut inside a colour.
func clip(line string, width int) string {
	columns, escape, painted := 0, false, false
	for i, r := range line {
		switch {
		case r == '\x1b':
			escape, painted = true, true
		case escape:
			escape = r != 'm'
		case columns == width:
			if painted {
				return line[:i] + "\x1b[0m"
			}
			return line[:i]
		default:
			columns++
		}
	}
	return line
}
