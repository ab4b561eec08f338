package config

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Family is what the clusters of several files are known by to be each other's, and nobody else's.
type Family struct {
	Name  string
	Named bool  // a file says it; else it is the first path's own name, which says little about whose the clusters are
	Place Place // of the name
}

const mostFamily = 63 // it becomes the value of a label

// readFamily takes the name at the top of a file.
func (f *Fleet) readFamily(ff *fleetFile) {
	n := target(child(ff.root, keyFleet))
	if isNull(n) {
		return
	}
	key := keyOf(ff.root, keyFleet)
	at := Place{File: ff.path, Line: key.Line, Column: key.Column, Field: keyFleet}
	if n.Kind != yaml.ScalarNode || labelProblem("fleet", n.Value) != "" || n.Value == "" {
		f.findings = append(f.findings, uerr.Finding{
			Where: at.String(), Problem: fmt.Sprintf("%q is no name of a fleet", clip(n.Value)),
			Next: "write fleet: and letters, digits, -, _ or ., at most 63",
		})
		return
	}
	ff.family = Family{Name: n.Value, Named: true, Place: at}
}

// familyOf is the fleet that the clusters of a file are in: the file's own, the shared file's, or one after the first
// path.
func (f *Fleet) familyOf(ff, shared *fleetFile) Family {
	switch {
	case ff.family.Named:
		return ff.family
	case shared != nil && shared.family.Named:
		return shared.family
	}
	path := ff.path
	if len(f.options.Paths) > 0 && f.options.Paths[0] != "-" {
		path = f.options.Paths[0]
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".yaml"), ".yml")
	name = regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(name, "-")
	name = strings.Trim(name[:min(len(name), mostFamily)], "._-")
	return Family{Name: cmp.Or(name, "fleet")}
}

// Fingerprint is the same for two entries that ask for the same cluster. The texts of secrets are not in it: it is kept
// where more people read than may see those.
func (e *Entry) Fingerprint() string {
	h := sha256.New()
	put(h, e.Name, e.Namespace, e.Infrastructure, e.Plan)
	e.putVariables(h, false)
	for _, p := range e.Pools {
		put(h, p.Name, p.Class, fmt.Sprint(p.Workers), p.Zone, p.MachineType)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Secrets is a keyed hash of the secrets of an entry: the same when they are, and of no use to guess them by to whoever
// does not have the key.
func (e *Entry) Secrets(key []byte) []byte {
	h := hmac.New(sha256.New, key)
	e.putVariables(h, true)
	return h.Sum(nil)
}

// putVariables adds the variables that the entry's infrastructure reads: those that are secrets, or the others.
func (e *Entry) putVariables(h hash.Hash, secrets bool) {
	r := e.config.registry
	for _, name := range r.order {
		if v, _ := r.find(name, e.Infrastructure); v.AliasOf == "" && !v.ignored() && r.secret(name) == secrets && v.serves(e.Infrastructure) {
			put(h, name, e.config.raw(name))
		}
	}
}

func put(h hash.Hash, parts ...string) {
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
}
