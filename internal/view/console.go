package view

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// ConsoleOptions say who reads the messages and how much they want to read.
type ConsoleOptions struct {
	Streams Streams
	Environ []string
	Level   int       // -v: messages of this level and below are printed
	Quiet   bool      // -q: only warnings and errors
	LogFile io.Writer // --log_file: gets every message of every level; nil means none
	Now     func() time.Time
	Next    func(advice string) string // what becomes of the lines that say what to type; nil leaves them
}

// Console is everything that is said besides the result: messages, warnings, progress and questions, all on stderr.
// It may be used by several goroutines at once.
type Console struct {
	in    io.Reader
	out   io.Writer
	file  io.Writer
	term  Terminal
	level int
	quiet bool
	now   func() time.Time
	next  func(advice string) string

	mu   sync.Mutex
	live liveArea // what is drawn below the last line, and has to be drawn again after each message
}

// NewConsole makes the console of one command.
func NewConsole(o ConsoleOptions) *Console {
	return &Console{
		in: o.Streams.In, out: o.Streams.Err, file: o.LogFile, term: terminalOf(o.Streams.Err, o.Environ),
		level: o.Level, quiet: o.Quiet, now: o.Now, next: o.Next,
	}
}

// Info is for what everybody wants to know, once.
func (c *Console) Info(format string, args ...any) { c.say(0, "", fmt.Sprintf(format, args...)) }

// Debug is for what is only wanted from -v level on.
func (c *Console) Debug(level int, format string, args ...any) {
	c.say(level, "", fmt.Sprintf(format, args...))
}

// Warn is printed even with -q.
func (c *Console) Warn(format string, args ...any) {
	c.say(-1, "Warning: ", fmt.Sprintf(format, args...))
}

// Findings prints warnings, each with its remedy.
func (c *Console) Findings(findings uerr.Findings) {
	var b strings.Builder
	PrintFindings(&b, c.next, findings)
	if b.Len() > 0 {
		c.say(-1, "", strings.TrimSuffix(b.String(), "\n"))
	}
}

// say prints one message above whatever is being drawn. Level -1 is never silenced.
func (c *Console) say(level int, label, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := label + text + "\n"
	if c.file != nil {
		_, _ = io.WriteString(c.file, c.now().UTC().Format(time.RFC3339)+" "+unpainted(line))
	}
	if c.quiet && level >= 0 || level > c.level {
		return
	}
	if label != "" && c.term.Color {
		line = paint(yellow, label) + text + "\n"
	}
	_, _ = io.WriteString(c.out, c.live.frame(c.term, line))
}

// Confirm asks a person. Where nobody can see the question and answer it refuses, and says which flag answers instead.
func (c *Console) Confirm(ctx context.Context, question string, yes bool) error {
	if yes {
		return nil
	}
	if !IsTerminal(c.in) || !IsTerminal(c.out) {
		return &uerr.Error{
			Code: uerr.Usage, What: "this needs a confirmation and there is no terminal to ask on",
			Object: question, Next: "add --yes",
		}
	}
	return c.ask(ctx, question, c.in)
}

// ask takes everything but a yes for a no. Reading cannot be interrupted: the goroutine that does it ends with the process.
func (c *Console) ask(ctx context.Context, question string, in io.Reader) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(c.out, "%s [y/N]: ", question)
	type reply struct {
		text string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		text, err := bufio.NewReader(in).ReadString('\n')
		replies <- reply{text, err}
	}()
	refusal := &uerr.Error{Code: uerr.Cancelled, What: "cancelled, nothing was touched", Object: question}
	select {
	case <-ctx.Done():
		_, _ = io.WriteString(c.out, "\n")
		refusal.Next = "to be asked again, type the same command again"
	case r := <-replies:
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return fmt.Errorf("reading the answer: %w", r.err)
		}
		if r.err != nil { // the line was not ended by who answers
			_, _ = io.WriteString(c.out, "\n")
		}
		switch strings.ToLower(strings.TrimSpace(r.text)) {
		case "y", "yes":
			return nil
		}
	}
	return refusal
}
