package azure

import (
	"net/http"
	"strings"
)

const (
	kindNetwork = network + "/virtualNetworks"
	pathNetwork = pathGroup + "/providers/" + kindNetwork + "/{network}"
)

func (c *Cloud) networkRoutes() []route {
	return []route{
		{http.MethodGet, pathSubscription + "/providers/" + kindNetwork, kindNetwork + "/read", c.listNetworks},
		{http.MethodGet, pathGroup + "/providers/" + kindNetwork, kindNetwork + "/read", c.listNetworks},
		{http.MethodGet, pathNetwork, kindNetwork + "/read", c.readNetwork},
		{http.MethodPut, pathNetwork, kindNetwork + "/write", c.putNetwork},
		{http.MethodDelete, pathNetwork, kindNetwork + "/delete", c.deleteNetwork},
	}
}

// showNetwork has the subnets, which are kept as resources of their own, in their place.
func (c *Cloud) showNetwork(n *resource) object {
	out := n.render()
	out["properties"] = n.body.object("properties").over(object{"subnets": value(c.list(kindSubnet, n.id), (*resource).render)["value"]})
	return out
}

func (c *Cloud) listNetworks(r *request) (answer, *refusal) {
	return ok(value(c.list(kindNetwork, r.path[:len(r.path)-len("/providers/"+kindNetwork)]), c.showNetwork)), nil
}

func (c *Cloud) readNetwork(r *request) (answer, *refusal) {
	if n := c.find(r.path); n != nil {
		return ok(c.showNetwork(n)), nil
	}
	if c.find(c.groupID(r.vars["group"])) == nil {
		return answer{}, groupMissing(r.vars["group"])
	}
	return answer{}, missing(kindNetwork, r.path)
}

// networkBusy refuses a change of a network of which another part is being changed.
func (c *Cloud) networkBusy(id string) *refusal {
	for _, part := range append(c.list(kindSubnet, id), c.find(id)) {
		if part != nil && part.busy() {
			return refuse(http.StatusConflict, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: https://%s%s/operations/%s.",
				HostManagement, part.operation.base, part.operation.id)
		}
	}
	return nil
}

// putNetwork without subnets leaves those that are there; with subnets, those that are not named go.
func (c *Cloud) putNetwork(r *request) (answer, *refusal) {
	old, refused := c.admit(r, true)
	if refused == nil {
		refused = c.networkBusy(r.path)
	}
	if refused != nil {
		return answer{}, refused
	}
	ranges, bad := prefixes(r.body.texts("properties", "addressSpace", "addressPrefixes"))
	if bad != "" || len(ranges) == 0 {
		return answer{}, invalid("InvalidAddressPrefixFormat", "Address prefix '%s' of virtual network '%s' is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.", bad, r.name())
	}
	given := r.body.objects("properties", "subnets")
	named := r.body.at("properties", "subnets") != nil
	if !named {
		for _, s := range c.list(kindSubnet, r.path) {
			given = append(given, s.render())
		}
	}
	if refused := c.checkSubnets(r.path, ranges, given); refused != nil {
		return answer{}, refused
	}
	if named {
		if refused := c.dropOthers(r.path, given); refused != nil {
			return answer{}, refused
		}
	}
	status, n := http.StatusOK, old
	if old == nil {
		status, n = http.StatusCreated, &resource{id: r.path, kind: kindNetwork}
	}
	n.body = r.body.over(nil)
	delete(n.body.object("properties"), "subnets")
	n.state("Updating")
	c.keep(n)
	if named {
		for _, s := range given {
			c.keepSubnet(n.id+"/subnets/"+s.text("name"), s).state(succeeded)
		}
	}
	op := c.begin(r, n, c.options.ShortDelay, func() *refusal { n.state(succeeded); return nil })
	op.render = func() object { return c.showNetwork(n) }
	return answer{status: status, body: c.showNetwork(n), operation: op}, nil
}

// dropOthers takes away the subnets that a PUT of their network does not name any more.
func (c *Cloud) dropOthers(id string, given []object) *refusal {
	var gone []*resource
	for _, s := range c.list(kindSubnet, id) {
		kept := false
		for _, g := range given {
			kept = kept || same(g.text("name"), s.name())
		}
		if kept {
			continue
		}
		if users := c.users(s.id); len(users) > 0 {
			return subnetInUse(s, users[0])
		}
		gone = append(gone, s)
	}
	for _, s := range gone {
		c.remove(s.id)
	}
	return nil
}

func (c *Cloud) deleteNetwork(r *request) (answer, *refusal) {
	n := c.find(r.path)
	if n == nil {
		return answer{status: http.StatusNoContent}, nil
	}
	if refused := c.networkBusy(n.id); refused != nil {
		return answer{}, refused
	}
	for _, s := range c.list(kindSubnet, n.id) {
		if users := c.users(s.id); len(users) > 0 {
			return answer{}, subnetInUse(s, users[0])
		}
	}
	n.state("Deleting")
	op := c.begin(r, n, c.options.ShortDelay, func() *refusal { c.remove(n.id); return nil })
	return answer{status: http.StatusAccepted, operation: op}, nil
}

// users are what stands in a subnet: the pools, and the clusters whose virtual nodes are there.
func (c *Cloud) users(subnet string) []string {
	var out []string
	for _, r := range c.resources {
		switch r.kind {
		case kindPool:
			if same(r.body.text("properties", "vnetSubnetID"), subnet) {
				out = append(out, r.id)
			}
		case kindCluster:
			if on, id := c.virtualNode(r); on && same(id, subnet) {
				out = append(out, r.id)
			}
		}
	}
	return out
}

func subnetInUse(s *resource, user string) *refusal {
	return invalid("InUseSubnetCannotBeDeleted", "Subnet %s is in use by %s and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
		s.name(), strings.TrimSuffix(user, "/"))
}
