package aws

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// checkSubnets looks at a new VPC's subnets by their addresses, and at an existing one's by asking AWS.
func (i *inspection) checkSubnets(ctx context.Context) uerr.Findings {
	findings := i.missingSubnets()
	if existing(i.config()) {
		return append(findings, i.checkExistingSubnets(ctx)...)
	}
	return append(findings, i.checkNewSubnets()...)
}

// missingSubnets wants a private subnet for each zone, and a public one where something stands on the internet.
func (i *inspection) missingSubnets() uerr.Findings {
	c := i.config()
	private, public := keyPrivateCIDR, keyPublicCIDR
	if existing(c) {
		private, public = keyPrivateSubnet, keyPublicSubnet
	}
	needs := []string{private}
	balancer := i.clusterType() == typeEC2 && !c.Bool(keyInternal) // that of EKS is in no subnet
	if !existing(c) || c.Bool(keyBastion) || balancer {
		needs = append(needs, public)
	}
	var findings uerr.Findings
	for _, z := range zonesOf(c) {
		for _, name := range needs {
			if key := z.key(name); c.String(key) == "" {
				findings = append(findings, i.refuse(key, fmt.Sprintf("zone %s has no subnet: %s is not set", z.name, key), "set "+key)...)
			}
		}
	}
	return findings
}

// checkNewSubnets wants subnets inside the VPC, of a size that AWS makes, and apart from each other.
func (i *inspection) checkNewSubnets() uerr.Findings {
	var findings uerr.Findings
	seen := map[string]netip.Prefix{}
	var order []string
	for _, s := range i.vpc.subnets {
		cidr, err := netip.ParsePrefix(s.value)
		if err != nil || !cidr.Addr().Is4() {
			findings = append(findings, i.refuse(s.key, fmt.Sprintf("%s %q is no range of IPv4 addresses", s.key, s.value), "write "+s.key+": 10.0.0.0/24")...)
			continue
		}
		cidr = cidr.Masked()
		switch {
		case cidr.Bits() < i.vpc.cidr.Bits() || !i.vpc.cidr.Contains(cidr.Addr()):
			findings = append(findings, i.refuse(s.key, fmt.Sprintf("%s %s is not inside the VPC's %s (%s)", s.key, cidr, i.vpc.cidr, keyVPCCIDR),
				"set "+s.key+" to a part of "+i.vpc.cidr.String()+", or "+keyVPCCIDR+" to a range around it")...)
		case cidr.Bits() > 28:
			findings = append(findings, i.refuse(s.key, fmt.Sprintf("AWS makes subnets up to /28, and %s is %s", s.key, cidr), "set "+s.key+" to a /24")...)
		}
		for _, other := range order {
			if seen[other].Overlaps(cidr) {
				findings = append(findings, i.refuse(s.key, fmt.Sprintf("%s %s overlaps %s %s", s.key, cidr, other, seen[other]),
					"set them to ranges apart from each other")...)
			}
		}
		seen[s.key] = cidr
		order = append(order, s.key)
	}
	return findings
}
