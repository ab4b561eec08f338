// Package templates holds one ClusterClass per infrastructure provider, with the templates and add-ons it refers to.
// The logic of a cluster is in its ClusterClass; this package only carries the files and lets a user's own win.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed aws azure docker vsphere
var builtin embed.FS

// FS is the built-in templates, one folder per infrastructure provider.
func FS() fs.FS { return builtin }

// WithOverrides lays a user's templates folder over the built-in ones: a file of the same path wins, and a file of a
// new path is added. A folder that is not there changes nothing.
func WithOverrides(user fs.FS) fs.FS {
	if user == nil {
		return builtin
	}
	return overlay{top: user, base: builtin}
}

// overlay reads a file from top when it is there, otherwise from base, and lists a folder as the union of both.
type overlay struct{ top, base fs.FS }

func (o overlay) Open(name string) (fs.File, error) {
	file, err := o.top.Open(name)
	if err == nil {
		return file, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open the user's template: %w", err)
	}
	return o.base.Open(name)
}

func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.base, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	own, ownErr := fs.ReadDir(o.top, name)
	if ownErr != nil && !errors.Is(ownErr, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the user's templates: %w", ownErr)
	}
	if err != nil && ownErr != nil {
		return nil, err
	}
	for _, entry := range own {
		if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == entry.Name() }) {
			entries = append(entries, entry)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
