package view

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view/viewtest"
	"go.uber.org/goleak"
)

// clock is a time that only moves when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// safeBuffer is read by the test while the redraw writes.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newTestConsole(o ConsoleOptions) (*Console, *safeBuffer, *clock) {
	out, now := &safeBuffer{}, &clock{now: time.Unix(0, 0)}
	o.Streams.Err, o.Now = out, now.Now
	if o.Streams.In == nil {
		o.Streams.In = strings.NewReader("")
	}
	return NewConsole(o), out, now
}

func TestProgressOffTheTerminalIsPlainLines(t *testing.T) {
	c, out, now := newTestConsole(ConsoleOptions{Environ: []string{"TERM=xterm"}})
	p := c.Progress("Creating cluster dev1")
	p.Start("preflight")
	now.pass(1500 * time.Millisecond)
	p.Done("preflight")
	p.Start("machines")
	p.Note("machines", "1/2")
	p.Note("machines", "1/2")
	now.pass(65 * time.Second)
	p.Fail("machines")
	p.Start("rest")
	p.Skip("rest", "already so")
	p.Close()
	want := `Creating cluster dev1
  preflight...
  preflight: done (1.5s)
  machines...
    machines: 1/2
  machines: failed (1m05s)
  rest...
  rest: already so (0.0s)
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// screen is what a terminal of 80x24 shows after the bytes.
func screen(text string) []string {
	s := viewtest.NewScreen(80, 24)
	_, _ = s.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	shown := strings.TrimSuffix(s.Text(), "\n")
	if shown == "" {
		return nil
	}
	return strings.Split(shown, "\n")
}

func TestProgressOnATerminal(t *testing.T) {
	defer goleak.VerifyNone(t)
	c, out, now := newTestConsole(ConsoleOptions{})
	c.term = Terminal{Live: true, Color: true, Unicode: false, Size: func() (int, int) { return 30, 24 }}
	p := c.Progress("Creating cluster dev1")
	p.Start("machines")
	p.Note("machines", strings.Repeat("a very long note ", 5))
	now.pass(2 * time.Second)
	c.Info("a message")
	lines := screen(out.String())
	if len(lines) != 7 || lines[1] != "a message" || !strings.HasSuffix(lines[2], "machines  2.0s") || lines[6] != "  2.0s in all" {
		t.Errorf("%q", lines)
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 29 {
			t.Errorf("%q would wrap, and could not be erased", line)
		}
	}
	p.Done("machines")
	p.Start("class")
	p.Skip("class", "already so")
	p.Start("workers")
	p.Stop("workers")
	p.Start("rest")
	p.Fail("rest")
	p.Close()
	want := []string{"Creating cluster dev1", "a message", "  + machines  2.0s", "  - class  already so", "  ! workers  0.0s stopped", "  x rest  0.0s failed"}
	if diff := cmp.Diff(want, screen(out.String())); diff != "" {
		t.Error(diff)
	}
}

func TestNoColor(t *testing.T) {
	c, out, _ := newTestConsole(ConsoleOptions{})
	c.term = Terminal{Live: true, Size: func() (int, int) { return 80, 24 }}
	p := c.Progress("title")
	p.Start("phase")
	p.Done("phase")
	p.Close()
	c.Warn("careful")
	if colours := regexp.MustCompile(`\x1b\[\d*m`).FindAllString(out.String(), -1); colours != nil {
		t.Errorf("%q", colours)
	}
}

func TestTerminalOf(t *testing.T) {
	if term := terminalOf(&bytes.Buffer{}, []string{"TERM=xterm", "LANG=C.UTF-8"}); term.Live || term.Color {
		t.Errorf("a buffer is taken for a terminal: %+v", term)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if term := terminalOf(file, []string{"TERM=xterm"}); term.Live {
		t.Error("/dev/null is taken for a terminal")
	}
	for environ, want := range map[string]bool{
		"LANG=en_US.UTF-8": true, "LANG=C.utf8": true, "LANG=C": false, "LC_ALL=C,LANG=en_US.UTF-8": false, "": false,
	} {
		if got := utf8Locale(strings.Split(environ, ",")); got != want {
			t.Errorf("%s: %v", environ, got)
		}
	}
}

func TestLevels(t *testing.T) {
	say := func(c *Console) {
		c.Info("info")
		c.Debug(3, "debug")
		c.Warn("warn")
	}
	tests := map[string]struct {
		options ConsoleOptions
		want    string
	}{
		"default": {want: "info\nWarning: warn\n"},
		"-v 2":    {options: ConsoleOptions{Level: 2}, want: "info\nWarning: warn\n"},
		"-v 3":    {options: ConsoleOptions{Level: 3}, want: "info\ndebug\nWarning: warn\n"},
		"-q":      {options: ConsoleOptions{Quiet: true, Level: 9}, want: "Warning: warn\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			test.options.LogFile = &log
			c, out, _ := newTestConsole(test.options)
			say(c)
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Error(diff)
			}
			if got := strings.Count(log.String(), "1970-01-01T00:00:00Z "); got != 3 {
				t.Errorf("the log file has %d of 3 messages: %s", got, log.String())
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	c, out, _ := newTestConsole(ConsoleOptions{Streams: Streams{In: strings.NewReader("y\n")}})
	if err := c.Confirm(t.Context(), "Delete it?", true); err != nil || out.String() != "" {
		t.Errorf("--yes asks all the same: %v %q", err, out)
	}
	err := c.Confirm(t.Context(), "Delete it?", false)
	var known *uerr.Error
	if !errors.As(err, &known) || known.Code != uerr.Usage || known.Next != "add --yes" {
		t.Errorf("without a terminal: %#v", err)
	}
	for answer, want := range map[string]uerr.Code{
		"y\n": uerr.OK, "Yes\n": uerr.OK, "n\n": uerr.Cancelled, "\n": uerr.Cancelled, "": uerr.Cancelled, "yup\n": uerr.Cancelled,
	} {
		c, out, _ := newTestConsole(ConsoleOptions{})
		if got := uerr.ExitCode(c.ask(t.Context(), "Delete it?", strings.NewReader(answer))); got != want {
			t.Errorf("%q: %d, want %d", answer, got, want)
		}
		if strings.TrimSuffix(out.String(), "\n") != "Delete it? [y/N]: " || strings.HasSuffix(out.String(), "\n") == strings.HasSuffix(answer, "\n") {
			t.Errorf("%q", out)
		}
	}
}

func TestTransferOffTheTerminal(t *testing.T) {
	c, out, _ := newTestConsole(ConsoleOptions{})
	transfer := c.Transfer("image.ova")
	for done := int64(0); done <= 1<<30; done += 1 << 26 {
		transfer.Update(done, 1<<30)
	}
	transfer.Close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 11 || lines[0] != "image.ova: 0% of 1.0 GiB" || lines[10] != "image.ova: 100% of 1.0 GiB" {
		t.Errorf("%q", lines)
	}
}

func TestTransferOnATerminal(t *testing.T) {
	c, out, now := newTestConsole(ConsoleOptions{})
	c.term = Terminal{Live: true, Size: func() (int, int) { return 80, 24 }}
	transfer := c.Transfer("image.ova")
	transfer.Update(0, 100)
	now.pass(time.Second)
	transfer.Update(50, 100)
	want := []string{"image.ova  [" + strings.Repeat("#", 15) + strings.Repeat(".", 15) + "]  50% of 100 B"}
	if diff := cmp.Diff(want, screen(out.String())); diff != "" {
		t.Error(diff)
	}
	transfer.Close()
	if got := screen(out.String()); len(got) != 0 {
		t.Errorf("the bar stays on the screen: %q", got)
	}
}
