package image

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Place is where in the inventory the template goes.
type Place struct {
	Pool      *object.ResourcePool
	Folder    *object.Folder
	Datastore *object.Datastore
	Network   object.NetworkReference // every network of the OVA is mapped to it
}

// Request is one import.
type Request struct {
	File  string
	Name  string // of the template; empty takes the file's
	Place Place
}

// Result is what there is after an import.
type Result struct {
	Path     string `json:"path"`     // inventory path of the template
	Imported bool   `json:"imported"` // false when it was there already
	Repaired bool   `json:"repaired"` // whether an interrupted import was cleaned up first
}

// Progress is told how many bytes are done of all there are: each byte is read once to verify it and once to send it.
type Progress func(done, total int64)

// Import verifies the file, uploads it, takes the snapshot that linked clones need, and marks it as a template. A
// template of this very content under this name is left as it is; one that is half imported is destroyed and redone;
// anything else of that name is refused.
func Import(ctx context.Context, client *vim25.Client, r Request, progress Progress) (Result, error) {
	a, err := openArchive(r.File)
	if err != nil {
		return Result{}, refused(r.File, err)
	}
	defer a.close()
	if r.Name == "" {
		r.Name = NameOf(r.File)
	}
	meter := newMeter(a, progress)
	digest, err := a.verify(ctx, meter.add)
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("verifying %s: %w", r.File, context.Cause(ctx))
	}
	if err != nil {
		return Result{}, refused(r.File, err)
	}
	i := &importing{client: client, request: r, archive: a, digest: digest, meter: meter}
	result := Result{Path: r.Place.Folder.InventoryPath + "/" + r.Name}
	existing, err := i.existing(ctx)
	if err != nil {
		return Result{}, err
	}
	switch existing.state {
	case complete:
		meter.finish()
		return result, nil
	case interrupted:
		if err := i.remove(ctx, existing.vm); err != nil {
			return Result{}, err
		}
		result.Repaired = true
	case absent:
	}
	result.Imported = true
	return result, i.run(ctx)
}

// NameOf is the default name of a template: the file's without .ova.
func NameOf(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func refused(file string, err error) error {
	return &uerr.Error{
		Code: uerr.Failure, What: "the OVA is refused", Object: file, Cause: err,
		Next: "download the file again, and compare its checksum with the publisher's",
	}
}

// meter turns counts of bytes into progress. A cancelled upload may still count while Import returns.
type meter struct {
	mu          sync.Mutex
	done, total int64
	report      Progress
}

func newMeter(a *archive, report Progress) *meter {
	m := &meter{report: report}
	for _, member := range a.members {
		if member.name != a.manifest {
			m.total += member.size
		}
	}
	for _, f := range a.references() {
		m.total += a.members[f.Href].size
	}
	return m
}

func (m *meter) add(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = min(m.done+int64(n), m.total)
	if m.report != nil {
		m.report(m.done, m.total)
	}
}

func (m *meter) finish() { m.add(int(m.total)) }

// existingVM is what has the name already.
type existingVM struct {
	state state
	vm    *object.VirtualMachine
}

type state int

const (
	absent state = iota
	complete
	interrupted
)

// existing looks the name up in the folder and judges by the annotation, which is there from the first moment on.
func (i *importing) existing(ctx context.Context) (existingVM, error) {
	path := i.request.Place.Folder.InventoryPath + "/" + i.request.Name
	vm, err := find.NewFinder(i.client, false).VirtualMachine(ctx, path)
	var missing *find.NotFoundError
	if errors.As(err, &missing) {
		return existingVM{}, nil
	}
	if err != nil {
		return existingVM{}, fmt.Errorf("looking for %s: %w", path, err)
	}
	state, err := i.judge(ctx, vm, path)
	return existingVM{state: state, vm: vm}, err
}
