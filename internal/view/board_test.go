package view

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/view/viewtest"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden screens")

// window is a terminal whose size a test changes.
type window struct{ columns, rows int }

func (w *window) terminal() Terminal {
	return Terminal{Live: true, Unicode: true, Size: func() (int, int) { return w.columns, w.rows }}
}

// newBoard is a board of clusters in a window, that is drawn when something is said.
func newBoard(t *testing.T, w *window, clusters int) (*Console, *Board, []*Row, *clock, func() string) {
	t.Helper()
	c, out, now := newTestConsole(ConsoleOptions{})
	c.term = w.terminal()
	b := c.Board("Applying", "CLUSTER", "ACTION")
	var rows []*Row
	for i := range clusters {
		rows = append(rows, b.Row(fmt.Sprintf("edge-%02d", i+1), "create"))
	}
	return c, b, rows, now, func() string {
		s := viewtest.NewScreen(w.columns, w.rows)
		_, _ = s.Write([]byte(strings.ReplaceAll(out.String(), "\n", "\r\n")))
		return s.Text()
	}
}

// golden compares a screen with one that somebody has looked at.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil { //nolint:gosec // for the repository
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

// normal takes the moving mark out of a screen.
func normal(screen string) string {
	for _, sign := range marksFor(true).spinner {
		screen = strings.ReplaceAll(screen, sign, "*")
	}
	return screen
}

func TestBoard(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, columns := range map[string]int{"board-80": 80, "board-120": 120, "board-50": 50} {
		t.Run(name, func(t *testing.T) {
			w := &window{columns: columns, rows: 24}
			c, b, rows, now, screen := newBoard(t, w, 5)
			for _, r := range rows[:4] {
				r.Start()
			}
			rows[0].Note("control plane ready", "control plane 0/1, pool md-0 0/2; VSphereVM default/edge-01-x: \x1b[2J\ncloning")
			now.pass(125 * time.Second)
			rows[1].End(Done, "")
			now.pass(3 * time.Second)
			rows[2].End(Failed, "no template carries v1.99.0")
			rows[3].Step("cluster class")
			c.Info("a message above")
			golden(t, name, normal(screen()))
			rows[0].End(Stopped, "")
			rows[3].End(Stopped, "")
			rows[4].End(NotBegun, "")
			b.Close()
			c.Info("the end")
			golden(t, name+"-closed", screen())
		})
	}
}

// TestBoardInASmallWindow has more rows than lines: it never draws more than could be erased, what is worked on and what
// failed are seen, and in the end all rows are there.
func TestBoardInASmallWindow(t *testing.T) {
	w := &window{columns: 80, rows: 12}
	c, b, rows, now, screen := newBoard(t, w, 40)
	for _, r := range rows[:33] {
		r.Start()
	}
	for i, r := range rows[:30] {
		now.pass(time.Second)
		if i%10 == 4 {
			r.End(Failed, "the cloud said no")
		} else {
			r.End(Done, "")
		}
		c.Info("%d", i)
	}
	golden(t, "board-small", normal(screen()))
	for _, r := range rows[30:] {
		r.End(Done, "")
	}
	before := c.console()
	b.Close()
	table := strings.TrimPrefix(c.console(), before)
	if got := strings.Count(table, "edge-"); got != 40 {
		t.Errorf("%d of 40 rows are left at the end:\n%s", got, table)
	}
}

// console is what was written so far.
func (c *Console) console() string { return c.out.(fmt.Stringer).String() }

// TestANarrowerWindow wraps what is drawn, as terminals do; all of it goes with the next redraw.
func TestANarrowerWindow(t *testing.T) {
	w := &window{columns: 80, rows: 24}
	c, b, rows, _, _ := newBoard(t, w, 2)
	defer b.Close()
	rows[0].Start()
	rows[0].Note("control plane ready", strings.Repeat("long ", 20))
	c.Info("drawn") // 4 lines, of which one has 79 columns, one 58 and one 37
	w.columns = 40
	before := c.console()
	c.Info("again")
	if frame := strings.TrimPrefix(c.console(), before); !strings.HasPrefix(frame, "\x1b[6A\r") {
		t.Errorf("%q", frame)
	}
}

// TestATreeInASmallWindow has more to say than lines to say it on.
func TestATreeInASmallWindow(t *testing.T) {
	w := &window{columns: 40, rows: 12}
	c, _, _ := newTestConsole(ConsoleOptions{})
	c.term = w.terminal()
	p := c.Progress("Creating")
	defer p.Close()
	for i := range 10 {
		name := fmt.Sprintf("phase %d", i)
		p.Start(name)
		p.Note(name, strings.Repeat("words and ", 20))
	}
	c.Info("drawn")
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.live.drawn) != 11 {
		t.Errorf("%d lines are drawn in a window of 12, of which the cursor has one", len(c.live.drawn))
	}
}

// TestRedrawDoesNotFlicker looks at a frame: lines are written over, not cleared first.
func TestRedrawDoesNotFlicker(t *testing.T) {
	w := &window{columns: 80, rows: 24}
	c, b, rows, _, _ := newBoard(t, w, 2)
	defer b.Close()
	rows[0].Start()
	c.Info("drawn")
	c.mu.Lock()
	frame := c.live.frame(c.term, "")
	c.mu.Unlock()
	if strings.Count(frame, "\x1b[J") != 1 || !strings.HasSuffix(frame, "\x1b[J") || strings.Count(frame, "\x1b[K\n") != 4 {
		t.Errorf("%q", frame)
	}
}

func TestBoardOffTheTerminalIsPlainLines(t *testing.T) {
	c, out, now := newTestConsole(ConsoleOptions{})
	b := c.Board("Applying", "CLUSTER", "ACTION")
	one, two := b.Row("one", "create"), b.Row("two", "delete")
	one.Start()
	one.Step("cluster class")
	one.Note("cluster class", "waiting")
	now.pass(2 * time.Second)
	one.End(Done, "")
	two.End(NotBegun, "")
	b.Close()
	want := "Applying\n  one: begun\n  one: cluster class\n  one: done (2.0s)\n  two: not begun\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
