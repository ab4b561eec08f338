package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/slipway-sh/slipway/internal/config"
)

// rehearsable is an adapter whose cloud can be simulated.
type rehearsable interface {
	// RehearsalConfig is the part of config.yaml for somebody who has no such cloud.
	RehearsalConfig() []byte
	// RehearsalInventory is what the simulated cloud has to hold, so that a configuration finds there what it names.
	// It becomes JSON for the simulator only, and may hold secrets.
	RehearsalInventory(c *config.Config) any
}

// rehearsalHeader begins the configuration of a rehearsal by somebody who has none.
const rehearsalHeader = "# The configuration of a rehearsal.\nCNI: none\n"

// setScene writes the rehearsal's configuration and the simulator's inventory. A person's own configuration is copied,
// and the simulated clouds hold what it names; clouds that it does not name get a configuration of the rehearsal's.
func (d *Deps) setScene(r rehearsal) error {
	own, err := d.configuration(nil, nil)
	if err != nil {
		return err
	}
	path := filepath.Join(r.home(), "config.yaml")
	text, err := d.rehearsalText(own)
	if err != nil {
		return err
	}
	if err := writeOnce(path, text); err != nil {
		return err
	}
	cfg, err := config.Load(config.Options{File: path, Home: r.home(), Tables: d.Tables(), Environ: d.Environ})
	if err != nil {
		return err
	}
	inventory := map[string]any{}
	for _, p := range d.Providers {
		if cloud, ok := p.(rehearsable); ok {
			inventory[p.Name()] = cloud.RehearsalInventory(cfg)
		}
	}
	raw, err := json.Marshal(inventory)
	if err != nil {
		return err
	}
	return os.WriteFile(r.inventory(), raw, 0o600)
}

// rehearsalText is the person's config.yaml, and after it what the rehearsal adds.
func (d *Deps) rehearsalText(own *config.Config) ([]byte, error) {
	text, err := os.ReadFile(own.Path())
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // where there is none, everything may be in the environment
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte(rehearsalHeader)
	}
	for _, p := range d.Providers {
		if cloud, ok := p.(rehearsable); ok && !d.configured(own, p.Name()) {
			text = slices.Concat(bytes.TrimRight(text, "\n"), []byte("\n"), cloud.RehearsalConfig())
		}
	}
	return text, nil
}

// configured says whether anything is set that the infrastructure requires.
func (d *Deps) configured(c *config.Config, infrastructure string) bool {
	for _, table := range d.Tables() {
		if table.Provider != infrastructure {
			continue
		}
		for _, v := range table.Variables {
			if v.Required != 0 && c.IsSet(v.Name) {
				return true
			}
		}
	}
	return false
}

// writeOnce leaves a file alone that an earlier command of the rehearsal has made: it holds the rehearsal's management
// cluster by now.
func writeOnce(path string, data []byte) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
