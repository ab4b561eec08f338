package view

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// frameEvery is how often a live area is redrawn.
const frameEvery = 120 * time.Millisecond

// The colours in use, by their number in the terminal's palette.
const (
	red    = 31
	green  = 32
	yellow = 33
	grey   = 90
)

func paint(color int, text string) string { return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, text) }

// unpainted is a text as a file takes it.
func unpainted(text string) string {
	return regexp.MustCompile(`\x1b\[\d*m`).ReplaceAllString(text, "")
}

// liveArea is the block of lines at the bottom of a terminal that is redrawn in place.
type liveArea struct {
	lines func(columns, rows int) []string // what to draw now in a window of that size; nil while nothing is live
	drawn []int                            // columns of each line on the screen
}

// up gives the bytes that put the cursor where the block began. A window that was made narrower has wrapped the lines.
func (a *liveArea) up(columns int) string {
	n := 0
	for _, width := range a.drawn {
		n += max(1, (width+columns-1)/columns)
	}
	a.drawn = nil
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r", n)
}

// erase gives the bytes that remove what is on the screen and put the cursor where the block began.
func (a *liveArea) erase(columns int) string {
	if up := a.up(columns); up != "" {
		return up + "\x1b[J"
	}
	return ""
}

// frame gives the bytes that put text above the block and draw the block anew, line over line: what is the same is not
// seen to change. A block that is higher than the window could not be erased.
func (a *liveArea) frame(t Terminal, text string) string {
	if a.lines == nil {
		return text
	}
	columns, rows := t.Size()
	var b strings.Builder
	if text == "" {
		b.WriteString(a.up(columns))
	} else {
		b.WriteString(a.erase(columns) + text)
	}
	lines := a.lines(columns, rows)
	for _, line := range lines[:min(len(lines), max(rows-1, 1))] {
		line = clip(line, columns-1, t.ellipsis())
		b.WriteString(line + "\x1b[K\n")
		a.drawn = append(a.drawn, utf8.RuneCountInString(unpainted(line)))
	}
	b.WriteString("\x1b[J")
	return b.String()
}

// animation redraws the live area until it is stopped.
type animation struct {
	console       *Console
	stop, stopped chan struct{}
}

// animate begins to draw lines; tick is called before each redraw. Where nothing may be redrawn it does nothing.
func (c *Console) animate(lines func(columns, rows int) []string, tick func()) *animation {
	a := &animation{console: c}
	if !c.term.Live || c.quiet {
		return a
	}
	c.mu.Lock()
	c.live = liveArea{lines: lines}
	c.mu.Unlock()
	a.stop, a.stopped = make(chan struct{}), make(chan struct{})
	go a.run(tick)
	return a
}

func (a *animation) run(tick func()) {
	defer close(a.stopped)
	ticker := time.NewTicker(frameEvery)
	defer ticker.Stop()
	for {
		select {
		case <-a.stop:
			return
		case <-ticker.C:
			a.console.mu.Lock()
			tick()
			_, _ = io.WriteString(a.console.out, a.console.live.frame(a.console.term, ""))
			a.console.mu.Unlock()
		}
	}
}

// end takes the live area off the screen.
func (a *animation) end() {
	if a.stop == nil {
		return
	}
	close(a.stop)
	<-a.stopped
	a.stop = nil
	a.console.endLive()
}

func (c *Console) endLive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	columns, _ := c.term.Size()
	_, _ = io.WriteString(c.out, c.live.erase(columns))
	c.live = liveArea{}
}

// marks are the signs in front of a line.
type marks struct {
	spinner                   []string
	done, skip, fail, stopped string
}

func marksFor(unicode bool) marks {
	if unicode {
		return marks{spinner: strings.Split("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", ""), done: "✓", skip: "-", fail: "✗", stopped: "!"}
	}
	return marks{spinner: []string{"|", "/", "-", "\\"}, done: "+", skip: "-", fail: "x", stopped: "!"}
}

// ellipsis stands for what was cut off.
func (t Terminal) ellipsis() string {
	if t.Unicode {
		return "…"
	}
	return "..."
}

// clip cuts a line to the columns there are, because a wrapped line could not be erased. Escape sequences take no
// column, and are closed when the line is cut inside a colour.
func clip(line string, width int, ellipsis string) string {
	room := width - utf8.RuneCountInString(ellipsis)
	if room < 0 {
		room, ellipsis = width, ""
	}
	columns, escape, painted, cut := 0, false, false, 0
	for i, r := range line {
		if columns <= room {
			cut = i
		}
		switch {
		case r == '\x1b':
			escape, painted = true, true
		case escape:
			escape = r != 'm'
		case columns == width:
			if painted {
				return line[:cut] + ellipsis + "\x1b[0m"
			}
			return line[:cut] + ellipsis
		default:
			columns++
		}
	}
	return line
}

// flat makes one line of a text that somebody else wrote: what moves the cursor would spoil the screen.
func flat(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// wrap breaks a text between words into at most so many lines. A word that is longer than a line is left to be clipped.
func wrap(text string, width, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		full := utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width
		if line != "" && full && len(lines) < most-1 {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
