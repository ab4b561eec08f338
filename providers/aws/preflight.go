package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// check is one question that preflight asks. Its run stores what it found in the inspection, for the checks that need it.
type check struct {
	name     string
	needs    []string // checks that must have passed, else this one is skipped and named as skipped
	machines bool     // only for requests that make machines
	only     string   // the type of cluster that it is for; empty for all
	run      func(*inspection, context.Context) uerr.Findings
}

// checks is every check, in the order that people read them. What AWS runs itself of an EKS cluster, and the images that
// it chooses, leave nothing to check.
func checks() []check {
	return []check{
		{name: "credentials", run: (*inspection).checkCredentials},
		{name: "region", needs: []string{"credentials"}, run: (*inspection).checkRegion},
		{name: "type of cluster", machines: true, run: (*inspection).checkType},
		{name: "zones of the plan", machines: true, run: (*inspection).checkPlan},
		{name: "zones", needs: []string{"region"}, machines: true, run: (*inspection).checkZones},
		{name: "instance types", needs: []string{"region"}, machines: true, run: (*inspection).checkInstanceTypes},
		{name: "offers of the zones", needs: []string{"zones", "instance types"}, machines: true, run: (*inspection).checkOffers},
		{name: "key pair", needs: []string{"region"}, machines: true, run: (*inspection).checkKeyPair},
		{name: "Kubernetes version", machines: true, only: typeEKS, run: (*inspection).checkVersion},
		{name: "node volumes", machines: true, only: typeEKS, run: (*inspection).checkNodeVolumes},
		{name: "settings without effect", machines: true, only: typeEKS, run: (*inspection).checkIgnored},
		{name: "image", needs: []string{"region"}, machines: true, only: typeEC2, run: (*inspection).checkImage},
		{name: "image's processor", needs: []string{"image", "instance types"}, machines: true, only: typeEC2, run: (*inspection).checkProcessor},
		{name: "root volumes", needs: []string{"image"}, machines: true, only: typeEC2, run: (*inspection).checkRootVolumes},
		{name: "permissions stack", needs: []string{"credentials"}, machines: true, only: typeEC2, run: (*inspection).checkPermissions},
		{name: "roles of EKS", needs: []string{"credentials"}, machines: true, only: typeEKS, run: (*inspection).checkRoles},
		{name: "VPC", needs: []string{"region"}, machines: true, run: (*inspection).checkVPC},
		{name: "subnets", needs: []string{"VPC"}, machines: true, run: (*inspection).checkSubnets},
		{name: "quotas", needs: []string{"region", "instance types"}, machines: true, run: (*inspection).checkQuotas},
		{name: "tags", machines: true, run: (*inspection).checkTags},
		{name: "proxy and registry", machines: true, only: typeEC2, run: (*inspection).checkProxy},
	}
}

// inspection is what the checks of one request share; each field is set by the check of that name.
type inspection struct {
	provider *Provider
	request  providers.Request
	cloud    *cloud

	account string
	types   map[string]instanceType
	image   image
	vpc     network
}

// inspect runs a list of checks and gathers their findings. It ends early only when the context does.
func (i *inspection) inspect(ctx context.Context, list []check) (uerr.Findings, error) {
	var findings uerr.Findings
	blocked := map[string]string{} // check -> the check that stopped it
	for _, c := range list {
		if c.machines && i.request.ControlPlane == 0 || c.only != "" && c.only != i.clusterType() {
			continue
		}
		if cause := blockedBy(c, blocked); cause != "" {
			blocked[c.name] = cause
			continue
		}
		found := c.run(i, ctx)
		if ctx.Err() != nil {
			return findings, fmt.Errorf("checking the %s: %w", c.name, context.Cause(ctx))
		}
		findings = append(findings, found...)
		if found.Err() != nil {
			blocked[c.name] = c.name
		}
	}
	return append(findings, skipped(list, blocked)...), nil
}

func blockedBy(c check, blocked map[string]string) string {
	for _, need := range c.needs {
		if cause, ok := blocked[need]; ok {
			return cause
		}
	}
	return ""
}

// skipped says, once per failed check, what could not be checked because of it.
func skipped(list []check, blocked map[string]string) uerr.Findings {
	var findings uerr.Findings
	for _, failed := range list {
		var names []string
		for _, c := range list {
			if cause, ok := blocked[c.name]; ok && cause == failed.name && c.name != failed.name {
				names = append(names, c.name)
			}
		}
		if names != nil {
			findings = append(findings, uerr.Finding{
				Severity: uerr.Warning, Where: "preflight",
				Problem: fmt.Sprintf("not checked, because the check of the %s did not pass: %s", failed.name, strings.Join(names, ", ")),
				Next:    "correct what was found and type the same command again",
			})
		}
	}
	return findings
}

func (i *inspection) config() *config.Config { return i.request.Config }
