package azure

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// The registration states of a resource provider.
const (
	stateRegistered    = "Registered"
	stateRegistering   = "Registering"
	stateUnregistered  = "NotRegistered"
	stateUnregistering = "Unregistering"
)

// provider is a resource provider in the subscription.
type provider struct {
	namespace string
	state     string
	next      string // the state at due, while it changes
	due       time.Time
}

func (p *provider) settle(now time.Time) {
	if p.next != "" && !p.due.After(now) {
		p.state, p.next = p.next, ""
	}
}

func (i Inventory) providers() map[string]*provider {
	out := map[string]*provider{}
	for _, ns := range []string{resources, authorization, network, compute, containerService, containerInstances, "Microsoft.ManagedIdentity", "Microsoft.OperationsManagement", "Microsoft.OperationalInsights", "Microsoft.Storage"} {
		p := &provider{namespace: ns, state: stateUnregistered}
		if ns == resources || ns == authorization || slices.ContainsFunc(i.Registered, func(r string) bool { return same(r, ns) }) {
			p.state = stateRegistered
		}
		out[strings.ToLower(ns)] = p
	}
	return out
}

func (c *Cloud) providerRoutes() []route {
	base := pathSubscription + "/providers"
	return []route{
		{http.MethodGet, base, resources + "/subscriptions/providers/read", c.listProviders},
		{http.MethodGet, base + "/{namespace}", resources + "/subscriptions/providers/read", c.readProvider},
		{http.MethodPost, base + "/{namespace}/register", resources + "/subscriptions/providers/register/action", func(r *request) (answer, *refusal) {
			return c.change(r, stateRegistering, stateRegistered)
		}},
		{http.MethodPost, base + "/{namespace}/unregister", resources + "/subscriptions/providers/unregister/action", func(r *request) (answer, *refusal) {
			return c.change(r, stateUnregistering, stateUnregistered)
		}},
	}
}

func (c *Cloud) listProviders(*request) (answer, *refusal) {
	var all []*provider
	for _, p := range c.providers {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *provider) int { return strings.Compare(a.namespace, b.namespace) })
	return ok(value(all, c.showProvider)), nil
}

func (c *Cloud) readProvider(r *request) (answer, *refusal) {
	p := c.providers[strings.ToLower(r.vars["namespace"])]
	if p == nil {
		return answer{}, noNamespace(r.vars["namespace"])
	}
	return ok(c.showProvider(p)), nil
}

func (c *Cloud) change(r *request, during, after string) (answer, *refusal) {
	p := c.providers[strings.ToLower(r.vars["namespace"])]
	switch {
	case p == nil:
		return answer{}, noNamespace(r.vars["namespace"])
	case after == stateUnregistered && c.inUse(p.namespace):
		return answer{}, refuse(http.StatusConflict, "SubscriptionHasResourcesInNamespace", "Cannot unregister resource provider '%s' because it has resources in the subscription.", p.namespace)
	case p.state != after && p.next != after:
		p.state, p.next, p.due = during, after, c.now().Add(c.options.ShortDelay)
		p.settle(c.now())
	}
	return ok(c.showProvider(p)), nil
}

func (c *Cloud) inUse(namespace string) bool {
	for _, r := range c.resources {
		if strings.HasPrefix(strings.ToLower(r.kind), strings.ToLower(namespace)+"/") {
			return true
		}
	}
	return false
}

func noNamespace(ns string) *refusal {
	return refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%s' is invalid.", ns)
}

// showProvider lists the types that are played, and where they are to be had.
func (c *Cloud) showProvider(p *provider) object {
	types := []object{}
	for _, t := range c.types(p.namespace) {
		where := []string{}
		for _, l := range c.inventory.Locations {
			if p.namespace != containerInstances || c.inventory.virtualNodes(l) {
				where = append(where, l)
			}
		}
		types = append(types, object{"resourceType": t, "locations": where, "apiVersions": []string{}, "capabilities": "None"})
	}
	return object{
		"id": "/subscriptions/" + c.inventory.Subscription + "/providers/" + p.namespace, "namespace": p.namespace,
		"registrationState": p.state, "registrationPolicy": "RegistrationRequired", "resourceTypes": types,
	}
}

func (*Cloud) types(ns string) []string {
	switch ns {
	case network:
		return []string{"virtualNetworks", "virtualNetworks/subnets"}
	case containerService:
		return []string{"managedClusters", "managedClusters/agentPools", "locations/kubernetesVersions"}
	case containerInstances:
		return []string{"containerGroups"}
	case compute:
		return []string{"virtualMachines", "virtualMachineScaleSets"}
	}
	return nil
}

// registered refuses to use a resource provider that is not registered: to write, to act, and to ask what its locations
// offer. What is there of it may be read and deleted.
func (c *Cloud) registered(action string) *refusal {
	p := c.providers[strings.ToLower(namespace(action))]
	uses := strings.HasSuffix(action, "/write") || strings.HasSuffix(action, "/action") || strings.Contains(action, "/locations/") || action == actionSKUs
	if p == nil || p.state == stateRegistered || !uses {
		return nil
	}
	return refuse(http.StatusConflict, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace '%s'. See https://aka.ms/rps-not-found for how to register subscriptions.", p.namespace)
}
