package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// endpoint is the address of a cluster's API as its entry gives it.
type endpoint struct {
	entry    *Entry
	variable string
	text     string     // the same for all spellings of one address
	addr     netip.Addr // invalid for a name
	where    string
}

// endpoints are those of all clusters, in their order.
func (f *Fleet) endpoints() []endpoint {
	var out []endpoint
	for _, e := range f.entries {
		for _, name := range f.registry.withRole(RoleEndpoint) {
			v, _ := f.registry.find(name, e.Infrastructure)
			text := e.config.raw(name)
			if v.Role != RoleEndpoint || !v.serves(e.Infrastructure) || text == "" || v.check(text) != nil {
				continue
			}
			p := endpoint{entry: e, variable: name, text: strings.ToLower(strings.TrimSuffix(text, ".")), where: e.config.Origin(name).Where}
			if addr, err := netip.ParseAddr(text); err == nil {
				p.addr, p.text = addr.Unmap(), addr.Unmap().String()
			}
			out = append(out, p)
		}
	}
	return out
}

// sameEndpoints refuses an endpoint that several clusters of one management cluster have. Clusters of different ones may
// be in networks that never meet; for those it is a warning.
func (f *Fleet) sameEndpoints() uerr.Findings {
	first := map[string]endpoint{}
	var findings uerr.Findings
	for _, p := range f.endpoints() {
		before, taken := first[p.text]
		if !taken {
			first[p.text] = p
			continue
		}
		x := uerr.Finding{
			Where:   p.where,
			Problem: fmt.Sprintf("%s %s is the endpoint of %s already (%s)", p.variable, p.text, before.entry.Name, before.where),
			Next:    "give each cluster an address of its own, below variables: of its entry",
		}
		if p.entry.ManagementCluster != before.entry.ManagementCluster {
			x.Severity = uerr.Warning
		}
		findings = append(findings, x)
	}
	return findings
}

// foreignEndpoints refuses an endpoint in the pods' or services' range of another cluster in the same network: the
// nodes of that one would never reach it.
func (f *Fleet) foreignEndpoints() uerr.Findings {
	ranges := f.rangesByNetwork()
	var findings uerr.Findings
	for _, p := range f.endpoints() {
		said := map[netip.Prefix]bool{}
		for _, own := range []string{podsVariable, servicesVariable} { // those are the entry's own findings
			if prefix, err := parseCIDR(p.entry.config.raw(own)); err == nil {
				said[prefix] = true
			}
		}
		for _, b := range ranges[f.networkOf(p.entry)] {
			if said[b.prefix] || !b.prefix.Contains(p.addr) {
				continue
			}
			said[b.prefix] = true
			findings = append(findings, uerr.Finding{
				Where:   p.where,
				Problem: fmt.Sprintf("%s %s lies in %s %s of %s in the same network (%s)", p.variable, p.text, b.name, b.prefix, b.entry.Name, b.where),
				Next:    "take an address outside, or give " + b.entry.Name + " another range",
			})
		}
	}
	return findings
}

// claimed is a range of addresses that a cluster takes for itself.
type claimed struct {
	entry *Entry
	network
}

// rangesByNetwork gives the ranges of pods and services in each network of nodes, each range once.
func (f *Fleet) rangesByNetwork() map[string][]claimed {
	type key struct {
		network string
		prefix  netip.Prefix
	}
	seen := map[key]bool{}
	out := map[string][]claimed{}
	for _, e := range f.entries {
		at := f.networkOf(e)
		for _, name := range []string{podsVariable, servicesVariable} {
			p, err := parseCIDR(e.config.raw(name))
			if at == "" || err != nil || seen[key{at, p}] {
				continue
			}
			seen[key{at, p}] = true
			out[at] = append(out[at], claimed{e, network{name: name, prefix: p, where: e.config.Origin(name).Where}})
		}
	}
	return out
}

// networkOf names the network that the nodes of a cluster are in, the same for all clusters in it; empty when the
// tables do not say.
func (f *Fleet) networkOf(e *Entry) string {
	key := e.Infrastructure
	for _, name := range f.registry.withRole(RoleNetwork) {
		v, _ := f.registry.find(name, e.Infrastructure)
		if v.Role != RoleNetwork || !v.serves(e.Infrastructure) {
			continue
		}
		text := e.config.raw(name)
		if text == "" {
			return ""
		}
		key += "\x00" + text
	}
	if key == e.Infrastructure {
		return ""
	}
	return key
}

// withRole are the variables that have a role for any infrastructure.
func (r *registry) withRole(role Role) []string {
	return r.which(func(v Variable) bool { return v.Role == role })
}

// which are the variables that are so for any infrastructure.
func (r *registry) which(is func(Variable) bool) []string {
	var names []string
	for _, name := range r.order {
		if slices.ContainsFunc(r.variables[name], is) {
			names = append(names, name)
		}
	}
	return names
}
