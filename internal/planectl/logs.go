package planectl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const poll = 100 * time.Millisecond

// logFile of a controller; the empty name is the plane itself.
func (p Plane) logFile(controller string) string {
	if controller == "" {
		controller = "plane"
	}
	return filepath.Join(p.Dir, "logs", controller+".log")
}

// Logs copies the log of a controller, or of the plane itself when the name is empty. With follow it goes on until ctx
// ends, which is no error.
func (p Plane) Logs(ctx context.Context, w io.Writer, controller string, follow bool) error {
	path, err := p.find(controller)
	if err != nil {
		return err
	}
	log, err := os.Open(path)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // read only
	for {
		n, err := io.Copy(w, log)
		if err != nil || !follow {
			return err
		}
		if info, err := log.Stat(); err == nil && n == 0 {
			if at, _ := log.Seek(0, io.SeekCurrent); info.Size() < at { // the plane has cut it
				_, _ = log.Seek(0, io.SeekStart)
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(poll):
		}
	}
}

// find accepts a controller's name or the only part of it that fits one, such as "capv".
func (p Plane) find(controller string) (string, error) {
	path := p.logFile(controller)
	if filepath.Base(controller) == controller || controller == "" {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	names, err := p.LogNames()
	if err != nil {
		return "", err
	}
	fitting := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.Contains(n, controller) })
	if controller != "" && len(fitting) == 1 {
		return p.logFile(fitting[0]), nil
	}
	return "", fmt.Errorf("no log of %q; there are %s: %w", controller, strings.Join(names, ", "), fs.ErrNotExist)
}

// LogNames are the names that Logs knows.
func (p Plane) LogNames() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(p.Dir, "logs", "*.log"))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(found))
	for _, path := range found {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".log"))
	}
	return names, nil
}
