package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOnlyItsOwnFoldersNameAWS keeps what one cloud needs out of what all share. A cloud's rooms are its adapter, its
// templates and its simulation; a build's list of providers names them all.
func TestOnlyItsOwnFoldersNameAWS(t *testing.T) {
	name := regexp.MustCompile(`(?i)\b(aws|amazon|ec2|eks)\b|AWS_`)
	allowed := []string{
		"providers/aws/", "templates/aws/", "internal/sim/aws/", "internal/sim/cloud_aws.go", "internal/sim/sim.go",
		"cmd/slipway/providers.go", "templates/embed.go", // the lists of what a build has
		"config.example.yaml", "docs/", "e2e/", ".cache/", ".git/", "internal/render/testdata/aws/",
	}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(allowed, path+"/") {
				return fs.SkipDir
			}
			return nil
		}
		code := slices.Contains([]string{".go", ".yaml", ".txtar"}, filepath.Ext(path))
		if !code || strings.HasSuffix(path, "_test.go") || slices.Contains(allowed, path) {
			return nil
		}
		raw, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		for n, line := range bytes.Split(raw, []byte("\n")) {
			if name.Match(line) {
				t.Errorf("%s:%d names AWS: %s", path, n+1, bytes.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
