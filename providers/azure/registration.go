package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// The resource providers that clusters need.
const (
	containerService   = "Microsoft.ContainerService"
	containerInstances = "Microsoft.ContainerInstance"
	networkProvider    = "Microsoft.Network"
	computeProvider    = "Microsoft.Compute"

	codeUnregistered = "MissingSubscriptionRegistration"
	registered       = "Registered"

	registrationLook = 2 * time.Second // a registration takes a minute or two
)

// findProviders looks at the resource providers that the request needs.
func (i *inspection) findProviders(ctx context.Context) uerr.Findings {
	needed := []string{networkProvider, computeProvider}
	if i.clusterType() == typeAKS {
		needed = append(needed, containerService)
	}
	if i.hasVirtualNode() {
		needed = append(needed, containerInstances)
	}
	i.providers = map[string]armresources.Provider{}
	for _, namespace := range needed {
		got, err := i.cloud.resources.NewProvidersClient().Get(ctx, namespace, nil)
		if err != nil {
			return i.trouble(ctx, "look at resource provider "+namespace, err)
		}
		i.providers[namespace] = got.Provider
	}
	return nil
}

func (i *inspection) unregistered() []string {
	var names []string
	for name, p := range i.providers {
		if value(p.RegistrationState) != registered {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkProviders refuses what is not registered and cannot be by this application.
func (i *inspection) checkProviders(ctx context.Context) uerr.Findings {
	findings := i.findProviders(ctx)
	for _, name := range i.unregistered() {
		problem := "resource provider " + name + " is not registered in the subscription"
		may, err := i.may(ctx, i.subscriptionID(), name+"/register/action")
		switch {
		case err != nil:
			findings = append(findings, i.unchecked(keySubscription, "whether "+name+" may be registered", err)...)
		case may:
			findings = append(findings, i.warn(keySubscription, problem, "nothing: it is registered before the cluster is made, which takes a minute or two")...)
		default:
			findings = append(findings, i.refuse(keySubscription, problem, "have somebody who may type: az provider register --wait --namespace "+name+" --subscription "+i.cloud.subscription)...)
		}
	}
	return findings
}

// registrations are the tasks that register what is not.
func (i *inspection) registrations() []providers.Task {
	var tasks []providers.Task
	for _, name := range i.unregistered() {
		tasks = append(tasks, providers.Task{What: "registration of " + name, Do: func(ctx context.Context) error { return i.cloud.register(ctx, name) }})
	}
	return tasks
}

// register registers a resource provider and waits until it is.
func (c *cloud) register(ctx context.Context, namespace string) error {
	client := c.resources.NewProvidersClient()
	if _, err := client.Register(ctx, namespace, nil); err != nil {
		return fmt.Errorf("register %s: %w", namespace, c.explain(ctx, err))
	}
	for {
		got, err := client.Get(ctx, namespace, nil)
		if err != nil {
			return fmt.Errorf("register %s: %w", namespace, c.explain(ctx, err))
		}
		if value(got.RegistrationState) == registered {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("register %s, which is still %s: %w", namespace, value(got.RegistrationState), context.Cause(ctx))
		case <-time.After(registrationLook):
		}
	}
}

// offers says whether a resource provider has a type in the location. Azure writes locations as people read them.
func (i *inspection) offers(namespace, kind string) (bool, []string) {
	p := i.providers[namespace]
	for _, t := range p.ResourceTypes {
		if strings.EqualFold(value(t.ResourceType), kind) {
			var where []string
			for _, l := range values(t.Locations) {
				where = append(where, plainLocation(l))
			}
			return slices.Contains(where, i.location()), where
		}
	}
	return false, nil
}
