package capi

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	clusterctlv1 "sigs.k8s.io/cluster-api/cmd/clusterctl/api/v1alpha3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

var vsphere = Provider{Name: "vsphere", Type: clusterctlv1.InfrastructureProviderType, Version: "v1.14.0"}

// upstreamStub is a registry in memory behind a handler that a test can make misbehave, and a release that names an image of it.
type upstreamStub struct {
	server *httptest.Server
	broken func(w http.ResponseWriter, r *http.Request, next http.Handler) // nil: behaves
	pulls  int                                                             // of blobs and manifests
}

func newUpstream(t *testing.T) *upstreamStub {
	t.Helper()
	u := &upstreamStub{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	u.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path != "/v2/" {
			u.pulls++
		}
		if u.broken != nil {
			u.broken(w, r, inner)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(u.server.Close)
	return u
}

func (u *upstreamStub) image() string {
	return strings.TrimPrefix(u.server.URL, "http://") + "/capv/controller:v1.14.0"
}

func (u *upstreamStub) artifacts(t *testing.T) *Artifacts {
	t.Helper()
	return &Artifacts{
		Folder: t.TempDir(), Arch: "amd64", Names: []name.Option{name.Insecure},
		Registry: []remote.Option{remote.WithRetryBackoff(remote.Backoff{Duration: time.Millisecond, Steps: 2})},
		Release: func(context.Context, Provider) (Release, error) {
			return Release{Components: components(u.image()), Metadata: []byte("releaseSeries: []\n")}, nil
		},
	}
}

func components(image string) []byte {
	return []byte(`apiVersion: v1
kind: Namespace
metadata: {name: capv-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: capv-controller-manager, namespace: capv-system}
spec: {template: {spec: {containers: [{name: manager, image: "` + image + `"}]}}}
`)
}

// push stores the image of the provider's own program.
func (u *upstreamStub) push(t *testing.T, program string, arches ...string) {
	t.Helper()
	u.pushImage(t, u.image(), program, arches...)
}

// pushImage stores an index of one image per architecture; each holds /manager over an older /manager in a layer below.
func (u *upstreamStub) pushImage(t *testing.T, image, program string, arches ...string) {
	t.Helper()
	idx := v1.ImageIndex(empty.Index)
	for _, arch := range arches {
		img, err := mutate.AppendLayers(empty.Image, layer(t, "old"), layer(t, program+" "+arch))
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		cfg = cfg.DeepCopy()
		cfg.OS, cfg.Architecture, cfg.Config.Entrypoint = "linux", arch, []string{"/manager"}
		if img, err = mutate.ConfigFile(img, cfg); err != nil {
			t.Fatal(err)
		}
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{
			Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	ref, err := name.ParseReference(image, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, idx); err != nil {
		t.Fatal(err)
	}
}

func layer(t *testing.T, program string) v1.Layer {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range []struct{ name, body string }{{"manager", program}, {"etc/os-release", strings.Repeat("x", 4096)}} {
		err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.body)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.WriteString(w, f.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEnsureFetchesThenUsesTheCache(t *testing.T) {
	u := newUpstream(t)
	u.push(t, "capv", "amd64", "arm64")
	a := u.artifacts(t)
	dir, err := a.Ensure(t.Context(), vsphere, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(a.Folder, "infrastructure-vsphere", "v1.14.0"); dir != want {
		t.Errorf("folder is %s, want %s", dir, want)
	}
	if got := read(t, dir, "manager"); got != "capv amd64" {
		t.Errorf("manager is %q, want the top layer's program for amd64", got)
	}
	if info, err := os.Stat(filepath.Join(dir, "manager")); err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("manager cannot be run: %v %v", info.Mode(), err)
	}
	if got := read(t, dir, "infrastructure-components.yaml"); got != string(components(u.image())) {
		t.Errorf("components were changed:\n%s", got)
	}
	before := u.pulls
	if _, err := a.Ensure(t.Context(), vsphere, nil); err != nil {
		t.Fatal(err)
	}
	if u.pulls != before {
		t.Errorf("the second Ensure pulled %d times", u.pulls-before)
	}
}

func TestEnsureRefusesAndLeavesNothing(t *testing.T) {
	tests := map[string]struct {
		arches []string
		broken func(w http.ResponseWriter, r *http.Request, next http.Handler)
		want   string
	}{
		"no image for this architecture": {arches: []string{"arm64"}, want: "linux/amd64"},
		"corrupted layer":                {arches: []string{"amd64"}, broken: corruptBlobs, want: "verif"},
		"interrupted download":           {arches: []string{"amd64"}, broken: cutBlobs, want: "EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t)
			u.push(t, "capv", tt.arches...)
			u.broken = tt.broken
			a := u.artifacts(t)
			_, err := a.Ensure(t.Context(), vsphere, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "infrastructure-vsphere") {
				t.Fatalf("error is %v, want one about %q", err, tt.want)
			}
			entries, err := os.ReadDir(filepath.Join(a.Folder, "infrastructure-vsphere"))
			if err != nil || len(entries) != 0 {
				t.Errorf("left behind: %v %v", entries, err)
			}
			u.broken = nil
			u.push(t, "capv", "amd64")
			if tt.broken == nil {
				return // the tag has moved, which is another test
			}
			if _, err := a.Ensure(t.Context(), vsphere, nil); err != nil {
				t.Errorf("after the trouble: %v", err)
			}
		})
	}
}

// corruptBlobs flips one bit of every layer, where gzip does not look.
func corruptBlobs(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	body := rec.Body.Bytes()
	if isLayer(r, body) {
		body[5] ^= 1 // gzip's time stamp: only the digest can tell
	}
	replay(w, rec, body)
}

// cutBlobs closes the connection in the middle of every layer.
func cutBlobs(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	body := rec.Body.Bytes()
	if !isLayer(r, body) {
		replay(w, rec, body)
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.Write(body[:len(body)/2])
	panic(http.ErrAbortHandler)
}

func isLayer(r *http.Request, body []byte) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") && bytes.HasPrefix(body, []byte{0x1f, 0x8b})
}

func replay(w http.ResponseWriter, rec *httptest.ResponseRecorder, body []byte) {
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	w.Write(body)
}

func TestEnsureRefusesATagThatMoved(t *testing.T) {
	u := newUpstream(t)
	u.push(t, "capv", "amd64")
	a := u.artifacts(t)
	dir, err := a.Ensure(t.Context(), vsphere, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	u.push(t, "something else", "amd64")
	_, err = a.Ensure(t.Context(), vsphere, nil)
	var e *uerr.Error
	if !errors.As(err, &e) || !strings.Contains(e.Next, "images.lock") {
		t.Fatalf("error is %v, want one that names images.lock in what to do next", err)
	}
	if err := os.Remove(filepath.Join(a.Folder, "images.lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Ensure(t.Context(), vsphere, nil); err != nil {
		t.Errorf("after the line was removed: %v", err)
	}
}

func TestEnsureNoticesDamageAndLeftovers(t *testing.T) {
	u := newUpstream(t)
	u.push(t, "capv", "amd64")
	a := u.artifacts(t)
	dir, err := a.Ensure(t.Context(), vsphere, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "manager", "capv amd6\x00")
	leftover := filepath.Join(filepath.Dir(dir), leftoverPrefix+"123") // a process was killed while it fetched
	write(t, leftover, "manager", "half")
	if _, err := a.Ensure(t.Context(), vsphere, nil); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, "manager"); got != "capv amd64" {
		t.Errorf("the damaged manager is still there: %q", got)
	}
	if _, err := os.Stat(leftover); err == nil {
		t.Errorf("%s is still there", leftover)
	}
}

func TestBundle(t *testing.T) {
	fill := func(t *testing.T, machine elf.Machine) string {
		t.Helper()
		dir := t.TempDir()
		from := vsphere.folder(dir)
		write(t, from, "manager", elfHeader(machine))
		write(t, from, "metadata.yaml", "m")
		write(t, from, "infrastructure-components.yaml", string(components("example.org/capv/controller:v1.14.0")))
		return dir
	}
	offline := func(context.Context, Provider) (Release, error) { return Release{}, errors.New("no internet here") }
	t.Run("goes before the cache", func(t *testing.T) {
		a := &Artifacts{Folder: t.TempDir(), Bundle: fill(t, elf.EM_X86_64), Arch: "amd64", Release: offline}
		write(t, vsphere.folder(a.Folder), "manager", "an older one")
		dir, err := a.Ensure(t.Context(), vsphere, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(elfHeader(elf.EM_X86_64), read(t, dir, "manager")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("for another machine", func(t *testing.T) {
		a := &Artifacts{Folder: t.TempDir(), Bundle: fill(t, elf.EM_AARCH64), Arch: "amd64", Release: offline}
		if _, err := a.Ensure(t.Context(), vsphere, nil); err == nil || !strings.Contains(err.Error(), "amd64") {
			t.Errorf("error is %v, want one that names amd64", err)
		}
	})
	t.Run("lacks a file", func(t *testing.T) {
		a := &Artifacts{Folder: t.TempDir(), Bundle: fill(t, elf.EM_X86_64), Arch: "amd64", Release: offline}
		if err := os.Remove(filepath.Join(vsphere.folder(a.Bundle), "metadata.yaml")); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Ensure(t.Context(), vsphere, nil); err == nil || !strings.Contains(err.Error(), "metadata.yaml") {
			t.Errorf("error is %v, want one that names metadata.yaml", err)
		}
	})
	t.Run("lacks the provider", func(t *testing.T) {
		a := &Artifacts{Folder: t.TempDir(), Bundle: t.TempDir(), Arch: "amd64", Release: offline}
		if _, err := a.Ensure(t.Context(), vsphere, nil); err == nil || !strings.Contains(err.Error(), "no internet here") {
			t.Errorf("error is %v, want upstream's", err)
		}
	})
}

// elfHeader is the header of an ELF file, which is all that is looked at.
func elfHeader(machine elf.Machine) string {
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	var buf bytes.Buffer
	if err := binary.Write(&buf, binary.LittleEndian, h); err != nil {
		panic(err)
	}
	return buf.String()
}

func read(t *testing.T, dir, file string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func write(t *testing.T, dir, file, body string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(body), 0o755); err != nil {
		t.Fatal(err)
	}
}
