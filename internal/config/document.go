package config

import "errors"

// Document is a config.yaml being edited. Every edit replaces the bytes of one value and leaves all others alone.
type Document struct{ data []byte }

var errSoon = errors.New("the editor is being written")

// Set gives a variable a value.
func (d *Document) Set(key, value string) error { return errSoon }

// EncodeSecrets rewrites the values of secret variables as <encoded:BASE64>.
func (d *Document) EncodeSecrets(tables []Table) error { return errSoon }

// Regions are the management clusters of the file.
func (d *Document) Regions() []Region { return nil }

// SetRegion adds a management cluster, or overwrites the one of that name. IsCurrent makes it the current one.
func (d *Document) SetRegion(r Region) error { return errSoon }

// SetCurrent makes a management cluster the current one; a context may be given in place of its own.
func (d *Document) SetCurrent(name, context string) error { return errSoon }

// RemoveRegion takes a management cluster out of the file; one that is not there is no error.
func (d *Document) RemoveRegion(name string) error { return errSoon }
