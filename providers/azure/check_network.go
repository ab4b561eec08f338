package azure

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v6"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// delegation is the service that the subnet of a virtual node must be given to.
const delegation = containerInstances + "/containerGroups"

// checkNetwork wants a network that is there to be usable, and its group to be there.
func (i *inspection) checkNetwork(ctx context.Context) uerr.Findings {
	if found := i.findNetwork(ctx); found != nil {
		return found
	}
	n := i.network
	if n.live == nil {
		return i.checkNetworkGroup(ctx)
	}
	var findings uerr.Findings
	if at := plainLocation(value(n.live.Location)); at != i.location() {
		findings = append(findings, i.refuse(keyVNet, fmt.Sprintf("virtual network %s is in %s, and the cluster is to be in %s", n.Name, at, i.location()),
			"set "+keyLocation+" to "+at+", or "+keyVNet+" to a network in "+i.location())...)
	}
	if n.Existing && i.request.Current == nil && !i.config().IsSet(keyVNet) {
		findings = append(findings, i.refuse(keyVNet, fmt.Sprintf("virtual network %s is there already and is not cluster %s's", n.Name, i.owner()),
			"set "+keyVNet+" to "+n.Name+" to use it, or to another name")...)
	}
	if live := n.subnet(n.NodeSubnet.Name); live != nil {
		if given := delegationsOf(live); len(given) > 0 {
			findings = append(findings, i.refuse(keyNodeSubnet, fmt.Sprintf("subnet %s is delegated to %s, and no node can be in it", n.NodeSubnet.Name, strings.Join(given, ", ")),
				"set "+keyNodeSubnet+" to another subnet")...)
		}
	}
	return findings
}

// checkNetworkGroup wants the group of a network that is to be made; only the cluster's own is made too.
func (i *inspection) checkNetworkGroup(ctx context.Context) uerr.Findings {
	if strings.EqualFold(i.network.ResourceGroup, i.group.Name) {
		return nil
	}
	_, err := i.cloud.resources.NewResourceGroupsClient().Get(ctx, i.network.ResourceGroup, nil)
	if notFound(err) {
		return i.refuse(keyVNetGroup, "resource group "+i.network.ResourceGroup+" is not there", fmt.Sprintf("type: az group create --name %s --location %s; or leave %s out", i.network.ResourceGroup, i.location(), keyVNetGroup))
	}
	if err != nil {
		return i.trouble(ctx, "look for resource group "+i.network.ResourceGroup, err)
	}
	return nil
}

func delegationsOf(s *armnetwork.Subnet) []string {
	var services []string
	if s.Properties != nil {
		for _, d := range s.Properties.Delegations {
			if d.Properties != nil {
				services = append(services, value(d.Properties.ServiceName))
			}
		}
	}
	return services
}

// area is a range of addresses and what it is for.
type area struct {
	key, use string
	prefix   netip.Prefix
}

// subnetAreas are the ranges of the subnets that the cluster has.
func (i *inspection) subnetAreas() ([]area, uerr.Findings) {
	all := []area{{key: keyNodeCIDR, use: "nodes"}}
	texts := []string{i.network.NodeSubnet.CIDR}
	if i.virtualNode() != nil {
		all, texts = append(all, area{key: keyVirtualCIDR, use: "the virtual node"}), append(texts, i.virtual.CIDR)
	}
	var findings uerr.Findings
	for n := range all {
		prefix, err := netip.ParsePrefix(texts[n])
		if err != nil || prefix != prefix.Masked() {
			findings = append(findings, i.refuse(all[n].key, fmt.Sprintf("%s %q is no range of addresses", all[n].key, texts[n]), "set it to a range such as 10.0.1.0/24")...)
		}
		all[n].prefix = prefix
	}
	return all, findings
}

// checkAddresses wants the subnets to lie in the network, apart from each other and from its other subnets, and the
// services and pods apart from all that nodes can reach.
func (i *inspection) checkAddresses(context.Context) uerr.Findings {
	subnets, findings := i.subnetAreas()
	if findings != nil {
		return findings
	}
	space := i.space()
	for n, s := range subnets {
		if !within(s.prefix, space) {
			findings = append(findings, i.refuse(s.key, fmt.Sprintf("%s (%s) is not in the virtual network's %s", s.prefix, s.use, join(space)), "give "+s.key+" a range in "+join(space))...)
		}
		for _, other := range subnets[:n] {
			if s.prefix.Overlaps(other.prefix) {
				findings = append(findings, i.refuse(s.key, fmt.Sprintf("%s (%s) overlaps %s (%s)", s.prefix, s.use, other.prefix, other.use), "give "+s.key+" another range in "+join(space))...)
			}
		}
		findings = append(findings, slices.Concat(i.checkNeighbours(s, space), i.checkKept(s))...)
	}
	return append(findings, i.checkInside(space)...)
}

// space is the range of the network: as it is, or as it is to be.
func (i *inspection) space() []netip.Prefix {
	if i.network.Existing && i.network.live != nil && i.network.live.Properties != nil {
		return spaceOf(i.network.live.Properties.AddressSpace)
	}
	prefix, err := netip.ParsePrefix(i.network.CIDR)
	if err != nil {
		return nil
	}
	return []netip.Prefix{prefix}
}

func spaceOf(s *armnetwork.AddressSpace) []netip.Prefix {
	var all []netip.Prefix
	if s != nil {
		for _, text := range s.AddressPrefixes {
			if prefix, err := netip.ParsePrefix(value(text)); err == nil {
				all = append(all, prefix)
			}
		}
	}
	return all
}

func within(p netip.Prefix, space []netip.Prefix) bool {
	for _, s := range space {
		if s.Contains(p.Addr()) && s.Bits() <= p.Bits() {
			return true
		}
	}
	return false
}

func join(space []netip.Prefix) string {
	var texts []string
	for _, s := range space {
		texts = append(texts, s.String())
	}
	return strings.Join(texts, ", ")
}

// checkNeighbours compares a subnet with those of other names in the network.
func (i *inspection) checkNeighbours(s area, space []netip.Prefix) uerr.Findings {
	if i.network.live == nil || i.network.live.Properties == nil {
		return nil
	}
	var findings uerr.Findings
	for _, live := range i.network.live.Properties.Subnets {
		name := value(live.Name)
		if strings.EqualFold(name, i.network.NodeSubnet.Name) || i.virtualNode() != nil && strings.EqualFold(name, i.virtual.Name) {
			continue
		}
		if prefix, err := netip.ParsePrefix(prefixOf(live)); err == nil && prefix.Overlaps(s.prefix) {
			findings = append(findings, i.refuse(s.key, fmt.Sprintf("%s (%s) overlaps %s, subnet %s of virtual network %s", s.prefix, s.use, prefix, name, i.network.Name),
				"give "+s.key+" a free range in "+join(space))...)
		}
	}
	return findings
}

// checkInside compares the ranges that only the cluster knows with all that its nodes reach: the network and its peers.
func (i *inspection) checkInside(space []netip.Prefix) uerr.Findings {
	k := kubernetesOf(i.config())
	type reach struct {
		prefix netip.Prefix
		name   string
	}
	var reached []reach
	for _, p := range space {
		reached = append(reached, reach{p, "virtual network " + i.network.Name})
	}
	if i.network.live != nil && i.network.live.Properties != nil {
		for _, peering := range i.network.live.Properties.VirtualNetworkPeerings {
			if peering.Properties != nil {
				for _, p := range spaceOf(peering.Properties.RemoteAddressSpace) {
					reached = append(reached, reach{p, "the network of peering " + value(peering.Name)})
				}
			}
		}
	}
	var findings uerr.Findings
	for _, inside := range []struct{ key, use, text string }{{keyServices, "services", k.ServiceCIDR}, {keyPods, "pods", k.PodCIDR}} {
		prefix, err := netip.ParsePrefix(inside.text)
		if err != nil {
			continue
		}
		findings = append(findings, i.checkKept(area{inside.key, inside.use, prefix})...)
		for _, r := range reached {
			if prefix.Overlaps(r.prefix) {
				findings = append(findings, i.refuse(inside.key, fmt.Sprintf("%s (%s) overlaps %s, %s", prefix, inside.use, r.prefix, r.name), "give "+inside.key+" a range that nothing else has, such as 100.64.0.0/16")...)
			}
		}
	}
	services, err := netip.ParsePrefix(k.ServiceCIDR)
	pods, none := netip.ParsePrefix(k.PodCIDR)
	if err == nil && none == nil && pods.Overlaps(services) {
		findings = append(findings, i.refuse(keyPods, fmt.Sprintf("%s (pods) overlaps %s (services)", pods, services), "give "+keyPods+" a range that nothing else has, such as 100.96.0.0/11")...)
	}
	return append(findings, i.checkServices(k)...)
}

// checkKept refuses the ranges that AKS keeps for itself: https://learn.microsoft.com/azure/aks/configure-azure-cni
func (i *inspection) checkKept(a area) uerr.Findings {
	for _, kept := range []string{"169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"} {
		if a.prefix.Overlaps(netip.MustParsePrefix(kept)) {
			return i.refuse(a.key, fmt.Sprintf("%s (%s) overlaps %s, which AKS keeps for itself", a.prefix, a.use, kept), "give "+a.key+" another range")
		}
	}
	return nil
}

// checkServices goes by AKS's bounds: https://learn.microsoft.com/azure/aks/configure-azure-cni
func (i *inspection) checkServices(k kubernetes) uerr.Findings {
	services, err := netip.ParsePrefix(k.ServiceCIDR)
	dns, wrong := netip.ParseAddr(k.DNSServiceIP)
	switch {
	case err != nil || !services.Addr().Is4():
		return i.refuse(keyServices, keyServices+" "+k.ServiceCIDR+" is no range of IPv4", "set it to a range such as 100.64.0.0/16")
	case services.Bits() < 12:
		return i.refuse(keyServices, fmt.Sprintf("%s is larger than /12, the most that AKS takes for services", services), "set "+keyServices+" to a range such as 100.64.0.0/16")
	case wrong != nil || !services.Contains(dns) || dns == services.Masked().Addr() || dns == services.Masked().Addr().Next():
		return i.refuse(keyDNS, fmt.Sprintf("%s is no address for the cluster's DNS in %s", k.DNSServiceIP, services), "leave "+keyDNS+" out, or set it to "+tenth(k.ServiceCIDR))
	}
	return nil
}

// reserved is how many addresses of each subnet Azure keeps for itself.
const reserved = 5

// checkRoom wants the subnets to have the addresses that the machines take: of nodes, one more of each pool while it is
// upgraded, and of their pods where these have addresses of the subnet.
func (i *inspection) checkRoom(context.Context) uerr.Findings {
	c := i.config()
	node, err := netip.ParsePrefix(i.network.NodeSubnet.CIDR)
	pods, wrong := c.Int(keyMaxPods)
	if err != nil || wrong != nil {
		return nil
	}
	each := 1
	if kubernetesOf(c).flat() {
		each += pods
	}
	nodes := 0
	for _, w := range i.wanted() {
		nodes += w.count + 1
	}
	free := room(node)
	if live := i.network.subnet(i.network.NodeSubnet.Name); live != nil && live.Properties != nil && i.request.Current == nil {
		free -= len(live.Properties.IPConfigurations)
	}
	var findings uerr.Findings
	if need := each * nodes; need > free {
		findings = append(findings, i.refuse(keyNodeCIDR, fmt.Sprintf("subnet %s (%s) has %d addresses for machines, and %d are needed: %d machines, one of each pool more while it is upgraded, with %d each",
			i.network.NodeSubnet.Name, node, max(free, 0), need, nodes, each), fmt.Sprintf("give it a larger range, or set %s lower, or %s to %s", keyMaxPods, keyPluginMode, modeOverlay))...)
	}
	if virtual, err := netip.ParsePrefix(i.virtual.CIDR); err == nil && i.hasVirtualNode() && virtual.Bits() > 29 {
		findings = append(findings, i.refuse(keyVirtualCIDR, fmt.Sprintf("%s is too small: Azure takes no subnet below /29", virtual), "give it a range such as a /24")...)
	}
	return findings
}

// room is how many addresses of a range machines and pods may have.
func room(p netip.Prefix) int {
	bits := min(p.Addr().BitLen()-p.Bits(), 24)
	return 1<<bits - reserved
}
