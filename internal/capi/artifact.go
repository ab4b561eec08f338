package capi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gofrs/flock"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Artifacts fills a repository folder with providers. The sources, in order: the user's bundle, the folder itself, and
// upstream's release with the manager taken out of its image.
type Artifacts struct {
	Folder string // the repository, usually <home>/repository
	Bundle string // a folder of the same shape, for machines without internet; empty means none

	// What follows is for other registries and for tests; zero values are upstream's.
	Arch     string // GOARCH of the managers
	Release  func(ctx context.Context, p Provider) (Release, error)
	Registry []remote.Option
	Names    []name.Option
}

// Release is what upstream publishes of a provider besides its image.
type Release struct{ Components, Metadata []byte }

// source puts the files of one provider into a folder; errNotHere means that it does not have this one.
type source interface {
	fetch(ctx context.Context, p Provider, dir string) (record, error)
}

var errNotHere = errors.New("not in this source")

// Ensure returns the folder of one provider, complete and checked, after fetching it if need be. Two processes may call
// it at once; one that was killed leaves nothing but a temporary folder, which the next one removes.
// note is told what takes long, and may be nil.
func (a *Artifacts) Ensure(ctx context.Context, p Provider, note func(text string)) (string, error) {
	if note == nil {
		note = func(string) {}
	}
	if err := os.MkdirAll(a.Folder, 0o755); err != nil {
		return "", fmt.Errorf("repository: %w", err)
	}
	lock := flock.New(filepath.Join(a.Folder, ".lock"))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return "", fmt.Errorf("repository %s is in use by another process: %w", a.Folder, err)
	}
	defer lock.Unlock() //nolint:errcheck // closing the file unlocks it whatever this says
	if err := removeLeftovers(p.folder(a.Folder)); err != nil {
		return "", err
	}
	dir := p.folder(a.Folder)
	for _, s := range a.sources(note) {
		rec, err := install(ctx, s, p, dir)
		if errors.Is(err, errNotHere) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("provider %s: %w", p, err)
		}
		if !rec.InPlace {
			note(fmt.Sprintf("%s from %s", p, rec.Source))
		}
		return dir, nil
	}
	return "", &uerr.Error{What: "provider is nowhere to be found", Object: p.String(), Cause: fs.ErrNotExist}
}

// EnsureAll is Ensure for every provider of a list.
func (a *Artifacts) EnsureAll(ctx context.Context, providers []Provider, note func(text string)) error {
	for _, p := range providers {
		if _, err := a.Ensure(ctx, p, note); err != nil {
			return err
		}
	}
	return nil
}

func (a *Artifacts) sources(note func(string)) []source {
	arch := a.Arch
	if arch == "" {
		arch = runtime.GOARCH
	}
	release := a.Release
	if release == nil {
		release = upstreamRelease
	}
	list := []source{
		cached{folder: a.Folder, note: note},
		&upstream{arch: arch, release: release, pins: filepath.Join(a.Folder, "images.lock"),
			remote: a.Registry, names: a.Names, note: note},
	}
	if a.Bundle == "" {
		return list
	}
	return append([]source{bundle{folder: a.Bundle, cache: a.Folder, arch: arch}}, list...)
}

// install fetches into a folder beside the target, and renames that when it is complete.
func install(ctx context.Context, s source, p Provider, dir string) (record, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return record{}, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), leftoverPrefix)
	if err != nil {
		return record{}, err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // removed at the next start otherwise
	rec, err := s.fetch(ctx, p, tmp)
	if err != nil || rec.InPlace {
		return rec, err
	}
	if err := rec.seal(p, tmp); err != nil {
		return rec, err
	}
	return rec, replaceFolder(tmp, dir)
}
