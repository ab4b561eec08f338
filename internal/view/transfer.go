package view

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const barColumns = 30

// Transfer shows how far an upload has come: a bar on a terminal, one line for each tenth elsewhere.
type Transfer struct {
	console     *Console
	title       string
	done, total int64
	tenth       int64     // last tenth that was printed off the terminal
	drawn       time.Time // last redraw
}

// Transfer begins a transfer of bytes. Close ends it.
func (c *Console) Transfer(title string) *Transfer {
	t := &Transfer{console: c, title: title, tenth: -1}
	if c.term.Live && !c.quiet {
		c.mu.Lock()
		c.live = liveArea{lines: t.lines}
		c.mu.Unlock()
	}
	return t
}

// Update says how many bytes of how many are through.
func (t *Transfer) Update(done, total int64) {
	c := t.console
	c.mu.Lock()
	t.done, t.total = done, total
	tenth := int64(0)
	if total > 0 {
		tenth = done * 10 / total
	}
	report := !c.term.Live && tenth > t.tenth
	t.tenth = max(t.tenth, tenth)
	if now := c.now(); now.Sub(t.drawn) >= frameEvery || done == total {
		t.drawn = now
		_, _ = io.WriteString(c.out, c.live.frame(c.term, ""))
	}
	c.mu.Unlock()
	if report {
		c.Info("%s: %d%% of %s", t.title, tenth*10, Size(total))
	}
}

// Close takes the bar off the screen.
func (t *Transfer) Close() {
	t.console.endLive()
}

func (t *Transfer) lines(int, int) []string {
	if t.total <= 0 {
		return []string{fmt.Sprintf("%s  %s", t.title, Size(t.done))}
	}
	filled := int(barColumns * min(t.done, t.total) / t.total)
	bar := strings.Repeat("#", filled) + strings.Repeat(".", barColumns-filled)
	return []string{fmt.Sprintf("%s  [%s] %3d%% of %s", t.title, bar, 100*t.done/t.total, Size(t.total))}
}

// Size is a number of bytes in binary units, as vCenter shows them.
func Size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, suffix := float64(n)/unit, "KiB"
	for _, next := range []string{"MiB", "GiB", "TiB"} {
		if value < unit {
			break
		}
		value, suffix = value/unit, next
	}
	return fmt.Sprintf("%.1f %s", value, suffix)
}
