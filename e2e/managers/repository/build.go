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

// build makes one provider's folder, unless its stamp says that nothing has changed since.
func (p provider) build(ctx context.Context, o options) error {
	dir := filepath.Join(o.root, p.group)
	stamp, err := p.stamp(ctx, dir)
	if err != nil {
		return err
	}
	src, err := listModule(ctx, dir, p.module)
	if err != nil {
		return err
	}
	dest := filepath.Join(o.out, p.label, src.Version)
	if old, err := os.ReadFile(filepath.Join(dest, stampFile)); err == nil && string(old) == stamp && p.complete(dest) {
		log.Printf("%s %s is up to date", p.label, src.Version)
		return nil
	}
	if err := os.MkdirAll(dest, 0o755); err != nil {
		return err
	}
	started := time.Now()
	if err := p.writeManifests(ctx, dir, dest, src); err != nil {
		return err
	}
	if o.manifests {
		return nil
	}
	if err := p.compile(ctx, dir, filepath.Join(dest, managerFile), src.Version); err != nil {
		return err
	}
	log.Printf("%s %s built in %s", p.label, src.Version, time.Since(started).Round(time.Second))
	return writeFile(filepath.Join(dest, stampFile), []byte(stamp))
}

const (
	managerFile  = "manager"
	metadataFile = "metadata.yaml"
	stampFile    = ".stamp"
)

func (p provider) complete(dest string) bool {
	for _, name := range []string{p.components, metadataFile, managerFile} {
		if _, err := os.Stat(filepath.Join(dest, name)); err != nil {
			return false
		}
	}
	return true
}

func (p provider) writeManifests(ctx context.Context, dir, dest string, src module) error {
	body, err := components(filepath.Join(src.Dir, filepath.FromSlash(p.config)), p.image+":"+src.Version)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dest, p.components), body); err != nil {
		return err
	}
	holder, err := listModule(ctx, dir, p.metadata)
	if err != nil {
		return err
	}
	metadata, err := os.ReadFile(filepath.Join(holder.Dir, metadataFile))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dest, metadataFile), metadata)
}

// compile links into a file beside the target and renames it: a plane may be running the old program.
func (p provider) compile(ctx context.Context, dir, target, version string) error {
	pkg := p.module
	if p.pkg != "" {
		pkg += "/" + p.pkg
	}
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	flags := "-s -w"
	for _, set := range []string{"gitVersion=" + version, "gitMajor=" + major, "gitMinor=" + minor, "gitTreeState=clean"} {
		flags += " -X " + p.versionPkg + "." + set
	}
	tmp := target + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-C", dir, "-buildvcs=false", "-trimpath", "-ldflags", flags, "-o", tmp, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	log.Printf("building %s", pkg)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", pkg, errors.Join(err, ctx.Err()))
	}
	return os.Rename(tmp, target)
}

// stamp identifies everything that decides what is built: the module's requirements, the compiler and target, and this program.
func (p provider) stamp(ctx context.Context, dir string) (string, error) {
	h := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		h.Write(data)
	}
	env, err := goCommand(ctx, dir, "env", "GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM64")
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
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return raw, nil
}
