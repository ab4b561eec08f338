package capi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	leftoverPrefix = ".fetch-"
	recordFile     = "artifact.json"
	lockPoll       = 100 * time.Millisecond
)

// record says where a provider's files came from and what they were, so that a damaged copy is noticed. It is kept
// beside them; a repository built by make managers has none and is taken as it is.
type record struct {
	Source  string            `json:"source"` // "bundle /path" or "image name@sha256:…"
	Files   map[string]string `json:"files"`  // name -> SHA-256, in hex
	InPlace bool              `json:"-"`      // the target folder is good already
}

// seal checks that a folder is complete, and writes the sums of its files.
func (r record) seal(p Provider, dir string) error {
	files, err := p.files(dir)
	if err != nil {
		return err
	}
	r.Files = map[string]string{}
	for _, name := range files {
		sum, err := fileSum(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		r.Files[name] = sum
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, recordFile), append(raw, '\n'), 0o644)
}

// check compares a folder with its record; a missing file is an error, a missing record is not.
func check(p Provider, dir string) (record, error) {
	var rec record
	files, err := p.files(dir)
	if err != nil {
		return rec, err
	}
	for _, name := range files {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return rec, err
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return rec, nil
	}
	if err != nil {
		return rec, err
	}
	if err := json.Unmarshal(raw, &rec); err != nil {
		return rec, fmt.Errorf("%s: %w", filepath.Join(dir, recordFile), err)
	}
	for name, want := range rec.Files {
		got, err := fileSum(filepath.Join(dir, filepath.Base(name)))
		if err != nil {
			return rec, err
		}
		if got != want {
			return rec, fmt.Errorf("%s is damaged: its sha256 is %.12s…, it was %.12s… when it was fetched",
				filepath.Join(dir, name), got, want)
		}
	}
	return rec, nil
}

// cached is the repository folder itself.
type cached struct {
	folder string
	note   func(string)
}

func (c cached) fetch(_ context.Context, p Provider, _ string) (record, error) {
	rec, err := check(p, p.folder(c.folder))
	switch {
	case err == nil:
		rec.InPlace = true
		return rec, nil
	case errors.Is(err, fs.ErrNotExist):
		return rec, errNotHere
	}
	c.note(fmt.Sprintf("%s: %v; fetching it again", p, err))
	return rec, errNotHere
}

// bundle is a repository folder that a person carried here.
type bundle struct{ folder, cache, arch string }

func (b bundle) fetch(_ context.Context, p Provider, dir string) (record, error) {
	from := p.folder(b.folder)
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return record{}, errNotHere
	}
	if _, err := check(p, from); err != nil {
		return record{}, fmt.Errorf("bundle: %w", err)
	}
	files, err := p.files(from)
	if err != nil {
		return record{}, fmt.Errorf("bundle: %w", err)
	}
	for _, name := range p.programFiles(files) {
		if err := checkProgram(filepath.Join(from, name), b.arch); err != nil {
			return record{}, fmt.Errorf("bundle: %w", err)
		}
	}
	if sameFiles(files, from, p.folder(b.cache)) {
		return record{InPlace: true}, nil
	}
	for _, name := range files {
		if err := copyFile(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			return record{}, err
		}
	}
	return record{Source: "bundle " + b.folder}, nil
}

func sameFiles(files []string, a, b string) bool {
	for _, name := range files {
		x, errX := fileSum(filepath.Join(a, name))
		y, errY := fileSum(filepath.Join(b, name))
		if errX != nil || errY != nil || x != y {
			return false
		}
	}
	return true
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func copyFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return writeStream(to, f, info.Mode().Perm())
}

// writeStream writes a new file and flushes it to the disk: after a power failure the folder's rename must not outlive it.
func writeStream(path string, from io.Reader, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// replaceFolder puts a complete folder in the place of an old one. A running manager keeps its program's inode.
func replaceFolder(complete, target string) error {
	old := filepath.Join(filepath.Dir(target), leftoverPrefix+"old-"+filepath.Base(target))
	if err := os.Rename(target, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(complete, target); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// removeLeftovers clears what a killed process left beside the target; the caller holds the repository's lock.
func removeLeftovers(target string) error {
	entries, err := os.ReadDir(filepath.Dir(target))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), leftoverPrefix) {
			if err := os.RemoveAll(filepath.Join(filepath.Dir(target), e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
