package aws

import (
	_ "embed"

	"github.com/slipway-sh/slipway/internal/config"
)

//go:embed rehearsal.yaml
var rehearsalConfig []byte

// RehearsalConfig is the part of config.yaml for somebody who rehearses and has no account.
func (*Provider) RehearsalConfig() []byte { return rehearsalConfig }

// RehearsalInventory is what the simulated AWS has to hold, so that a configuration finds there what it names. It holds
// the key that requests must be signed with; without one in the configuration any key is taken.
func (*Provider) RehearsalInventory(c *config.Config) any {
	inventory := map[string]any{
		"region": c.String("AWS_REGION"), "keyPair": c.String("AWS_SSH_KEY_NAME"),
		"accessKeyId": c.Secret("AWS_ACCESS_KEY_ID").Reveal(), "secretAccessKey": c.Secret("AWS_SECRET_ACCESS_KEY").Reveal(),
	}
	if version := c.String("KUBERNETES_VERSION"); version != "" {
		inventory["versions"] = []string{version}
	}
	return inventory
}
