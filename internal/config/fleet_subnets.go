package config

import (
	"fmt"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// subnet is a range of addresses that an entry gives to a subnet of its network.
type subnet struct {
	claimed
	subnet string
}

// overlappingSubnets refuses ranges of two subnets of one network that have addresses in common. What only a default
// says is left to the clouds: it has no effect for a subnet that is there.
func (f *Fleet) overlappingSubnets() uerr.Findings {
	ranges := f.registry.which(func(v Variable) bool { return v.Subnet != "" })
	before := map[string][]subnet{}
	var findings uerr.Findings
	for _, e := range f.entries {
		at := f.networkOf(e)
		if at == "" {
			continue
		}
		for _, s := range f.subnets(e, ranges) {
			for _, b := range before[at] {
				if b.subnet == s.subnet || !b.prefix.Overlaps(s.prefix) {
					continue
				}
				findings = append(findings, uerr.Finding{
					Where: s.where,
					Problem: fmt.Sprintf("%s %s of subnet %s overlaps with %s of subnet %s of %s in the same network (%s)",
						s.name, s.prefix, s.subnet, b.prefix, b.subnet, b.entry.Name, b.where),
					Next: "give it a range of its own, or both clusters the same subnet",
				})
				break
			}
			before[at] = append(before[at], s)
		}
	}
	return findings
}

// subnets are those whose range an entry gives, in one of these variables.
func (f *Fleet) subnets(e *Entry, ranges []string) []subnet {
	var out []subnet
	for _, name := range ranges {
		v, _ := f.registry.find(name, e.Infrastructure)
		origin := e.config.Origin(name)
		if v.Subnet == "" || !v.serves(e.Infrastructure) || origin.Source == SourceDefault {
			continue
		}
		prefix, err := parseCIDR(e.config.raw(name))
		if err != nil {
			continue
		}
		out = append(out, subnet{claimed{e, network{name: name, prefix: prefix, where: origin.Where}}, e.config.raw(v.Subnet)})
	}
	return out
}
