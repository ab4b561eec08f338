package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const (
	lockSuffix = ".lock"
	lockPoll   = 20 * time.Millisecond
)

// Edit changes the file under a lock: f edits the document, and the result takes the file's place at once and whole,
// readable by its owner only. A symbolic link stays one. A file that is not there is made. Nothing is written when f
// returns an error or changes nothing. The lock is a file beside it, which stays.
func Edit(ctx context.Context, path string, f func(*Document) error) error {
	target, err := resolve(path)
	if err != nil {
		return fmt.Errorf("follow %s: %w", path, err)
	}
	if err := EnsureFile(target); err != nil {
		return err
	}
	lock := flock.New(target+lockSuffix, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return &uerr.Error{
			Code: lockCode(err), What: "the file is being changed by another command", Object: path, Cause: err,
			Next: "wait for the other command to end, then type this one again",
		}
	}
	defer func() { _ = lock.Close() }()
	before, err := os.ReadFile(target)
	if err != nil {
		return fmt.Errorf("read the file to edit: %w", err)
	}
	d, err := newDocument(path, before)
	if err != nil {
		return err
	}
	if err := f(d); err != nil || bytes.Equal(before, d.data) {
		return err
	}
	return replaceFile(target, d.data)
}

func lockCode(err error) uerr.Code {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return uerr.TimedOut
	case errors.Is(err, context.Canceled):
		return uerr.Cancelled
	}
	return uerr.Failure
}

// resolve follows symbolic links to the file that is to be replaced, which need not exist.
func resolve(path string) (string, error) {
	const most = 40
	for range most {
		next, err := os.Readlink(path)
		if err != nil {
			return path, nil // not a link, or not there: it is the file itself
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", errors.New("too many symbolic links")
}

// replaceFile writes beside the file, makes sure that the bytes are on the disk, and renames.
func replaceFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
