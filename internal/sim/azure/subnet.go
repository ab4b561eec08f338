package azure

import (
	"net/http"
	"net/netip"
	"slices"
)

const (
	kindSubnet = kindNetwork + "/subnets"
	pathSubnet = pathNetwork + "/subnets/{subnet}"

	smallestSubnet = 29 // bits; Azure keeps five addresses of each for itself
	reserved       = 5
)

func (c *Cloud) subnetRoutes() []route {
	return []route{
		{http.MethodGet, pathNetwork + "/subnets", kindSubnet + "/read", c.listSubnets},
		{http.MethodGet, pathSubnet, kindSubnet + "/read", c.readSubnet},
		{http.MethodPut, pathSubnet, kindSubnet + "/write", c.putSubnet},
		{http.MethodDelete, pathSubnet, kindSubnet + "/delete", c.deleteSubnet},
	}
}

func (c *Cloud) listSubnets(r *request) (answer, *refusal) {
	n := r.path[:len(r.path)-len("/subnets")]
	if c.find(n) == nil {
		return answer{}, missing(kindNetwork, n)
	}
	return ok(value(c.list(kindSubnet, n), (*resource).render)), nil
}

func (c *Cloud) readSubnet(r *request) (answer, *refusal) {
	s := c.find(r.path)
	switch {
	case s != nil:
		return ok(s.render()), nil
	case c.find(parent(r.path)) == nil:
		return answer{}, missing(kindNetwork, parent(r.path))
	}
	return answer{}, refuse(http.StatusNotFound, "NotFound", "Resource %s not found.", r.path)
}

func (c *Cloud) putSubnet(r *request) (answer, *refusal) {
	old, refused := c.admit(r, false)
	if refused == nil {
		refused = c.networkBusy(parent(r.path))
	}
	if refused != nil {
		return answer{}, refused
	}
	n := c.find(parent(r.path))
	ranges, _ := prefixes(n.body.texts("properties", "addressSpace", "addressPrefixes"))
	wanted := r.body.over(object{"name": r.name()})
	all := []object{wanted}
	for _, s := range c.list(kindSubnet, n.id) {
		if s != old {
			all = append(all, s.render())
		}
	}
	if refused := c.checkSubnets(n.id, ranges, all); refused != nil {
		return answer{}, refused
	}
	status := http.StatusCreated
	if old != nil {
		status = http.StatusOK
	}
	s := c.keepSubnet(n.id+"/subnets/"+r.name(), wanted)
	s.state("Updating")
	op := c.begin(r, s, c.options.ShortDelay, func() *refusal { s.state(succeeded); return nil })
	op.render = s.render
	return answer{status: status, body: s.render(), operation: op}, nil
}

func (c *Cloud) keepSubnet(id string, wanted object) *resource {
	s := c.find(id)
	if s == nil {
		s = &resource{id: id, kind: kindSubnet}
		c.keep(s)
	}
	s.body = object{"properties": wanted.object("properties").over(nil)}
	s.body.fill([]any{}, "properties", "delegations")
	s.body.fill("Disabled", "properties", "privateEndpointNetworkPolicies")
	return s
}

func (c *Cloud) deleteSubnet(r *request) (answer, *refusal) {
	s := c.find(r.path)
	if s == nil {
		return answer{status: http.StatusNoContent}, nil
	}
	if refused := c.networkBusy(parent(s.id)); refused != nil {
		return answer{}, refused
	}
	if users := c.users(s.id); len(users) > 0 {
		return answer{}, subnetInUse(s, users[0])
	}
	s.state("Deleting")
	op := c.begin(r, s, c.options.ShortDelay, func() *refusal { c.remove(s.id); return nil })
	return answer{status: http.StatusAccepted, operation: op}, nil
}

// checkSubnets checks all subnets that a network is to have, the changed one first, against it and each other.
func (c *Cloud) checkSubnets(id string, ranges []netip.Prefix, subnets []object) *refusal {
	var seen []netip.Prefix
	for _, s := range subnets {
		name := s.text("name")
		prefix, err := netip.ParsePrefix(addressPrefix(s))
		switch {
		case name == "":
			return invalid("InvalidRequestFormat", "Subnet of virtual network '%s' has no name.", nameOf(id))
		case err != nil || prefix != prefix.Masked():
			return invalid("InvalidCIDRNotation", "The address prefix '%s' of subnet '%s' has an invalid CIDR notation.", addressPrefix(s), name)
		case prefix.Addr().Is4() && prefix.Bits() > smallestSubnet:
			return invalid("NetcfgInvalidSubnet", "Subnet '%s' is not valid in virtual network '%s'.", name, nameOf(id))
		case !slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Contains(prefix.Addr()) && r.Bits() <= prefix.Bits() }):
			return invalid("NetcfgInvalidSubnet", "Subnet '%s' is not valid because its IP address range is outside the IP address range of virtual network '%s'.", name, nameOf(id))
		case slices.ContainsFunc(seen, prefix.Overlaps):
			return invalid("NetcfgInvalidSubnet", "Subnet '%s' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '%s'.", name, nameOf(id))
		}
		seen = append(seen, prefix)
		if refused := c.checkUsed(id+"/subnets/"+name, s); refused != nil {
			return refused
		}
	}
	return nil
}

// checkUsed refuses to move a subnet, or to give it to another service, while something stands in it.
func (c *Cloud) checkUsed(id string, wanted object) *refusal {
	old := c.find(id)
	if old == nil {
		return nil
	}
	users := c.users(id)
	if len(users) == 0 {
		return nil
	}
	before, after := delegations(old.body), delegations(wanted)
	switch {
	case addressPrefix(old.body) != addressPrefix(wanted):
		return invalid("InUseSubnetCannotBeUpdated", "Subnet %s is in use by %s and cannot be updated.", old.name(), users[0])
	case !slices.Equal(before, after):
		return invalid("SubnetDelegationsCannotChangeWhenSubnetUsedByResource", "Delegations of subnet %s cannot be changed from %v to %v because it is being used by the resource %s.", old.id, before, after, users[0])
	}
	return nil
}

func addressPrefix(subnet object) string {
	if p := subnet.text("properties", "addressPrefix"); p != "" {
		return p
	}
	if all := subnet.texts("properties", "addressPrefixes"); len(all) > 0 {
		return all[0]
	}
	return ""
}

// delegations are the services that a subnet is given to.
func delegations(subnet object) []string {
	var out []string
	for _, d := range subnet.objects("properties", "delegations") {
		out = append(out, d.text("properties", "serviceName"))
	}
	return out
}

// prefixes parses address ranges; bad is the first that is none.
func prefixes(texts []string) (out []netip.Prefix, bad string) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil || p != p.Masked() {
			return nil, text
		}
		out = append(out, p)
	}
	return out, ""
}

// places is how many addresses of a subnet nodes and pods may have.
func places(subnet object) int {
	p, err := netip.ParsePrefix(addressPrefix(subnet))
	if err != nil || p.Addr().BitLen()-p.Bits() > 24 {
		return 1 << 24
	}
	return 1<<(p.Addr().BitLen()-p.Bits()) - reserved
}
