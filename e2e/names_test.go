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

// TestOnlyItsOwnFoldersNameACloud keeps what one cloud needs out of what all share. A cloud's rooms are its adapter, its
// templates and its simulation; a build's list of providers names them all.
func TestOnlyItsOwnFoldersNameACloud(t *testing.T) {
	shared := []string{
		"internal/sim/sim.go", "internal/sim/aks.go", "internal/sim/aks_nodes.go", "cmd/slipway/providers.go", "templates/embed.go", // the lists of what a build has
		"config.example.yaml", "docs/", "e2e/", ".cache/", ".git/",
	}
	for cloud, names := range map[string]string{
		"aws": `(?i)\b(aws|amazon|ec2|eks)\b|AWS_`,
		// Its operator's objects are in the management cluster, so words about it are everywhere; decisions are not.
		"azure": `"azure"|AZURE_|azure-sdk`,
		// Of clusters in memory, upstream's words for them; the provider of containers may be named as a program.
		"docker": `"docker"|\bDev(Cluster|Machine)|\bIN_MEMORY_`,
	} {
		t.Run(cloud, func(t *testing.T) {
			rooms := []string{
				"providers/" + cloud + "/", "templates/" + cloud + "/", "internal/sim/" + cloud + "/",
				"internal/sim/cloud_" + cloud + ".go", "internal/cli/cluster_flags.go", // flags stand for variables of clouds
			}
			nowhereElse(t, regexp.MustCompile(names), append(rooms, shared...))
		})
	}
}

func nowhereElse(t *testing.T, name *regexp.Regexp, allowed []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(allowed, path+"/") || d.Name() == "testdata" {
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
				t.Errorf("%s:%d names a cloud: %s", path, n+1, bytes.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
