package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// frameEvery is how often a live tree is redrawn.
const frameEvery = 120 * time.Millisecond

// mostRows is how many running phases are drawn: what scrolls off a small screen could not be erased.
const mostRows = 10

// Progress shows an operation phase by phase. On a terminal it is a tree whose running phases move; elsewhere it is
// one plain line at the start and one at the end of each phase. Every phase that was started must be ended.
type Progress struct {
	console *Console
	title   string
	began   time.Time
	marks   marks
	running []*running
	stop    chan struct{}
	stopped chan struct{}
	frame   int
}

type running struct {
	name  string
	note  string
	began time.Time
}

type marks struct {
	spinner          []string
	done, skip, fail string
}

func marksFor(unicode bool) marks {
	if unicode {
		return marks{spinner: strings.Split("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", ""), done: "✓", skip: "-", fail: "✗"}
	}
	return marks{spinner: []string{"|", "/", "-", "\\"}, done: "+", skip: "-", fail: "x"}
}

// Progress begins an operation. Close ends it, whatever happened.
func (c *Console) Progress(title string) *Progress {
	p := &Progress{console: c, title: title, began: c.now(), marks: marksFor(c.term.Unicode)}
	c.Info("%s", title)
	if !c.term.Live || c.quiet {
		return p
	}
	c.mu.Lock()
	c.live = liveArea{lines: p.lines}
	c.mu.Unlock()
	p.stop, p.stopped = make(chan struct{}), make(chan struct{})
	go p.animate()
	return p
}

// animate redraws until Close.
func (p *Progress) animate() {
	defer close(p.stopped)
	ticker := time.NewTicker(frameEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.console.mu.Lock()
			p.frame++
			p.console.live.draw(p.console)
			p.console.mu.Unlock()
		}
	}
}

// Close takes the moving part off the screen. What has ended stays.
func (p *Progress) Close() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.stopped
	p.stop = nil
	c := p.console
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.out, c.live.erase())
	c.live = liveArea{}
}

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
	took := elapsed(now.Sub(began))
	if !p.console.term.Live {
		p.console.Info("  %s: %s (%s)", name, word, took)
		return
	}
	if word == "done" {
		word = ""
	}
	p.console.Info("%s", p.row(mark, color, name, strings.TrimSpace(took+" "+word)))
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
func (p *Progress) lines() []string {
	now := p.console.now()
	spin := p.marks.spinner[p.frame%len(p.marks.spinner)]
	var out []string
	for i, r := range p.running {
		if i == mostRows {
			out = append(out, p.dim(fmt.Sprintf("  and %d more", len(p.running)-i)))
			break
		}
		out = append(out, p.row(spin, yellow, r.name, elapsed(now.Sub(r.began))))
		if r.note != "" {
			out = append(out, p.dim("      "+r.note))
		}
	}
	return append(out, p.dim("  "+elapsed(now.Sub(p.began))+" in all"))
}

func (p *Progress) row(mark string, color int, name, tail string) string {
	if p.console.term.Color {
		return "  " + paint(color, mark) + " " + name + "  " + paint(grey, tail)
	}
	return "  " + mark + " " + name + "  " + tail
}

func (p *Progress) dim(text string) string {
	if p.console.term.Color {
		return paint(grey, text)
	}
	return text
}

// elapsed is short: 0.4s, 12.3s, 4m05s.
func elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
