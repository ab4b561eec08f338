package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Outcome is how the work of a row of a Board ended.
type Outcome string

// What a row says in its STATUS column before its work and after it; during the work that is the step it is at.
const (
	waiting  Outcome = "waiting"
	working  Outcome = "working"
	Done     Outcome = "done"
	Failed   Outcome = "failed"
	Stopped  Outcome = "stopped"   // from outside: it may go on by itself
	NotBegun Outcome = "not begun" // and will not be
)

// Board shows many pieces of work in a table of one row each. On a terminal it is redrawn in place, shows as many rows as
// the window has lines for, and stays as a whole when it is closed; elsewhere it is a plain line for each step.
type Board struct {
	console   *Console
	names     []string // of the columns that a row begins with
	rows      []*Row
	began     time.Time
	marks     marks
	animation *animation
	frame     int
}

// Row is one piece of work. Its methods may be called from any goroutine.
type Row struct {
	board       *Board
	cells       []string
	outcome     Outcome
	step        string
	note        string
	began, over time.Time
}

// Board begins a table whose rows begin with these columns. The first of them names the row.
func (c *Console) Board(title string, columns ...string) *Board {
	b := &Board{console: c, names: columns, began: c.now(), marks: marksFor(c.term.Unicode)}
	c.Info("%s", title)
	b.animation = c.animate(b.lines, func() { b.frame++ })
	return b
}

// Row adds a piece of work that has not begun.
func (b *Board) Row(cells ...string) *Row {
	r := &Row{board: b, cells: cells, outcome: waiting}
	r.change(func() { b.rows = append(b.rows, r) })
	return r
}

// Close leaves the whole table on the screen, however long it is.
func (b *Board) Close() {
	b.animation.end()
	if !b.console.term.Live {
		return
	}
	columns, _ := b.console.term.Size()
	lines := b.table(columns, b.rows)
	for i := range lines {
		lines[i] = clip(lines[i], columns-1, b.console.term.ellipsis())
	}
	b.console.Info("%s", strings.Join(lines, "\n"))
}

// Start begins the work.
func (r *Row) Start() {
	r.change(func() { r.outcome, r.began = working, r.board.console.now() })
	r.plain("begun", "")
}

// Step says which step the work is at.
func (r *Row) Step(step string) { r.Note(step, "") }

// Note says what a step is doing or waiting for right now.
func (r *Row) Note(step, text string) {
	moved := false
	r.change(func() {
		moved = step != r.step
		r.step, r.note = step, text
	})
	if moved {
		r.plain(step, "")
	}
}

// End ends the work, or says that it is not begun at all.
func (r *Row) End(how Outcome, text string) {
	took := ""
	r.change(func() {
		r.outcome, r.note, r.over = how, text, r.board.console.now()
		took = r.elapsed(r.over)
	})
	r.plain(string(how), took)
}

// plain is a row's line where nothing can be redrawn. Why it failed is said once, at the end of the command.
func (r *Row) plain(what, took string) {
	if r.board.console.term.Live {
		return
	}
	if took != "" {
		what += " (" + took + ")"
	}
	r.board.console.Info("  %s: %s", r.cells[0], what)
}

// change runs f under the console's lock, because the redraw reads the same fields.
func (r *Row) change(f func()) {
	r.board.console.mu.Lock()
	defer r.board.console.mu.Unlock()
	f()
}

func (r *Row) elapsed(now time.Time) string {
	switch {
	case r.began.IsZero():
		return ""
	case !r.over.IsZero():
		now = r.over
	}
	return Elapsed(now.Sub(r.began))
}

// lines is the moving part: the header, the rows that there is room for, and how far all is.
func (b *Board) lines(columns, rows int) []string {
	shown, hidden := b.fitting(rows - 3) // the header, the foot, and the line of the cursor
	out := b.table(columns, shown)
	t := b.console.term
	if len(hidden) > 0 {
		out = append(out, t.paint(grey, fmt.Sprintf("  and %d more: %s", len(hidden), tally(hidden))))
	}
	return append(out, t.paint(grey, "  "+tally(b.rows)+"; "+Elapsed(b.console.now().Sub(b.began))+" in all"))
}

// fitting are the rows that a person wants to see most, in their own order: some of those that failed, those that are
// worked on, and of the rest as many as there is room for.
func (b *Board) fitting(room int) (shown, hidden []*Row) {
	if len(b.rows) <= room {
		return b.rows, nil
	}
	room = max(room-1, 1) // a line tells of the rest
	failures := 0
	rank := map[*Row]int{}
	for _, r := range b.rows {
		rank[r] = slices.Index([]Outcome{Failed, working, waiting, Stopped, NotBegun, Done}, r.outcome)
		if r.outcome == Failed {
			if failures++; failures > room/3 {
				rank[r] = slices.Index([]Outcome{Failed, working, waiting}, waiting)
			}
		}
	}
	chosen := slices.Clone(b.rows)
	slices.SortStableFunc(chosen, func(x, y *Row) int { return rank[x] - rank[y] })
	chosen = chosen[:room]
	for _, r := range b.rows {
		if slices.Contains(chosen, r) {
			shown = append(shown, r)
		} else {
			hidden = append(hidden, r)
		}
	}
	return shown, hidden
}

// tally counts rows by how they are: "3 done, 1 failed, 2 working".
func tally(rows []*Row) string {
	var parts []string
	for _, o := range []Outcome{Done, Failed, Stopped, NotBegun, working, waiting} {
		n := 0
		for _, r := range rows {
			if r.outcome == o {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return strings.Join(parts, ", ")
}

// cell is a text with its colour.
type cell struct {
	text  string
	color int
}

// table draws a header and rows. The last column takes what the others leave.
func (b *Board) table(columns int, rows []*Row) []string {
	if len(b.rows) == 0 {
		return nil
	}
	lines := [][]cell{{{}}}
	for _, name := range append(slices.Clone(b.names), "STATUS", "ELAPSED", "MESSAGE") {
		lines[0] = append(lines[0], cell{name, grey})
	}
	for _, r := range rows {
		lines = append(lines, r.line())
	}
	widths := b.widths(columns, lines)
	out := make([]string, len(lines))
	for i, cells := range lines {
		var line strings.Builder
		for j, c := range cells {
			text := clip(c.text, widths[j], b.console.term.ellipsis())
			pad := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(text))
			switch j {
			case len(cells) - 1:
				line.WriteString(b.console.term.paint(c.color, text))
			case len(cells) - 2: // numbers
				line.WriteString(pad + b.console.term.paint(c.color, text) + "  ")
			case 0:
				line.WriteString("  " + b.console.term.paint(c.color, text) + pad + " ")
			default:
				line.WriteString(b.console.term.paint(c.color, text) + pad + "  ")
			}
		}
		out[i] = strings.TrimRight(line.String(), " ")
	}
	return out
}

func (r *Row) line() []cell {
	b := r.board
	mark, status := cell{" ", 0}, cell{string(r.outcome), grey}
	switch r.outcome {
	case working:
		mark, status = cell{b.marks.spinner[b.frame%len(b.marks.spinner)], yellow}, cell{cmp.Or(r.step, "begun"), 0}
	case Done:
		mark, status = cell{b.marks.done, green}, cell{string(Done), 0}
	case Failed:
		mark, status = cell{b.marks.fail, red}, cell{string(Failed), red}
	case Stopped:
		mark, status = cell{b.marks.stopped, yellow}, cell{string(Stopped), yellow}
	case NotBegun:
		mark = cell{b.marks.skip, grey}
	}
	out := []cell{mark}
	for _, text := range r.cells {
		out = append(out, cell{text, 0})
	}
	return append(out, status, cell{r.elapsed(b.console.now()), 0}, cell{flat(r.note), grey})
}

// How the columns share a window.
const (
	statusRoom   = 20 // most steps' names fit in, so that the columns do not move while they change
	leastMessage = 10
	leastColumn  = 9
	nameFirst    = 8 // the name is cut when the others have this many columns less
)

// widths are the columns': as wide as what any row has to say, the last as wide as the window has room for. What does not
// fit is taken from the widest.
func (b *Board) widths(columns int, lines [][]cell) []int {
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, r := range b.rows { // rows that are not shown, too
		for i, text := range r.cells {
			widths[i+1] = max(widths[i+1], utf8.RuneCountInString(text))
		}
	}
	last := len(widths) - 1
	widths[last-2] = max(widths[last-2], statusRoom)
	room := columns - 1 - 3 - 2*(last-1) // without the margin, the blanks around the mark, and those between columns
	for _, w := range widths[:last] {
		room -= w
	}
	for ; room < leastMessage; room++ {
		i := widest(widths[1 : last-1])
		if widths[i+1] <= leastColumn {
			break
		}
		widths[i+1]--
	}
	widths[last] = max(room, 0)
	return widths
}

func widest(widths []int) int {
	at, most := 0, widths[0]-nameFirst
	for i, w := range widths[1:] {
		if w > most {
			at, most = i+1, w
		}
	}
	return at
}
