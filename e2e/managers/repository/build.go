package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// sources make a change of this program rebuild what it made.
//
//go:embed *.go
var sources embed.FS

// module is what `go list -m -json` says of one.
type module struct {
	Version string
	Dir     string
}

// source is a program with the module that it is built of.
type source struct {
	program
	module
	moduleDir string // which requires the module
}

// build makes one provider's folder, unless its stamp says that nothing has changed since.
func (p provider) build(ctx context.Context, o options) error {
	stamp, err := p.stamp(ctx, o.root)
	if err != nil {
		return err
	}
	sources, err := p.find(ctx, o.root)
	if err != nil {
		return err
	}
	version := sources[0].Version
	dest := filepath.Join(o.out, p.label, version)
	if old, err := os.ReadFile(filepath.Join(dest, stampFile)); err == nil && string(old) == stamp && p.complete(dest, sources) {
		log.Printf("%s %s is up to date", p.label, version)
		return nil
	}
	if err := os.MkdirAll(dest, 0o755); err != nil {
		return err
	}
	started := time.Now()
	if err := p.writeManifests(ctx, dest, sources); err != nil {
		return err
	}
	if o.manifests {
		return nil
	}
	for _, src := range sources {
		if err := src.compile(ctx, dest); err != nil {
			return err
		}
	}
	log.Printf("%s %s built in %s", p.label, version, time.Since(started).Round(time.Second))
	return writeFile(filepath.Join(dest, stampFile), []byte(stamp))
}

const (
	managerFile  = "manager"
	metadataFile = "metadata.yaml"
	stampFile    = ".stamp"
)

// find locates the modules of the provider's programs, its own first.
func (p provider) find(ctx context.Context, root string) ([]source, error) {
	var out []source
	for _, prog := range p.programs() {
		dir := filepath.Join(root, prog.group)
		m, err := listModule(ctx, dir, prog.module)
		if err != nil {
			return nil, err
		}
		out = append(out, source{program: prog, module: m, moduleDir: dir})
	}
	return out, nil
}

func (p provider) complete(dest string, sources []source) bool {
	names := []string{p.components, metadataFile}
	for _, src := range sources {
		names = append(names, src.file(src.Version))
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dest, name)); err != nil {
			return false
		}
	}
	return true
}

func (p provider) writeManifests(ctx context.Context, dest string, sources []source) error {
	body, err := p.render(ctx, sources)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dest, p.components), body); err != nil {
		return err
	}
	holder, err := listModule(ctx, sources[0].moduleDir, p.metadata)
	if err != nil {
		return err
	}
	metadata, err := os.ReadFile(filepath.Join(holder.Dir, metadataFile))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dest, metadataFile), metadata)
}

// compile links into a file beside the target and renames it: a plane may be running the old program. There is no
// -trimpath: with it the compiler would keep a second copy of every package that the product has compiled already.
func (s source) compile(ctx context.Context, dest string) error {
	pkg := s.program.module
	if s.pkg != "" {
		pkg += "/" + s.pkg
	}
	target := filepath.Join(dest, s.file(s.Version))
	tmp := target + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-C", s.moduleDir, "-buildvcs=false", "-ldflags", s.linkerFlags(), "-o", tmp, pkg)
	cmd.Env = append(goEnv(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	log.Printf("building %s", pkg)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", pkg, errors.Join(err, ctx.Err()))
	}
	return os.Rename(tmp, target)
}

func (s source) linkerFlags() string {
	if s.versionVar != "" {
		return "-s -w -X " + s.versionVar + "=" + s.Version
	}
	major, minor, _ := strings.Cut(strings.TrimPrefix(s.Version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	flags := "-s -w"
	for _, set := range []string{"gitVersion=" + s.Version, "gitMajor=" + major, "gitMinor=" + minor, "gitTreeState=clean"} {
		flags += " -X " + s.versionPkg + "." + set
	}
	return flags
}

// stamp identifies everything that decides what is built: the modules' requirements, the compiler and target, and this program.
func (p provider) stamp(ctx context.Context, root string) (string, error) {
	h := sha256.New()
	for _, prog := range p.programs() {
		for _, name := range []string{"go.mod", "go.sum"} {
			data, err := os.ReadFile(filepath.Join(root, prog.group, name))
			if err != nil {
				return "", err
			}
			h.Write(data)
		}
	}
	env, err := goCommand(ctx, filepath.Join(root, p.group), "env", "GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM64")
	if err != nil {
		return "", err
	}
	h.Write(env)
	err = fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := sources.ReadFile(path)
		h.Write(data)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func listModule(ctx context.Context, dir, path string) (module, error) {
	// A replaced module is found where its replacement is, but keeps the version that was asked for.
	if _, err := goCommand(ctx, dir, "mod", "download", path); err != nil {
		return module{}, err
	}
	raw, err := goCommand(ctx, dir, "list", "-m", "-json", path)
	if err != nil {
		return module{}, err
	}
	var m module
	if err := json.Unmarshal(raw, &m); err != nil {
		return module{}, fmt.Errorf("go list -m %s: %w", path, err)
	}
	return m, nil
}

func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	cmd.Env = goEnv()
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return raw, nil
}

// goEnv lets no setting of the user's change a module's requirements.
func goEnv() []string { return append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off") }
