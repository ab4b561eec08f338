// Package audit keeps the record of who changed what, when, and how it ended: lines of JSON in one file of Slipway's
// home. It only writes; what is worth a line is internal/cli's to know.
package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// FileName is the file in Slipway's home. The one before it has OlderSuffix behind its name.
const (
	FileName    = "audit.log"
	OlderSuffix = ".1"
)

// maxSize is how many bytes the file may have before it makes room for a new one: some 20,000 lines.
const maxSize = 8 << 20

// Result is how it ended.
type Result string

// How it may end.
const (
	OK        Result = "ok"
	Failed    Result = "failed"
	Cancelled Result = "cancelled"
	TimedOut  Result = "timed out"
	Begun     Result = "begun" // of a command whose end is another line, unless it was killed
)

// Entry is one line. Command, Action and Error must hold no secret.
type Entry struct {
	Time       time.Time `json:"time"`
	User       string    `json:"user"`
	Host       string    `json:"host"`
	PID        int       `json:"pid"`
	Command    string    `json:"command"`                     // as it was typed
	Action     string    `json:"action,omitempty"`            // of one cluster of several: "create"
	Management string    `json:"managementCluster,omitempty"` // by name, or by the server's address
	Cluster    string    `json:"cluster,omitempty"`           // namespace/name
	Result     Result    `json:"result"`
	ExitCode   int       `json:"exitCode"`
	Seconds    float64   `json:"seconds"`
	Error      string    `json:"error,omitempty"` // first line
}

// Log is the file of one home.
type Log struct {
	Home string
	most int64 // for tests; zero means maxSize
}

// Path is the file.
func (l Log) Path() string { return filepath.Join(l.Home, FileName) }

// Append writes one line, readable by its owner only. Processes that append at once do not mix their lines: each is one
// write to a file that is open for appending.
func (l Log) Append(e Entry) error {
	var line bytes.Buffer
	text := json.NewEncoder(&line)
	text.SetEscapeHTML(false) // people read it, too
	if err := text.Encode(e); err != nil {
		return err
	}
	if err := os.MkdirAll(l.Home, 0o700); err != nil {
		return err
	}
	if err := l.rotate(int64(line.Len())); err != nil {
		return err
	}
	file, err := os.OpenFile(l.Path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(line.Bytes())
	return errors.Join(err, file.Close())
}

// rotate puts a file aside that has no room for so many bytes more. Another process that is about it is left to do it.
func (l Log) rotate(more int64) error {
	if !l.full(more) {
		return nil
	}
	lock := flock.New(l.Path()+".lock", flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", l.Path(), err)
	}
	if !held {
		return nil
	}
	defer func() { _ = lock.Close() }()
	if !l.full(more) {
		return nil // another process was faster
	}
	if err := os.Rename(l.Path(), l.Path()+OlderSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (l Log) full(more int64) bool {
	most := l.most
	if most == 0 {
		most = maxSize
	}
	info, err := os.Stat(l.Path())
	return err == nil && info.Size() > 0 && info.Size()+more > most
}
