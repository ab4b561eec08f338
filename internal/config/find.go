package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const (
	fileName  = "config.yaml"
	tkgFolder = ".tkg"
)

// FindFile gives the configuration file of a command: --config, else $TKG_CONFIG, else the first that exists of
// ~/.tkg/config.yaml (only when invoked as tkg), config.yaml in Slipway's home, and ~/.tkg/config.yaml. When none exists
// it is the first of them, the one to create.
func FindFile(o Options) string {
	if o.File != "" {
		return expandHome(o.File, o.Environ)
	}
	if path := lookup(o.Environ, "TKG_CONFIG"); path != "" {
		return expandHome(path, o.Environ)
	}
	candidates := []string{filepath.Join(home(o), fileName), filepath.Join(userHome(o.Environ), tkgFolder, fileName)}
	if o.InvokedAs == "tkg" {
		candidates[0], candidates[1] = candidates[1], candidates[0]
	}
	for _, path := range candidates {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return candidates[0]
}

// home is Slipway's home.
func home(o Options) string {
	if o.Home != "" {
		return o.Home
	}
	if h := lookup(o.Environ, "SLIPWAY_HOME"); h != "" {
		return h
	}
	return filepath.Join(userHome(o.Environ), ".slipway")
}

func userHome(environ []string) string { return lookup(environ, "HOME") }

func expandHome(path string, environ []string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && userHome(environ) != "" {
		return filepath.Join(userHome(environ), rest)
	}
	return path
}

// lookup finds a variable of the environment; the last one wins, as in the C library's setenv.
func lookup(environ []string, key string) string {
	text := ""
	for _, pair := range environ {
		if k, v, ok := strings.Cut(pair, "="); ok && k == key {
			text = v
		}
	}
	return text
}

const newFileHeader = `# Configuration of Slipway, in the form of TKG's config.yaml: one "NAME: value" a line.
# An environment variable of the same name, or a flag, overrides a line here.
# All names, with their meaning and default: config.example.yaml of the distribution.
`

// EnsureFile creates the file with a short header when there is none, readable by its owner only. Runbooks rely on it:
// they run "get management-cluster" once and then append their lines.
func EnsureFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create the folder of %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	_, err = f.WriteString(newFileHeader)
	return errors.Join(err, f.Close())
}

// readBytes reads the file. One that is not there is empty, unless the user named it.
func readBytes(path string, named bool) ([]byte, uerr.Findings) {
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, os.ErrNotExist) && !named:
		return nil, nil
	case errors.Is(err, os.ErrNotExist):
		return nil, uerr.Findings{{
			Code: uerr.NotFound, Where: "--config", Problem: fmt.Sprintf("there is no file %s", path),
			Next: "correct the path, or leave out --config",
		}}
	}
	return nil, uerr.Findings{{
		Code: uerr.Failure, Where: path, Problem: fmt.Sprintf("the file cannot be read: %v", pathCause(err)),
		Next: "make it readable for you: chmod 600 " + path,
	}}
}

// pathCause takes the path off an error whose place is named already.
func pathCause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
