package view

import (
	"fmt"
	"slices"
	"time"
)

// mostRows is how many running phases are drawn, and noteLines how many lines of what each of them waits for.
const (
	mostRows  = 10
	noteLines = 3
)

// Progress shows an operation phase by phase. On a terminal it is a tree whose running phases move; elsewhere it is
// one plain line at the start and one at the end of each phase. Every phase that was started must be ended.
type Progress struct {
	console   *Console
	began     time.Time
	marks     marks
	running   []*running
	animation *animation
	frame     int
}

type running struct {
	name  string
	note  string
	began time.Time
}

// Progress begins an operation. Close ends it, whatever happened.
func (c *Console) Progress(title string) *Progress {
	p := &Progress{console: c, began: c.now(), marks: marksFor(c.term.Unicode)}
	c.Info("%s", title)
	p.animation = c.animate(p.lines, func() { p.frame++ })
	return p
}

// Close takes the moving part off the screen. What has ended stays.
func (p *Progress) Close() { p.animation.end() }

// Start begins a phase.
func (p *Progress) Start(name string) {
	p.change(func() { p.running = append(p.running, &running{name: name, began: p.console.now()}) })
	if !p.console.term.Live {
		p.console.Info("  %s...", name)
	}
}

// Note says what a phase is doing or waiting for right now. Off the terminal a note is printed once, when it changes.
func (p *Progress) Note(name, text string) {
	changed := false
	p.change(func() {
		if r := p.find(name); r != nil && r.note != text {
			r.note, changed = text, true
		}
	})
	if changed && !p.console.term.Live {
		p.console.Info("    %s: %s", name, text)
	}
}

// Done ends a phase that changed what it had to.
func (p *Progress) Done(name string) { p.end(name, p.marks.done, green, "done") }

// Skip ends a phase that had nothing to do.
func (p *Progress) Skip(name, why string) { p.end(name, p.marks.skip, grey, why) }

// Fail ends a phase that did not succeed; the error itself is printed once, at the end of the command.
func (p *Progress) Fail(name string) { p.end(name, p.marks.fail, red, "failed") }

// Stop ends a phase that was stopped from outside; what it waited for may come about by itself.
func (p *Progress) Stop(name string) { p.end(name, p.marks.stopped, yellow, "stopped") }

func (p *Progress) end(name, mark string, color int, word string) {
	now := p.console.now()
	began := now
	p.change(func() {
		i := slices.IndexFunc(p.running, func(r *running) bool { return r.name == name })
		if i >= 0 {
			began = p.running[i].began
			p.running = slices.Delete(p.running, i, i+1)
		}
	})
	took := Elapsed(now.Sub(began))
	if !p.console.term.Live {
		p.console.Info("  %s: %s (%s)", name, word, took)
		return
	}
	tail := took + " " + word
	switch mark {
	case p.marks.done:
		tail = took
	case p.marks.skip:
		tail = word
	}
	p.console.Info("%s", p.row(mark, color, name, tail))
}

// change runs f under the console's lock, because the redraw reads the same fields.
func (p *Progress) change(f func()) {
	p.console.mu.Lock()
	defer p.console.mu.Unlock()
	f()
}

func (p *Progress) find(name string) *running {
	for _, r := range p.running {
		if r.name == name {
			return r
		}
	}
	return nil
}

// lines is the moving part: each running phase with its elapsed time and its note, and the total.
func (p *Progress) lines(columns, _ int) []string {
	now, t := p.console.now(), p.console.term
	spin := p.marks.spinner[p.frame%len(p.marks.spinner)]
	var out []string
	for i, r := range p.running {
		if i == mostRows {
			out = append(out, t.paint(grey, fmt.Sprintf("  and %d more", len(p.running)-i)))
			break
		}
		out = append(out, p.row(spin, yellow, r.name, Elapsed(now.Sub(r.began))))
		if r.note == "" {
			continue
		}
		for _, line := range wrap(flat(r.note), columns-7, noteLines) {
			out = append(out, t.paint(grey, "      "+line))
		}
	}
	return append(out, t.paint(grey, "  "+Elapsed(now.Sub(p.began))+" in all"))
}

func (p *Progress) row(mark string, color int, name, tail string) string {
	t := p.console.term
	return "  " + t.paint(color, mark) + " " + name + "  " + t.paint(grey, tail)
}

// paint colours a text where that is wanted.
func (t Terminal) paint(color int, text string) string {
	if !t.Color || color == 0 || text == "" {
		return text
	}
	return paint(color, text)
}

// Elapsed is short: 0.4s, 12.3s, 4m05s.
func Elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
