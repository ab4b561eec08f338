package vsphere

import (
	"net/netip"
	"slices"
	"strings"
)

// seenSubnets are the IPv4 subnets that machines in the request's network report. Host routes and link-local addresses
// tell nothing.
func (i *inspection) seenSubnets() []netip.Prefix {
	var subnets []netip.Prefix
	for _, m := range i.machines {
		if m.template || !slices.Contains(m.networks, i.network.Reference()) {
			continue
		}
		for _, a := range m.addresses {
			if a.Addr().Is4() && a.Bits() < a.Addr().BitLen() && !a.Addr().IsLinkLocalUnicast() && !slices.Contains(subnets, a.Masked()) {
				subnets = append(subnets, a.Masked())
			}
		}
	}
	return subnets
}

func prefixList(prefixes []netip.Prefix) string {
	texts := make([]string, 0, len(prefixes))
	for _, p := range prefixes {
		texts = append(texts, p.String())
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
