package providertest

import (
	"path/filepath"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
)

// Load gives the configuration of an environment with these variables, in an empty home.
func Load(t *testing.T, table config.Table, pairs map[string]string) *config.Config {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	environ := []string{"SLIPWAY_HOME=" + home, "HOME=" + home}
	for k, v := range pairs {
		environ = append(environ, k+"="+v)
	}
	c, err := config.Load(config.Options{Home: home, Environ: environ, Tables: []config.Table{table}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
