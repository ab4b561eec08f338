package image

import (
	"context"
	"crypto/sha1" //nolint:gosec // older OVAs have SHA-1 manifests; it finds damage, and proves no origin
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// sum is one line of the manifest.
type sum struct {
	algorithm string
	hex       string
}

// readManifest reads lines of the form SHA256(name)= hex.
func (a *archive) readManifest() (map[string]sum, error) {
	if a.manifest == "" {
		return nil, errors.New("the OVA has no manifest (.mf), so it cannot be told whether it is whole")
	}
	text, err := a.read(a.manifest)
	if err != nil {
		return nil, err
	}
	line := regexp.MustCompile(`^(\w+) ?\((.+)\) ?= ?([0-9A-Fa-f]+)$`)
	sums := map[string]sum{}
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSpace(l)
		if l == "" {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			return nil, fmt.Errorf("manifest %s has a line that is no checksum: %.60q", a.manifest, l)
		}
		sums[m[2]] = sum{algorithm: strings.ToUpper(m[1]), hex: strings.ToLower(m[3])}
	}
	return sums, nil
}

func newHash(algorithm string) (hash.Hash, error) {
	switch algorithm {
	case "SHA1":
		return sha1.New(), nil //nolint:gosec // see the import
	case "SHA256":
		return sha256.New(), nil
	case "SHA512":
		return sha512.New(), nil
	default:
		return nil, fmt.Errorf("checksum algorithm %s is not known", algorithm)
	}
}

// verify reads every file that the manifest or the descriptor names and compares. It reports everything that is wrong,
// not the first thing. The digest identifies the content of the OVA.
func (a *archive) verify(ctx context.Context, count func(int)) (digest string, err error) {
	sums, err := a.readManifest()
	if err != nil {
		return "", err
	}
	if _, ok := sums[a.descriptor]; !ok {
		err = fmt.Errorf("manifest %s does not name %s", a.manifest, a.descriptor)
	}
	for _, f := range a.references() {
		if _, ok := sums[f.Href]; !ok {
			err = errors.Join(err, fmt.Errorf("manifest %s does not name %s", a.manifest, f.Href))
		}
		if m, ok := a.members[f.Href]; ok && f.Size != 0 && uint64(m.size) != uint64(f.Size) {
			err = errors.Join(err, fmt.Errorf("%s has %d bytes, and the descriptor says %d", f.Href, m.size, f.Size))
		}
	}
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		err = errors.Join(err, a.verifyMember(ctx, name, sums[name], count))
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		_, _ = fmt.Fprintf(all, "%s %s\n", name, sums[name].hex)
	}
	return hex.EncodeToString(all.Sum(nil)), err
}

func (a *archive) verifyMember(ctx context.Context, name string, want sum, count func(int)) error {
	m, ok := a.members[name]
	if !ok {
		return fmt.Errorf("%s is missing from the OVA", name)
	}
	h, err := newHash(want.algorithm)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	n, err := io.Copy(h, &counted{ctx: ctx, Reader: a.section(m), count: count})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if n != m.size {
		return fmt.Errorf("%s is cut short: %d bytes of %d", name, n, m.size)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want.hex {
		return fmt.Errorf("%s is damaged: its %s is %s, and the manifest says %s", name, want.algorithm, got, want.hex)
	}
	return nil
}

// counted tells how much was read, and stops when the context does.
type counted struct {
	io.Reader
	ctx   context.Context //nolint:containedctx // io.Reader has no other way to be cancelled
	count func(int)
}

// Read reads on unless the context is over.
func (c *counted) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.Reader.Read(p)
	c.count(n)
	return n, err
}
