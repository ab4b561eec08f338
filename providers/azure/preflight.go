package azure

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

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
		{Name: "subscription", Needs: []string{"login"}, Run: (*inspection).checkSubscription},
		{Name: "controllers' credentials", Needs: []string{"login"}, Only: (*inspection).makesMachines, Run: (*inspection).checkControllers},
		{Name: "type of cluster", Only: (*inspection).makesMachines, Run: (*inspection).checkType},
		{Name: "location", Needs: []string{"subscription"}, Only: (*inspection).makesMachines, Run: (*inspection).checkLocation},
		{Name: "resource providers", Needs: []string{"subscription", "type of cluster"}, Only: (*inspection).makesMachines, Run: (*inspection).checkProviders},
		{Name: "Kubernetes version", Needs: []string{"location"}, Only: (*inspection).ofAKS, Run: (*inspection).findVersion},
		{Name: "workers", Only: (*inspection).ofAKS, Run: (*inspection).checkWorkers},
		{Name: "sizes of machines", Needs: []string{"location"}, Only: (*inspection).makesMachines, Run: (*inspection).checkSizes},
		{Name: "quota", Needs: []string{"sizes of machines"}, Only: (*inspection).isNew, Run: (*inspection).checkQuota},
		{Name: "resource group", Needs: []string{"location"}, Only: (*inspection).makesMachines, Run: (*inspection).checkGroup},
		{Name: "name", Needs: []string{"resource group", "Kubernetes version"}, Only: (*inspection).ofAKS, Run: (*inspection).checkName},
		{Name: "virtual network", Needs: []string{"resource group"}, Only: (*inspection).ofAKS, Run: (*inspection).checkNetwork},
		{Name: "addresses", Needs: []string{"virtual network"}, Only: (*inspection).ofAKS, Run: (*inspection).checkAddresses},
		{Name: "room for machines", Needs: []string{"virtual network"}, Only: (*inspection).ofAKS, Run: (*inspection).checkRoom},
		{Name: "virtual node", Needs: []string{"resource providers", "virtual network"}, Only: (*inspection).hasVirtualNode, Run: (*inspection).checkVirtualNode},
		{Name: "roles", Needs: []string{"subscription"}, Only: (*inspection).makesMachines, Run: (*inspection).checkRoles},
		{Name: "tags", Only: (*inspection).makesMachines, Run: (*inspection).checkTags},
		{Name: "other settings", Only: (*inspection).makesMachines, Run: (*inspection).checkValues},
	}
}

// inspection is what the checks of one request share; each field is set by the check of that name.
type inspection struct {
	provider *Provider
	request  providers.Request
	cloud    *cloud

	group     group
	network   network
	virtual   subnet
	sizes     map[string]size // by the name in lower case; nil when Azure did not tell
	version   string          // "v1.36.3"
	providers map[string]armresources.Provider

	permissions map[string][]*armauthorization.Permission // of the caller, by the scope
}

func (p *Provider) inspect(r providers.Request) *inspection {
	return &inspection{provider: p, request: r, permissions: map[string][]*armauthorization.Permission{}}
}

// makesMachines is false for a request that is for a management plane only.
func (i *inspection) makesMachines() bool { return i.request.ControlPlane > 0 }

// isNew is false for a cluster that is there, whose machines are counted already.
func (i *inspection) isNew() bool { return i.makesMachines() && i.request.Current == nil }

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
