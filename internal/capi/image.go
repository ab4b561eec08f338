package capi

import (
	"archive/tar"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// pin resolves a tag to a digest. The first answer is written down; a later one that differs is refused, because a
// release's tag never moves unless somebody replaced the image.
func (u *upstream) pin(ctx context.Context, tag name.Tag) (name.Digest, error) {
	pins, err := readPins(u.pins)
	if err != nil {
		return name.Digest{}, err
	}
	known := pins[tag.String()]
	head, err := remote.Head(tag, u.options(ctx)...)
	if err != nil {
		return name.Digest{}, fmt.Errorf("image %s: %w", tag, err)
	}
	if now := head.Digest.String(); known == "" {
		known = now
		pins[tag.String()] = now
		if err := writePins(u.pins, pins); err != nil {
			return name.Digest{}, err
		}
	} else if known != now {
		return name.Digest{}, &uerr.Error{
			What: "the image's tag points to another image than before", Object: tag.String(),
			Cause: fmt.Errorf("it was %s and is now %s", known, now),
			Next:  fmt.Sprintf("find out why; if the new image is right, remove its line from %s and try again", u.pins),
		}
	}
	return tag.Digest(known), nil
}

func readPins(file string) (map[string]string, error) {
	pins := map[string]string{}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return pins, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &pins); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return pins, nil
}

func writePins(file string, pins map[string]string) error {
	raw, err := json.MarshalIndent(pins, "", "  ") // sorted by key
	if err != nil {
		return err
	}
	tmp := file + ".new"
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

func (u *upstream) options(ctx context.Context) []remote.Option {
	platform := remote.WithPlatform(v1.Platform{OS: "linux", Architecture: u.arch})
	return append([]remote.Option{remote.WithContext(ctx), platform}, u.remote...)
}

// extractManager writes the image's entry point to a file. Manifest, configuration and layer are checked against their
// digests by the registry client while they are read; a layer is read to its end before its content is believed.
func (u *upstream) extractManager(ctx context.Context, ref name.Digest, target string) error {
	img, err := remote.Image(ref, u.options(ctx)...)
	if err != nil {
		return err
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return err
	}
	if cfg.OS != "linux" || cfg.Architecture != u.arch {
		return fmt.Errorf("it is for %s/%s, this machine needs linux/%s", cfg.OS, cfg.Architecture, u.arch)
	}
	if len(cfg.Config.Entrypoint) == 0 {
		return errors.New("it has no entry point")
	}
	program := strings.TrimPrefix(path.Clean(cfg.Config.Entrypoint[0]), "/")
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	for i := len(layers) - 1; i >= 0; i-- {
		found, err := extractFrom(layers[i], program, target)
		if err != nil {
			return errors.Join(err, removeIfThere(target))
		}
		if found {
			return nil
		}
	}
	return fmt.Errorf("no file /%s in its layers", program)
}

func removeIfThere(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// extractFrom looks for one file in a layer. It goes on to the end even after the file, since only then is the digest checked.
func extractFrom(layer v1.Layer, program, target string) (bool, error) {
	body, err := layer.Uncompressed()
	if err != nil {
		return false, err
	}
	defer body.Close() //nolint:errcheck // opened for reading
	found := false
	files := tar.NewReader(body)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, body)
			return found, err
		}
		if err != nil {
			return false, err
		}
		if strings.TrimPrefix(path.Clean(h.Name), "/") != program || h.Typeflag != tar.TypeReg || found {
			continue
		}
		if err := writeStream(target, files, 0o755); err != nil {
			return false, err
		}
		found = true
	}
}

// checkProgram refuses a program for another kind of machine; programs of images are known by the image's configuration.
func checkProgram(file, arch string) error {
	want, known := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
	if !known {
		return nil
	}
	f, err := elf.Open(file)
	if err != nil {
		return fmt.Errorf("%s is no Linux program: %w", file, err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if f.Machine != want {
		return fmt.Errorf("%s is for %s, this machine needs %s", file, f.Machine, arch)
	}
	return nil
}
