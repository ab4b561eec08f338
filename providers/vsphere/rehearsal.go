package vsphere

import (
	_ "embed"
	"net"

	"github.com/slipway-sh/slipway/internal/config"
)

//go:embed rehearsal.yaml
var rehearsalConfig []byte

// RehearsalConfig is the part of config.yaml for somebody who rehearses and has no vCenter.
func (*Provider) RehearsalConfig() []byte { return rehearsalConfig }

// RehearsalInventory is what the simulated vCenter has to hold, so that a configuration finds there what it names. It
// holds the password that the simulated vCenter asks for.
func (*Provider) RehearsalInventory(c *config.Config) any {
	host := c.String(keyServer)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	inventory := map[string]any{
		"host":       host,
		"datacenter": c.String(keyDatacenter), "datastore": c.String(keyDatastore), "network": c.String(keyNetwork),
		"folder": c.String(keyFolder), "resourcePool": c.String(keyPool),
		"username": c.String(keyUsername), "password": c.Secret(keyPassword).Reveal(),
	}
	if name, version := c.String(keyTemplate), c.String("KUBERNETES_VERSION"); name != "" && version != "" {
		inventory["templates"] = []map[string]string{{"name": name, "version": version}}
	}
	return inventory
}
