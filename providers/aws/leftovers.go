package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/providers"
)

// The tags by which a cluster's things are known, each followed by the cluster's name; the value owned means that they go
// with the cluster. The first is the upstream controller's, the second that of the controllers inside the cluster.
const (
	ownedByController = "sigs.k8s.io/cluster-api-provider-aws/cluster/"
	ownedInside       = "kubernetes.io/cluster/"
	owned             = "owned"
)

// gone is the cluster that is no more.
type gone struct {
	name  string
	owner string          // value of ownerTag
	vpcs  map[string]bool // by id, those that were made for it
}

func (g gone) keys() []string { return []string{ownedByController + g.name, ownedInside + g.name} }

// thing is one object of the cloud that bears the cluster's name.
type thing struct {
	id   string
	tags map[string]string
}

func (t thing) name() string { return cmp.Or(t.tags["Name"], t.id) }

// bears says whether the tags say owned; shared things, such as the subnets of an existing VPC, outlive the cluster.
func (g gone) bears(tags map[string]string) bool {
	return slices.ContainsFunc(g.keys(), func(key string) bool { return tags[key] == owned })
}

// mine says whether a thing that bears the name is surely this cluster's. What was made from inside a cluster bears only
// the name: when a cluster of that name lives on in another namespace, nobody can tell whose it is.
func (g gone) mine(t thing, namesake bool) bool {
	mark := t.tags[ownerTag]
	return mark == g.owner || mark == "" && !namesake
}

// stranger is a thing of another namespace's cluster of the same name.
func (g gone) stranger(t thing) bool { return t.tags[ownerTag] != "" && t.tags[ownerTag] != g.owner }

// Leftovers lists everything that still bears the cluster's name as its owner's, in the order of deletion.
func (p *Provider) Leftovers(ctx context.Context, r providers.Request) ([]providers.Leftover, error) {
	cloud, err := p.open(ctx, r.Config)
	if err != nil {
		return nil, err
	}
	g, err := cloud.goneOf(ctx, r)
	if err != nil {
		return nil, cloud.explain(ctx, err)
	}
	found, namesake := map[string][]thing{}, false
	for _, k := range kinds() {
		if found[k.name], err = k.list(cloud, ctx, g); err != nil {
			return nil, cloud.explain(ctx, err)
		}
		namesake = namesake || slices.ContainsFunc(found[k.name], g.stranger)
	}
	left := []providers.Leftover{}
	for _, k := range kinds() {
		for _, t := range sorted(found[k.name]) {
			if g.mine(t, namesake) {
				left = append(left, providers.Leftover{Kind: k.name, ID: t.id, Name: t.name()})
			}
		}
	}
	return left, nil
}

// DeleteLeftover deletes one thing, waiting until what uses it has gone. It looks at the tags again: between the list and
// now the thing may have gone or changed hands. A thing that is gone is no error.
func (p *Provider) DeleteLeftover(ctx context.Context, r providers.Request, l providers.Leftover) error {
	at := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == l.Kind })
	if at < 0 {
		return fmt.Errorf("%s %s: AWS leaves no such object", l.Kind, l.Name)
	}
	k := kinds()[at]
	cloud, err := p.open(ctx, r.Config)
	if err != nil {
		return err
	}
	g, err := cloud.goneOf(ctx, r)
	if err != nil {
		return cloud.explain(ctx, err)
	}
	things, err := k.list(cloud, ctx, g)
	if err != nil {
		return cloud.explain(ctx, err)
	}
	at = slices.IndexFunc(things, func(t thing) bool { return t.id == l.ID })
	if at < 0 {
		return nil
	}
	namesake, err := cloud.namesake(ctx, g)
	if err != nil {
		return cloud.explain(ctx, err)
	}
	if !g.mine(things[at], namesake) {
		return fmt.Errorf("%s %s is not surely of cluster %s: left alone", l.Kind, l.Name, g.owner)
	}
	if err := cloud.whenFree(ctx, func() error { return k.remove(cloud, ctx, g, l.ID) }); err != nil {
		return fmt.Errorf("%s %s: %w", l.Kind, l.Name, cloud.explain(ctx, err))
	}
	return nil
}

// namesake looks for a cluster of the same name in another namespace. Every cluster has security groups while it lives.
func (c *cloud) namesake(ctx context.Context, g gone) (bool, error) {
	groups, err := c.listGroups(ctx, g)
	return slices.ContainsFunc(groups, g.stranger), err
}

// goneOf looks once for the VPCs, which several kinds need.
func (c *cloud) goneOf(ctx context.Context, r providers.Request) (gone, error) {
	g := gone{name: r.Name, owner: r.Namespace + "/" + r.Name, vpcs: map[string]bool{}}
	own, err := c.listVPCs(ctx, g)
	for _, vpc := range own {
		g.vpcs[vpc.id] = true
	}
	return g, err
}

func sorted(things []thing) []thing {
	slices.SortFunc(things, func(a, b thing) int { return strings.Compare(a.name()+a.id, b.name()+b.id) })
	return things
}
