package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// stdinName is what a finding calls the standard input.
const stdinName = "stdin"

// readFiles reads every path of a fleet; a file that is named twice counts once.
func readFiles(o FleetOptions) ([]*file, uerr.Findings) {
	paths := o.Paths
	if len(paths) == 0 {
		paths = []string{FindFile(o.Options)}
	}
	var files []*file
	var findings uerr.Findings
	seen := map[string]bool{}
	for _, path := range paths {
		names, found := expand(path, o)
		findings = append(findings, found...)
		for _, name := range names {
			id := identity(name)
			if seen[id] {
				continue
			}
			seen[id] = true
			f, found := readOne(name, o.Stdin)
			findings = append(findings, found...)
			if found.Err() == nil {
				files = append(files, f)
			}
		}
	}
	return files, findings
}

// expand gives the files of a folder, sorted, and anything else as it is. Folders in the folder and hidden files are
// left out.
func expand(path string, o FleetOptions) ([]string, uerr.Findings) {
	if path == "-" {
		return []string{path}, nil
	}
	path = expandHome(path, o.Environ)
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, uerr.Findings{{
			Code: uerr.Failure, Where: path, Problem: fmt.Sprintf("the folder cannot be read: %v", pathCause(err)), Next: "ls -ld " + path,
		}}
	}
	var names []string
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if !e.IsDir() && (ext == ".yaml" || ext == ".yml") && e.Name()[0] != '.' {
			names = append(names, filepath.Join(path, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, uerr.Findings{{
			Code: uerr.NotFound, Where: path, Problem: "there is no file in the folder that ends in .yaml or .yml", Next: "name another folder, or a file",
		}}
	}
	slices.Sort(names)
	return names, nil
}

// identity is the same for all names of one file.
func identity(name string) string {
	if name == "-" {
		return name
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	return name
}

func readOne(name string, stdin io.Reader) (*file, uerr.Findings) {
	if name != "-" {
		f, findings := readFile(name, true)
		for i := range findings {
			if findings[i].Code == uerr.NotFound {
				findings[i].Where, findings[i].Next = name, "correct the path"
			}
		}
		return f, findings
	}
	f := &file{path: stdinName}
	if stdin == nil {
		return f, uerr.Findings{{Where: stdinName, Problem: "there is no standard input", Next: "name a file"}}
	}
	data, err := io.ReadAll(stdin)
	if err != nil {
		return f, uerr.Findings{{Code: uerr.Failure, Where: stdinName, Problem: "cannot be read: " + err.Error(), Next: "name a file"}}
	}
	var findings uerr.Findings
	f.root, findings = ParseMapping(f.path, data)
	return f, findings
}
