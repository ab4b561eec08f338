package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAppend(t *testing.T) {
	l := Log{Home: filepath.Join(t.TempDir(), "home")}
	want := []Entry{
		{
			Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), User: "ann", Host: "desk", PID: 7, Command: "slipway create cluster dev1",
			Management: "mgmt", Cluster: "default/dev1", Result: OK, Seconds: 1.5,
		},
		{Time: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC), Command: "slipway init", Result: TimedOut, ExitCode: 5, Error: "plane: \"not\"\tup"},
	}
	for _, e := range want {
		if err := l.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, read(t, l.Path())); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	info, err := os.Stat(l.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want one that lets only the owner read", info.Mode(), err)
	}
}

// TestManyAppend has many writers at once, whose lines are to be whole and all there, also across a rotation.
func TestManyAppend(t *testing.T) {
	const writers, each = 20, 50
	l := Log{Home: t.TempDir(), most: writers * each * 120}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range each {
				if err := l.Append(Entry{Command: fmt.Sprintf("%d-%d", w, n), Error: "padding that makes lines long enough to be torn"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	newer, older := read(t, l.Path()), read(t, l.Path()+OlderSuffix)
	for _, e := range append(older, newer...) {
		seen[e.Command] = true
	}
	if len(seen) != writers*each || len(newer)+len(older) != writers*each {
		t.Errorf("%d different lines in files of %d and %d, want %d", len(seen), len(newer), len(older), writers*each)
	}
}

func TestRotation(t *testing.T) {
	l := Log{Home: t.TempDir(), most: 1000}
	for n := range 40 {
		if err := l.Append(Entry{PID: n}); err != nil {
			t.Fatal(err)
		}
	}
	entries := append(read(t, l.Path()+OlderSuffix), read(t, l.Path())...)
	if last := entries[len(entries)-1].PID; last != 39 {
		t.Errorf("the last line is %d", last)
	}
	for i := range entries[1:] {
		if entries[i+1].PID != entries[i].PID+1 {
			t.Errorf("line %d follows %d", entries[i+1].PID, entries[i].PID)
		}
	}
	for _, path := range []string{l.Path(), l.Path() + OlderSuffix} {
		if info, err := os.Stat(path); err != nil || info.Size() > 1000 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(l.Home, "*"))
	if err != nil || len(files) != 3 { // the lock is the third
		t.Errorf("files %v, %v", files, err)
	}
}

func read(t *testing.T, path string) []Entry {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out []Entry
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Errorf("line %q: %v", lines.Text(), err)
		}
		out = append(out, e)
	}
	return out
}
