package cli

import (
	"fmt"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// cloud gives the configuration and the adapter of an infrastructure; empty means the configured one. What is wrong with
// the configuration of the cloud is refused, all at once.
func (d *Deps) cloud(infrastructure string) (*config.Config, providers.Provider, error) {
	flags := map[string]string{}
	if infrastructure != "" {
		flags["INFRASTRUCTURE_PROVIDER"] = infrastructure
	}
	cfg, err := d.configuration(flags, map[string]string{"INFRASTRUCTURE_PROVIDER": "--infrastructure"})
	if err != nil {
		return nil, nil, err
	}
	name := infrastructureOf(cfg)
	provider := d.provider(name)
	findings := cfg.Validate(name, config.UseCloud)
	if provider == nil {
		findings = append(findings, uerr.Finding{
			Where: "--infrastructure", Problem: fmt.Sprintf("this build has no infrastructure provider %q", name),
			Next: "-i " + d.providerNames("")[0],
		})
	}
	if err := findings.Err(); err != nil {
		return nil, nil, err
	}
	d.View.Findings(findings.Warnings())
	return cfg, provider, nil
}
