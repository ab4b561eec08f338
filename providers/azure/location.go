package azure

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// checkSubscription wants the subscription to be there, of the tenant, and in use.
func (i *inspection) checkSubscription(ctx context.Context) uerr.Findings {
	got, err := i.cloud.subscriptions.NewClient().Get(ctx, i.cloud.subscription, nil)
	switch {
	case notFound(err) || codeOf(err) == "InvalidSubscriptionId":
		return i.refuse(keySubscription, "subscription "+i.cloud.subscription+" is not there, or the application may not see it", i.otherSubscriptions(ctx))
	case err != nil:
		return i.trouble(ctx, "look at subscription "+i.cloud.subscription, err)
	case !strings.EqualFold(value(got.TenantID), i.cloud.tenant) && got.TenantID != nil:
		return i.refuse(keyTenant, "subscription "+i.cloud.subscription+" is of tenant "+value(got.TenantID), "set "+keyTenant+" to "+value(got.TenantID))
	case value(got.State) != armsubscriptions.SubscriptionStateEnabled:
		return i.refuse(keySubscription, "subscription "+i.cloud.subscription+" is in state "+string(value(got.State)), "enable it in the Azure portal, or set "+keySubscription+" to another")
	}
	return nil
}

// otherSubscriptions names those that the application sees.
func (i *inspection) otherSubscriptions(ctx context.Context) string {
	var names []string
	pager := i.cloud.subscriptions.NewClient().NewListPager(nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			break
		}
		for _, s := range page.Value {
			names = append(names, value(s.SubscriptionID)+" ("+value(s.DisplayName)+")")
		}
	}
	if names == nil {
		return "give the application the role Contributor in the subscription"
	}
	return preflight.OneOf(keySubscription, names)
}

// checkLocation wants a location of the subscription.
func (i *inspection) checkLocation(ctx context.Context) uerr.Findings {
	where := i.location()
	if where == "" {
		return i.refuse(keyLocation, keyLocation+" is not set", "set "+keyLocation+" to a location such as westeurope")
	}
	var names []string
	pager := i.cloud.subscriptions.NewClient().NewListLocationsPager(i.cloud.subscription, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return i.trouble(ctx, "list the locations of the subscription", err)
		}
		for _, l := range page.Value {
			if names = append(names, value(l.Name)); value(l.Name) == where {
				return nil
			}
		}
	}
	next := preflight.OneOf(keyLocation, names)
	if near := preflight.Nearest(where, names); near != "" {
		next = "set " + keyLocation + " to " + near
	}
	return i.refuse(keyLocation, "the subscription has no location "+where, next)
}

// location is Azure's own spelling of the region: westeurope for West Europe.
func (i *inspection) location() string { return plainLocation(i.config().String(keyLocation)) }

func plainLocation(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }
