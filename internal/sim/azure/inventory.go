package azure

import (
	"cmp"
	"slices"
	"strings"
)

// Inventory is what the simulated Azure holds: what a person's configuration names, so that it is found there.
type Inventory struct {
	Tenant         string    `json:"tenant"`
	Subscription   string    `json:"subscription"`
	Client         string    `json:"client"` // of who may ask; empty lets everybody
	Secret         string    `json:"secret"`
	Object         string    `json:"object"`      // id of the client's service principal
	Certificate    string    `json:"certificate"` // of the client, as PEM without the key
	Federated      []string  `json:"federated"`   // subjects whose tokens prove the client
	Role           string    `json:"role"`        // of the client in the subscription: Owner, Contributor, Reader, ...
	Principals     []string  `json:"principals"`  // others that a role may be assigned to
	Locations      []string  `json:"locations"`
	NoVirtualNodes []string  `json:"noVirtualNodes"` // locations without container instances
	Registered     []string  `json:"registered"`     // resource providers from the start: "Microsoft.Network"
	Versions       []string  `json:"versions"`       // of Kubernetes: "1.36.3"
	Sizes          []Size    `json:"sizes"`
	Cores          int       `json:"cores"` // quota of each family and of all in a location
	Networks       []Network `json:"networks"`
}

// Size is a size of virtual machines.
type Size struct {
	Name       string   `json:"name"`
	Family     string   `json:"family"`
	Cores      int      `json:"cores"`
	MemoryGiB  int      `json:"memoryGiB"`
	Zones      []string `json:"zones"`
	Restricted []string `json:"restricted"` // locations in which the subscription may not use it
}

// Network is a virtual network that is there already, in a group that is there too.
type Network struct {
	Group    string   `json:"group"`
	Name     string   `json:"name"`
	Location string   `json:"location"`
	Prefix   string   `json:"prefix"`
	Subnets  []Subnet `json:"subnets"`
}

// Subnet is a subnet of such a network.
type Subnet struct {
	Name       string `json:"name"`
	Prefix     string `json:"prefix"`
	Delegation string `json:"delegation"` // the service, if any
}

func (i Inventory) withDefaults() Inventory {
	i.Tenant = cmp.Or(i.Tenant, "11111111-1111-4111-8111-111111111111")
	i.Subscription = cmp.Or(i.Subscription, "22222222-2222-4222-8222-222222222222")
	i.Object = cmp.Or(i.Object, "33333333-3333-4333-8333-333333333333")
	i.Role = cmp.Or(i.Role, "Owner")
	if len(i.Locations) == 0 {
		i.Locations = []string{"eastus", "westeurope"}
	}
	if len(i.Versions) == 0 {
		i.Versions = []string{"1.35.4", "1.36.3"}
	}
	for n, version := range i.Versions {
		i.Versions[n] = strings.TrimPrefix(version, "v")
	}
	if len(i.Sizes) == 0 {
		i.Sizes = []Size{
			{Name: "Standard_D2s_v3", Family: "standardDSv3Family", Cores: 2, MemoryGiB: 8, Zones: []string{"1", "2", "3"}},
			{Name: "Standard_D4s_v3", Family: "standardDSv3Family", Cores: 4, MemoryGiB: 16, Zones: []string{"1", "2", "3"}},
			{Name: "Standard_D8s_v3", Family: "standardDSv3Family", Cores: 8, MemoryGiB: 32, Zones: []string{"1", "2", "3"}},
		}
	}
	i.Cores = cmp.Or(i.Cores, 100)
	return i
}

// has says whether there is such a location.
func (i Inventory) has(where string) bool {
	return slices.ContainsFunc(i.Locations, func(l string) bool { return sameLocation(l, where) })
}

// size is nil if there is none of this name.
func (i Inventory) size(name string) *Size {
	n := slices.IndexFunc(i.Sizes, func(s Size) bool { return same(s.Name, name) })
	if n < 0 {
		return nil
	}
	return &i.Sizes[n]
}

func (s *Size) restricted(where string) bool {
	return slices.ContainsFunc(s.Restricted, func(l string) bool { return sameLocation(l, where) })
}

func (i Inventory) virtualNodes(where string) bool {
	return i.has(where) && !slices.ContainsFunc(i.NoVirtualNodes, func(l string) bool { return sameLocation(l, where) })
}

// furnish makes what is there before the first call.
func (c *Cloud) furnish() {
	scope := "/subscriptions/" + c.inventory.Subscription
	c.assign(scope, c.inventory.Object, c.inventory.Role)
	for _, n := range c.inventory.Networks {
		if c.find(c.groupID(n.Group)) == nil {
			c.keep(newGroup(c.groupID(n.Group), object{"location": location(n.Location)}))
		}
		id := c.groupID(n.Group) + "/providers/" + kindNetwork + "/" + n.Name
		network := &resource{id: id, kind: kindNetwork, body: object{"location": location(n.Location)}}
		network.body.set([]any{n.Prefix}, "properties", "addressSpace", "addressPrefixes")
		network.state(succeeded)
		c.keep(network)
		for _, s := range n.Subnets {
			subnet := &resource{id: id + "/subnets/" + s.Name, kind: kindSubnet, body: object{}}
			subnet.body.set(s.Prefix, "properties", "addressPrefix")
			if s.Delegation != "" {
				subnet.body.set([]any{map[string]any{"name": "delegation", "properties": map[string]any{"serviceName": s.Delegation}}}, "properties", "delegations")
			}
			subnet.state(succeeded)
			c.keep(subnet)
		}
	}
}
