package config

import (
	"fmt"
	"net/netip"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Validate gives every finding about the configuration as a whole: keys, types, required variables, and what does not
// go together. The infrastructure selects whose variables count; empty means the common ones and those of all. Uses
// says what the command needs the configuration for; none means everything.
func (c *Config) Validate(infrastructure string, uses ...Use) uerr.Findings {
	findings := c.Findings()
	valid := map[string]string{} // variable -> value, of those that passed
	for _, name := range c.registry.order {
		v, _ := c.registry.find(name, infrastructure)
		text := c.raw(name)
		if v.AliasOf != "" || v.ignored() || text == "" || !v.serves(infrastructure) {
			continue
		}
		if err := v.check(text); err != nil {
			findings = append(findings, uerr.Finding{
				Where: c.Origin(name).Where, Problem: err.Error(), Next: c.howToSet(name, v.sampleFor(text)),
			})
			continue
		}
		valid[name] = text
	}
	findings = append(findings, c.missing(infrastructure, uses)...)
	return append(findings, c.checkNetworks(infrastructure, valid)...)
}

func (v Variable) sample() string {
	switch {
	case v.Example != "":
		return v.Example
	case v.Default != "":
		return v.Default
	case v.Type == TypeEnum && len(v.Values) > 0:
		return v.Values[0]
	}
	return v.Type.sample()
}

// sampleFor is the nearest value of an enum to one that is misspelt, or any sample.
func (v Variable) sampleFor(text string) string {
	if near := Nearest(text, v.Values); near != "" {
		return near
	}
	return v.sample()
}

// howToSet says what to type to give a variable another value: where it was set, or where it is best set.
func (c *Config) howToSet(name, sample string) string {
	flag := c.flagNames[name]
	switch o := c.Origin(name); {
	case o.Place.Field != "":
		return fmt.Sprintf("write %s: %s on line %s:%d", o.Place.key(), sample, o.Place.File, o.Place.Line)
	case o.Source == SourceFlag:
		return fmt.Sprintf("type %s %s", o.Where, sample)
	case o.Source == SourceEnvironment:
		return fmt.Sprintf("export %s=%s", name, sample)
	case o.Source == SourceFile:
		return fmt.Sprintf("write %s: %s on line %s", name, sample, o.Where)
	case o.Source == SourcePlan:
		return fmt.Sprintf("correct %s in %s", name, o.Where)
	case c.place.Field != "":
		return fmt.Sprintf("write %s: %s below variables: of the cluster or of defaults:, or export %s", name, sample, name)
	case flag != "":
		return fmt.Sprintf("type %s %s, or write %s: %s in %s", flag, sample, name, sample, c.path)
	}
	return fmt.Sprintf("write %s: %s in %s, or export %s", name, sample, c.path, name)
}

func (c *Config) missing(infrastructure string, uses []Use) uerr.Findings {
	want := UseCloud | UseCluster
	if len(uses) > 0 {
		want = 0
	}
	for _, u := range uses {
		want |= u
	}
	where := c.path
	if c.place.Field != "" {
		where = c.place.String()
	}
	var findings uerr.Findings
	for _, name := range c.registry.order {
		v, _ := c.registry.find(name, infrastructure)
		if infrastructure == "" || v.Required&want == 0 || !v.serves(infrastructure) || c.raw(name) != "" {
			continue
		}
		problem := fmt.Sprintf("%s is missing", name)
		if v.Unless != "" && c.raw(v.Unless) != "" {
			continue
		} else if v.Unless != "" {
			problem += fmt.Sprintf(" (and so is %s, which would do)", v.Unless)
		}
		findings = append(findings, uerr.Finding{
			Where: where, Problem: problem, Next: c.howToSet(name, v.sample()),
		})
	}
	return findings
}

// network is an address range and what it is for.
type network struct {
	name, use string
	prefix    netip.Prefix
	where     string
}

const (
	podsVariable     = "CLUSTER_CIDR"
	servicesVariable = "SERVICE_CIDR"
)

// checkNetworks compares the ranges of pods, services and nodes with each other and with the endpoint.
func (c *Config) checkNetworks(infrastructure string, valid map[string]string) uerr.Findings {
	var networks []network
	add := func(name, use string) {
		if p, err := parseCIDR(valid[name]); err == nil {
			networks = append(networks, network{name: name, use: use, prefix: p, where: c.Origin(name).Where})
		}
	}
	add(podsVariable, "pods")
	add(servicesVariable, "services")
	findings := c.checkSizes(networks)
	for _, name := range c.registry.order {
		v, _ := c.registry.find(name, infrastructure)
		if v.Role == RoleNodeNetwork && infrastructure != "" && v.serves(infrastructure) {
			add(name, "nodes")
		}
	}
	for i, a := range networks {
		for _, b := range networks[i+1:] {
			findings = append(findings, c.overlap(a, b)...)
		}
	}
	return append(findings, c.checkEndpoint(infrastructure, valid, networks)...)
}

// overlap compares two ranges. It points at the one that the stronger source set, which is the more specific: changing
// a default, or a line that other clusters share, is rarely what is meant.
func (c *Config) overlap(a, b network) uerr.Findings {
	if c.rank(a.name) < c.rank(b.name) {
		a, b = b, a
	}
	if a.prefix.Addr().Is4() != b.prefix.Addr().Is4() && a.use != "nodes" && b.use != "nodes" {
		return uerr.Findings{{
			Where:   b.where,
			Problem: fmt.Sprintf("%s %s (%s) and %s %s (%s) are not of one IP family", b.name, b.prefix, b.use, a.name, a.prefix, a.use),
			Next:    "give both as IPv4 or both as IPv6",
		}}
	}
	if !a.prefix.Overlaps(b.prefix) {
		return nil
	}
	return uerr.Findings{{
		Where:   b.where,
		Problem: fmt.Sprintf("%s %s (%s) overlaps %s %s (%s, from %s)", b.name, b.prefix, b.use, a.name, a.prefix, a.use, a.where),
		Next:    "give one of them another range, for example " + c.howToSet(b.name, freeRange(a.prefix, b.name)),
	}}
}

// freeRange proposes a private range that does not overlap the taken one.
func freeRange(taken netip.Prefix, name string) string {
	ranges := []string{"172.16.0.0/16", "192.168.0.0/16", "10.128.0.0/16"}
	if taken.Addr().Is6() {
		ranges = []string{"fd00:100:96::/48", "fd00:200:96::/48"}
		if name == servicesVariable {
			ranges = []string{"fd00:100:64::/108", "fd00:200:64::/108"}
		}
	}
	for _, r := range ranges {
		if !netip.MustParsePrefix(r).Overlaps(taken) {
			return r
		}
	}
	return ranges[0]
}

// checkSizes refuses ranges that Kubernetes refuses later: kube-apiserver takes at most 20 bits of services, and each
// node gets a /24 (IPv6: a /64) of the pods' range.
func (c *Config) checkSizes(networks []network) uerr.Findings {
	const serviceBits = 20
	var findings uerr.Findings
	for _, n := range networks {
		node := 24
		if n.prefix.Addr().Is6() {
			node = 64
		}
		problem, sample := "", ""
		switch free := n.prefix.Addr().BitLen() - n.prefix.Bits(); {
		case n.use == "services" && free > serviceBits:
			sample = fmt.Sprintf("%s/%d", n.prefix.Addr(), n.prefix.Addr().BitLen()-serviceBits)
			problem = fmt.Sprintf("is larger than /%d, the most that Kubernetes takes for services", n.prefix.Addr().BitLen()-serviceBits)
		case n.use == "pods" && n.prefix.Bits() > node:
			sample = c.registry.defaultOf(n.name)
			problem = fmt.Sprintf("is smaller than the /%d that each node takes of it", node)
		default:
			continue
		}
		findings = append(findings, uerr.Finding{
			Where: n.where, Problem: fmt.Sprintf("%s %s %s", n.name, n.prefix, problem), Next: c.howToSet(n.name, sample),
		})
	}
	return findings
}

// checkEndpoint refuses an endpoint address that pods or services would take.
func (c *Config) checkEndpoint(infrastructure string, valid map[string]string, networks []network) uerr.Findings {
	var findings uerr.Findings
	for _, name := range c.registry.order {
		v, _ := c.registry.find(name, infrastructure)
		addr, err := netip.ParseAddr(valid[name])
		if v.Role != RoleEndpoint || err != nil {
			continue
		}
		for _, n := range networks {
			if n.use == "nodes" || !n.prefix.Contains(addr) {
				continue
			}
			findings = append(findings, uerr.Finding{
				Where:   c.Origin(name).Where,
				Problem: fmt.Sprintf("%s %s lies in %s %s, which is for %s", name, addr, n.name, n.prefix, n.use),
				Next:    "take an address of the nodes' network, or " + c.howToSet(n.name, freeRange(n.prefix, n.name)),
			})
		}
	}
	return findings
}

// CheckNodeNetwork is for adapters that learn the nodes' network from the cloud: it gives the findings when pods or
// services overlap it. Where names its place, such as "network VM Network".
func (c *Config) CheckNodeNetwork(nodes netip.Prefix, where string) uerr.Findings {
	var findings uerr.Findings
	for name, use := range map[string]string{podsVariable: "pods", servicesVariable: "services"} {
		p, err := parseCIDR(c.raw(name))
		if err != nil || !p.Overlaps(nodes) {
			continue
		}
		findings = append(findings, uerr.Finding{
			Where:   c.Origin(name).Where,
			Problem: fmt.Sprintf("%s %s (%s) overlaps the nodes' network %s (%s)", name, p, use, nodes, where),
			Next:    c.howToSet(name, freeRange(nodes, name)),
		})
	}
	return findings
}
