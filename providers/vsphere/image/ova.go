// Package image brings an OVA file into vCenter as a VM template. The file is verified as a whole before the first byte
// is sent, and a run that was interrupted is cleaned up and repeated by the next one.
//
// It takes a session and a place in the inventory; who logs in and what the place is called is the adapter's matter.
package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/vmware/govmomi/ovf"
)

// maxText bounds the descriptor and the manifest, which are read into memory; real ones take a few kilobytes.
const maxText = 8 << 20

// member is one file inside the OVA.
type member struct {
	name         string
	offset, size int64
}

// archive is an opened OVA: a tar of a descriptor, a manifest and disks, uncompressed, so that disks are read in place.
type archive struct {
	file       *os.File
	members    map[string]member
	descriptor string // name of the .ovf
	manifest   string // name of the .mf; empty when there is none
	envelope   *ovf.Envelope
	text       []byte // of the descriptor
}

// openArchive indexes the file and reads its descriptor. It does not read the disks.
func openArchive(file string) (*archive, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	a := &archive{file: f, members: map[string]member{}}
	if err := errors.Join(a.index(), a.readDescriptor()); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return a, nil
}

func (a *archive) index() error {
	r := tar.NewReader(a.file)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the file is no OVA or is cut short: %w", err)
		}
		offset, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := a.add(member{name: path.Base(h.Name), offset: offset, size: h.Size}); err != nil {
			return err
		}
	}
}

func (a *archive) add(m member) error {
	if _, twice := a.members[m.name]; twice {
		return fmt.Errorf("%s is in the OVA twice", m.name)
	}
	a.members[m.name] = m
	switch strings.ToLower(path.Ext(m.name)) {
	case ".ovf":
		if a.descriptor != "" {
			return fmt.Errorf("the OVA has two descriptors, %s and %s", a.descriptor, m.name)
		}
		a.descriptor = m.name
	case ".mf":
		a.manifest = m.name
	}
	return nil
}

func (a *archive) readDescriptor() error {
	if a.descriptor == "" {
		return errors.New("the file holds no .ovf descriptor, so it is no OVA")
	}
	var err error
	if a.text, err = a.read(a.descriptor); err != nil {
		return err
	}
	a.envelope, err = ovf.Unmarshal(bytes.NewReader(a.text))
	if err != nil {
		return fmt.Errorf("descriptor %s: %w", a.descriptor, err)
	}
	if a.envelope.VirtualSystem == nil {
		return fmt.Errorf("descriptor %s describes no virtual machine", a.descriptor)
	}
	return nil
}

// read gives a small member as a whole.
func (a *archive) read(name string) ([]byte, error) {
	m, ok := a.members[name]
	if !ok {
		return nil, fmt.Errorf("%s is missing from the OVA", name)
	}
	if m.size > maxText {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that are sensible", name, m.size, maxText)
	}
	text := make([]byte, m.size)
	if _, err := io.ReadFull(a.section(m), text); err != nil {
		return nil, fmt.Errorf("%s is cut short: %w", name, err)
	}
	return text, nil
}

func (a *archive) section(m member) *io.SectionReader {
	return io.NewSectionReader(a.file, m.offset, m.size)
}

// references are the files that the descriptor names: the disks, as a rule.
func (a *archive) references() []ovf.File { return a.envelope.References }

// Open serves govmomi's importer, which asks for the descriptor and the manifest by pattern or name.
func (a *archive) Open(name string) (io.ReadCloser, int64, error) {
	m, ok := a.members[path.Base(name)]
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", name, os.ErrNotExist)
	}
	return io.NopCloser(a.section(m)), m.size, nil
}

func (a *archive) close() { _ = a.file.Close() }
