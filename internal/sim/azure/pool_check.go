package azure

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

const (
	modeSystem = "System"
	mostNodes  = 1000 // of a pool
	skew       = 3    // minor versions that nodes may be behind
)

// checkPools checks drafts by themselves, and all pools of the cluster with the drafts in their place.
func (c *Cloud) checkPools(k *resource, drafts []*resource) *refusal {
	for _, d := range drafts {
		for _, check := range []func(k, d *resource) *refusal{c.checkPool, c.checkSize, c.checkPoolVersion, c.checkPoolSubnet} {
			if refused := check(k, d); refused != nil {
				return refused
			}
		}
	}
	all := slices.Clone(drafts)
	for _, p := range c.list(kindPool, k.id) {
		if !slices.ContainsFunc(drafts, func(d *resource) bool { return same(d.id, p.id) }) {
			if refused := c.checkPoolVersion(k, p); refused != nil {
				return refused
			}
			all = append(all, p)
		}
	}
	if !slices.ContainsFunc(all, func(p *resource) bool { return same(p.body.text("properties", "mode"), modeSystem) }) {
		return invalid("InvalidParameter", "Managed cluster %s must define at least one system node pool.", k.name())
	}
	if refused := c.checkQuota(k, drafts); refused != nil {
		return refused
	}
	return c.checkPlaces(k, all)
}

func (*Cloud) checkPool(_, d *resource) *refusal {
	p := d.body.object("properties")
	least := 0
	if same(p.text("mode"), modeSystem) {
		least = 1
	}
	count := p.number("count")
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`).MatchString(d.name()):
		return invalid("InvalidParameter", "The value of parameter agentPoolProfile.name '%s' is invalid. It must match ^[a-z][a-z0-9]{0,11}$.", d.name())
	case !same(p.text("mode"), modeSystem) && !same(p.text("mode"), "User"):
		return invalid("InvalidParameter", "The value of parameter agentPoolProfile.mode '%s' is invalid.", p.text("mode"))
	case count < least || count > mostNodes:
		return invalid("InvalidParameter", "The value of parameter agentPoolProfile.count is invalid: %d. It must be in the range of %d to %d for %s node pools.", count, least, mostNodes, p.text("mode"))
	case p.flag("enableAutoScaling") && (p.number("maxCount") < 1 || p.number("minCount") > p.number("maxCount")):
		return invalid("InvalidParameter", "The values of parameters minCount and maxCount of node pool %s are invalid: %d, %d.", d.name(), p.number("minCount"), p.number("maxCount"))
	}
	return nil
}

func (c *Cloud) checkSize(k, d *resource) *refusal {
	where, name := k.body.text("location"), d.body.text("properties", "vmSize")
	size := c.inventory.size(name)
	if size == nil || size.restricted(where) {
		var have []string
		for _, s := range c.inventory.Sizes {
			if !s.restricted(where) {
				have = append(have, s.Name)
			}
		}
		return invalid("VMSizeNotSupported", "The VM size of %s is not allowed in your subscription in location '%s'. The available VM sizes are '%s'.", name, where, strings.Join(have, ","))
	}
	for _, zone := range d.body.texts("properties", "availabilityZones") {
		if !slices.Contains(size.Zones, zone) {
			return invalid("AvailabilityZoneNotSupported", "The zone(s) '%s' for resource '%s' is not supported. The supported zones for location '%s' are '%s'.", zone, d.name(), where, strings.Join(size.Zones, ","))
		}
	}
	if old := c.find(d.id); old != nil && !same(old.body.text("properties", "vmSize"), name) {
		return invalid("PropertyChangeNotAllowed", "Changing property 'properties.vmSize' is not allowed.")
	}
	return nil
}

func (c *Cloud) checkPoolVersion(k, d *resource) *refusal {
	asked, plane := d.body.text("properties", "orchestratorVersion"), c.exact(k.body.text("properties", "kubernetesVersion"))
	version := c.exact(asked)
	switch {
	case version == "":
		return invalid("K8sVersionNotSupported", "Node pool %s is on version %s, which is not supported in this region.", d.name(), asked)
	case older(plane, version) || minor(plane)-minor(version) > skew:
		return invalid("NodePoolMcVersionIncompatible", "Node pool version %s and control plane version %s are incompatible. Minor version of node pool version cannot be bigger than control plane's version, nor more than %d behind. For more information, please check https://aka.ms/aks/UpgradeVersionRules", version, plane, skew)
	case d.version != "" && older(version, d.version):
		return invalid("OperationNotAllowed", "Downgrading node pool %s from version %s to %s is not allowed.", d.name(), d.version, version)
	}
	return nil
}

// checkPoolSubnet checks that the subnet is there, free for nodes, and apart from the addresses of services.
func (c *Cloud) checkPoolSubnet(k, d *resource) *refusal {
	id := d.body.text("properties", "vnetSubnetID")
	if old := c.find(d.id); old != nil && !same(old.body.text("properties", "vnetSubnetID"), id) {
		return invalid("PropertyChangeNotAllowed", "Changing property 'properties.vnetSubnetID' is not allowed.")
	}
	if id == "" {
		return nil
	}
	subnet := c.find(id)
	if subnet == nil || subnet.kind != kindSubnet {
		return invalid("GetSubnetError", "Could not find subnet %s in vnet %s from resource group %s of subscription %s.", nameOf(id), nameOf(parent(id)), groupOf(id), c.inventory.Subscription)
	}
	if given := delegations(subnet.body); len(given) > 0 {
		return invalid("DelegatedSubnetNotAllowed", "Subnet %s is delegated to %s and cannot be used by agent pools.", subnet.id, given[0])
	}
	if up := c.find(parent(id)); !sameLocation(up.body.text("location"), k.body.text("location")) {
		return invalid("VnetLocationMismatch", "Virtual network %s is in location %s and managed cluster %s in %s.", up.name(), up.body.text("location"), k.name(), k.body.text("location"))
	}
	service := k.body.text("properties", "networkProfile", "serviceCidr")
	for _, s := range c.list(kindSubnet, parent(id)) {
		prefix, err := netip.ParsePrefix(addressPrefix(s.body))
		if err == nil && prefix.Overlaps(netip.MustParsePrefix(service)) {
			return invalid("ServiceCidrOverlapExistingSubnetsCidr", "The specified service CIDR %s is conflicted with an existing subnet CIDR %s.", service, prefix)
		}
	}
	return nil
}

// checkQuota counts the cores of all pools in the location, with the drafts in their place.
func (c *Cloud) checkQuota(k *resource, drafts []*resource) *refusal {
	where := k.body.text("location")
	used := c.cores(where, drafts)
	for _, d := range drafts {
		size := c.inventory.size(d.body.text("properties", "vmSize"))
		need := size.Cores * d.body.number("properties", "count")
		if left := c.inventory.Cores - used[size.Family]; left < need {
			return invalid("ErrCode_InsufficientVCPUQuota", "Insufficient vcpu quota requested %d, remaining %d for family %s for region %s.", need, left, size.Family, where)
		}
		used[size.Family] += need
	}
	return nil
}

// checkPlaces counts the addresses that nodes, and pods where they have such, take of each subnet, other clusters' too.
func (c *Cloud) checkPlaces(k *resource, pools []*resource) *refusal {
	for _, p := range c.list(kindPool, "/subscriptions") {
		if !same(parent(p.id), k.id) {
			pools = append(pools, p)
		}
	}
	taken := map[string]int{}
	for _, p := range pools {
		of := k
		if !same(parent(p.id), k.id) {
			of = c.find(parent(p.id))
		}
		each := 1
		if flat(of) {
			each += p.body.number("properties", "maxPods")
		}
		id := p.body.text("properties", "vnetSubnetID")
		taken[strings.ToLower(id)] += each * p.body.number("properties", "count")
	}
	for id, n := range taken {
		if subnet := c.find(id); subnet != nil && n > places(subnet.body) {
			return invalid("InsufficientSubnetSize", "Pre-allocated IPs %d exceeds IPs available %d in Subnet Cidr %s, Subnet Name %s. http://aka.ms/aks/insufficientsubnetsize", n, places(subnet.body), addressPrefix(subnet.body), subnet.name())
		}
	}
	return nil
}
