// Package view turns results, progress and errors into text: tables and JSON on stdout, everything else on stderr.
// It decides nothing about what happened and knows no Kubernetes type.
package view

import (
	"io"
	"strings"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// The size of a window that does not tell its own.
const (
	defaultColumns = 80
	defaultRows    = 24
)

// Streams are the three ends of a command. Out carries data only; messages, progress and errors go to Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Terminal says what may be written to a stream.
type Terminal struct {
	Live    bool                       // lines may be redrawn in place
	Color   bool                       // colours may be used
	Unicode bool                       // marks outside of ASCII may be used
	Size    func() (columns, rows int) // asked at every redraw because windows are resized
}

// terminalOf looks at a stream and at the conventions of the environment: NO_COLOR, TERM=dumb and the locale.
func terminalOf(w io.Writer, environ []string) Terminal {
	t := Terminal{Size: func() (int, int) { return defaultColumns, defaultRows }}
	fd, ok := descriptor(w)
	if !ok || !isatty.IsTerminal(fd) || lookup(environ, "TERM") == "dumb" {
		return t
	}
	t.Live = true
	t.Color = lookup(environ, "NO_COLOR") == ""
	t.Unicode = utf8Locale(environ)
	t.Size = func() (int, int) {
		columns, rows, err := term.GetSize(int(fd))
		if err != nil || columns <= 0 || rows <= 0 {
			return defaultColumns, defaultRows
		}
		return columns, rows
	}
	return t
}

// IsTerminal says whether a person is at the other end of a stream.
func IsTerminal(stream any) bool {
	fd, ok := descriptor(stream)
	return ok && isatty.IsTerminal(fd)
}

func descriptor(stream any) (uintptr, bool) {
	file, ok := stream.(interface{ Fd() uintptr })
	if !ok {
		return 0, false
	}
	return file.Fd(), true
}

func lookup(environ []string, key string) string {
	value := ""
	for _, entry := range environ {
		if name, v, ok := strings.Cut(entry, "="); ok && name == key {
			value = v
		}
	}
	return value
}

// utf8Locale follows POSIX: the first of these that is set decides.
func utf8Locale(environ []string) bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := lookup(environ, key); value != "" {
			upper := strings.ToUpper(value)
			return strings.Contains(upper, "UTF-8") || strings.Contains(upper, "UTF8")
		}
	}
	return false
}
