package cli

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/simctl"
)

// rehearsalConfig is the configuration of a rehearsal by somebody who has none yet.
//
//go:embed rehearsal.yaml
var rehearsalConfig []byte

// scene is what the simulated clouds hold, taken from what the person's configuration names.
type scene struct{ vcenter string }

// setScene writes the rehearsal's configuration and the simulator's inventory. A person's own configuration is copied,
// and the simulated vCenter holds what it names.
func (d *Deps) setScene(r rehearsal) (*scene, error) {
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(r.home(), "config.yaml")
	if cfg.IsSet("VSPHERE_SERVER") {
		err = copyOnce(cfg.Path(), path)
	} else {
		err = writeOnce(path, rehearsalConfig)
		if err == nil {
			cfg, err = config.Load(config.Options{File: path, Home: r.home(), Tables: d.Tables(), Environ: d.Environ})
		}
	}
	if err != nil {
		return nil, err
	}
	return &scene{vcenter: cfg.String("VSPHERE_SERVER")}, writeInventory(filepath.Join(r.dir, "inventory.json"), cfg)
}

// writeInventory describes to the simulator what the configuration expects to find. The file holds the password that
// the simulated vCenter asks for.
func writeInventory(path string, cfg *config.Config) error {
	inventory := map[string]any{
		"datacenter": cfg.String("VSPHERE_DATACENTER"), "datastore": cfg.String("VSPHERE_DATASTORE"),
		"network": cfg.String("VSPHERE_NETWORK"), "folder": cfg.String("VSPHERE_FOLDER"),
		"resourcePool": cfg.String("VSPHERE_RESOURCE_POOL"),
		"username":     cfg.String("VSPHERE_USERNAME"), "password": cfg.Secret("VSPHERE_PASSWORD").Reveal(),
	}
	if name, version := cfg.String("VSPHERE_TEMPLATE"), cfg.String("KUBERNETES_VERSION"); name != "" && version != "" {
		inventory["templates"] = []map[string]string{{"name": name, "version": version}}
	}
	raw, err := json.Marshal(inventory)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

func (s *scene) arguments(r rehearsal) []string {
	return []string{"--vcenter", s.vcenter, "--inventory", filepath.Join(r.dir, "inventory.json")}
}

// environ is what the rehearsed commands have to know of the simulated clouds: their vCenter has another certificate.
func (*scene) environ(state simctl.State) []string {
	return []string{"VSPHERE_TLS_THUMBPRINT=" + state.Thumbprint}
}

// copyOnce and writeOnce leave a file alone that an earlier command of the rehearsal has made: it holds the
// rehearsal's management cluster by now.
func copyOnce(from, to string) error {
	raw, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = nil, nil // everything comes from the environment
	}
	if err != nil {
		return err
	}
	return writeOnce(to, raw)
}

func writeOnce(path string, data []byte) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
