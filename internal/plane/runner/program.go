package runner

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	programName = "manager"
	helpTimeout = 20 * time.Second
)

// programs finds the providers' programs in the repository and learns which flags each accepts.
type programs struct {
	repository string

	mu    sync.Mutex
	known map[string]flags // by path, size and time of the file
}

// find returns the program of an image and its version. A provider's folders hold its own program, and those of further
// images that its components name as NAME_TAG. A NAME_TAG wins; then the program of the version that the image's tag
// names, or the only one there is.
func (p *programs) find(label, image string) (program, version string, err error) {
	wanted := tag(image)
	if wanted != "" {
		further, err := p.glob(label, base(image)+"_"+wanted)
		if err != nil {
			return "", "", err
		}
		if len(further) > 0 {
			return further[0], wanted, nil
		}
		path := filepath.Join(p.repository, label, wanted, programName)
		if _, err := os.Stat(path); err == nil {
			return path, wanted, nil
		}
	}
	found, err := p.glob(label, programName)
	if err != nil {
		return "", "", err
	}
	if len(found) == 1 {
		return found[0], filepath.Base(filepath.Dir(found[0])), nil
	}
	return "", "", fmt.Errorf("no program for %s in %s: want %s", image, p.repository, filepath.Join(label, wanted, programName))
}

// glob lists the files of this name in all versions of a provider. Folders that are being filled are not versions.
func (p *programs) glob(label, name string) ([]string, error) {
	return filepath.Glob(filepath.Join(p.repository, label, "v*", name))
}

// base of an image reference: the last element of its path, without tag or digest.
func base(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, _, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	return name
}

// tag of an image reference, without a digest.
func tag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	slash := strings.LastIndexByte(image, '/')
	colon := strings.LastIndexByte(image, ':')
	if colon <= slash {
		return ""
	}
	return image[colon+1:]
}

// flags are a program's flags with their defaults, as its own help shows them.
type flags map[string]string

var (
	helpLine    = regexp.MustCompile(`(?m)^\s+(?:-\w, )?--?([a-zA-Z][\w.-]*)(?:[\s=].*)?$`)
	helpDefault = regexp.MustCompile(`\(default "?([^")]*)"?\)`)
)

// flags asks the program for its help, once for each file.
func (p *programs) flags(ctx context.Context, program string) (flags, error) {
	info, err := os.Stat(program)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %d %s", program, info.Size(), info.ModTime())
	p.mu.Lock()
	known, ok := p.known[key]
	p.mu.Unlock()
	if ok {
		return known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, helpTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--help")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput() // its exit code says nothing: flag packages end help with 0 or 2
	read := parseHelp(string(out))
	if len(read) == 0 {
		return nil, fmt.Errorf("%s --help names no flags: %w", program, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[key] = read
	return read, nil
}

func parseHelp(help string) flags {
	out := flags{}
	found := helpLine.FindAllStringSubmatchIndex(help, -1)
	for i, at := range found {
		end := len(help)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		value := ""
		if m := helpDefault.FindStringSubmatch(help[at[0]:end]); m != nil {
			value = m[1]
		}
		out[help[at[2]:at[3]]] = value
	}
	return out
}

func (f flags) accepts(name string) bool {
	_, ok := f[name]
	return ok
}
