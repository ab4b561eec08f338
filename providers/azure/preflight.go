package azure

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// check is one question that preflight asks.
type check = preflight.Check[*inspection]

// checks is every check, in the order that people read them.
func checks() []check {
	return []check{
		{Name: "login", Run: (*inspection).checkLogin},
	}
}

// inspection is what the checks of one request share; each field is set by the check of that name.
type inspection struct {
	provider *Provider
	request  providers.Request
	cloud    *cloud

	group   group
	network network
	virtual subnet
	sizes   map[string]size // by the name in lower case; nil when Azure did not tell
	version string          // "v1.36.3"
}

// makesMachines is false for a request that is for a management plane only.
func (i *inspection) makesMachines() bool { return i.request.ControlPlane > 0 }

func (i *inspection) ofAKS() bool { return i.makesMachines() && i.clusterType() == typeAKS }

func (i *inspection) config() *config.Config { return i.request.Config }

// checkLogin opens the subscription and asks for a token, which is the first thing that wrong credentials do not get.
func (i *inspection) checkLogin(ctx context.Context) uerr.Findings {
	opened, err := i.provider.open(ctx, i.config())
	if err != nil {
		return asFindings(err)
	}
	i.cloud = opened
	if _, err := opened.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{opened.audience + "/.default"}}); err != nil {
		return i.trouble(ctx, "log in to tenant "+opened.tenant, err)
	}
	return nil
}

func asFindings(err error) uerr.Findings {
	if findings, ok := err.(uerr.Findings); ok { //nolint:errorlint // open returns them bare
		return findings
	}
	return uerr.Findings{{Where: "Azure", Problem: fmt.Sprint(err), Next: "type the same command again"}}
}
