package azure

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	sdkcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// attempts of one call, beside the first; the SDK waits between them, as long as Azure says if it says so.
const attempts = 5

// cloud is one subscription, with the clients that talk to it. It holds no connection that must be closed.
type cloud struct {
	config               *config.Config
	source               source
	tenant, subscription string

	credential    azcore.TokenCredential
	audience      string
	arm           *arm.Client
	subscriptions *armsubscriptions.ClientFactory
	resources     *armresources.ClientFactory
	network       *armnetwork.ClientFactory
	compute       *armcompute.ClientFactory
	aks           *armcontainerservice.ClientFactory
	roles         *armauthorization.ClientFactory
}

// open resolves the credentials and makes the clients; it asks nothing of Azure. Errors are uerr.Findings, or the
// context's own.
func (p *Provider) open(ctx context.Context, c *config.Config) (*cloud, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("log in to Azure: %w", context.Cause(ctx))
	}
	where, findings := environment(c)
	from, more := sourceOf(c)
	if findings = append(findings, more...); findings != nil {
		return nil, findings
	}
	opened := &cloud{config: c, source: from, tenant: c.String(keyTenant), subscription: c.String(keySubscription)}
	opened.audience = where.Services[sdkcloud.ResourceManager].Audience
	options := azcore.ClientOptions{
		Cloud: where, Transport: p.options.Client,
		Retry:     policy.RetryOptions{MaxRetries: attempts, RetryDelay: time.Second, MaxRetryDelay: time.Minute},
		Telemetry: policy.TelemetryOptions{ApplicationID: "slipway"},
	}
	credential, err := from.token(options)
	if err != nil {
		return nil, uerr.Findings{{
			Code: uerr.Credentials, Where: preflight.Where(c, from.key), Problem: "these credentials cannot be used: " + opened.scrub(err.Error()),
			Next: "check " + keyTenant + ", " + keyClient + " and " + from.key,
		}}
	}
	opened.credential = credential
	if err := opened.connect(&arm.ClientOptions{ClientOptions: options, DisableRPRegistration: true}); err != nil {
		return nil, fmt.Errorf("clients of Azure: %w", err)
	}
	return opened, nil
}

// connect makes the clients. An adapter that looks must not register resource providers, as the SDK would by itself.
func (c *cloud) connect(o *arm.ClientOptions) error {
	var err error
	if c.arm, err = arm.NewClient("slipway", "v1.0.0", c.credential, o); err != nil {
		return err
	}
	if c.subscriptions, err = armsubscriptions.NewClientFactory(c.credential, o); err != nil {
		return err
	}
	if c.resources, err = armresources.NewClientFactory(c.subscription, c.credential, o); err != nil {
		return err
	}
	if c.network, err = armnetwork.NewClientFactory(c.subscription, c.credential, o); err != nil {
		return err
	}
	if c.compute, err = armcompute.NewClientFactory(c.subscription, c.credential, o); err != nil {
		return err
	}
	if c.aks, err = armcontainerservice.NewClientFactory(c.subscription, c.credential, o); err != nil {
		return err
	}
	c.roles, err = armauthorization.NewClientFactory(c.subscription, c.credential, o)
	return err
}

// environment is which of Azure's clouds is meant.
func environment(c *config.Config) (sdkcloud.Configuration, uerr.Findings) {
	switch name := c.String(keyEnvironment); name {
	case "AzurePublicCloud", "":
		return sdkcloud.AzurePublic, nil
	case "AzureChinaCloud":
		return sdkcloud.AzureChina, nil
	case "AzureUSGovernmentCloud":
		return sdkcloud.AzureGovernment, nil
	default:
		return sdkcloud.Configuration{}, preflight.Refuse(c, keyEnvironment, keyEnvironment+" "+name+" is none of Azure's clouds any more",
			"set it to AzurePublicCloud, AzureChinaCloud or AzureUSGovernmentCloud")
	}
}
