package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The description of a role assignment that Slipway made, followed by the owner. Subnets bear no tags: that the one in the
// scope was made for the cluster is written here too.
const (
	noteOwner  = "made by Slipway for cluster "
	noteSubnet = ", with the subnet"
)

// note is the description of a role assignment.
func (i *inspection) note(madeSubnet bool) string {
	if madeSubnet {
		return noteOwner + i.owner() + noteSubnet
	}
	return noteOwner + i.owner()
}

// mine says whether a description says that it was made for this cluster, and whether the subnet in its scope was too.
func (i *inspection) mine(description string) (is, withSubnet bool) {
	return description == i.note(false) || description == i.note(true), description == i.note(true)
}

// kind is a type of thing that a cluster may leave, in the order of deletion.
type kind struct {
	name   string
	list   func(*inspection, context.Context) ([]providers.Leftover, error)
	remove func(c *cloud, ctx context.Context, id string) error
}

// kinds are all of them. A thing that goes with another one is not listed by itself.
func kinds() []kind {
	return []kind{
		{"ManagedCluster", (*inspection).listClusters, (*cloud).deleteCluster},
		{"Subnet", (*inspection).listSubnets, (*cloud).deleteSubnet},
		{"RoleAssignment", (*inspection).listAssignments, (*cloud).deleteAssignment},
		{"VirtualNetwork", (*inspection).listNetworks, (*cloud).deleteNetwork},
		{"ResourceGroup", (*inspection).listGroups, (*cloud).deleteGroup},
	}
}

// Leftovers lists everything that still says that it is the cluster's, in the order of deletion.
func (p *Provider) Leftovers(ctx context.Context, r providers.Request) ([]providers.Leftover, error) {
	i, err := p.logIn(ctx, r)
	if err != nil {
		return nil, err
	}
	left := []providers.Leftover{}
	for _, k := range kinds() {
		found, err := k.list(i, ctx)
		if err != nil {
			return nil, i.cloud.explain(ctx, err)
		}
		slices.SortFunc(found, func(a, b providers.Leftover) int { return strings.Compare(a.ID, b.ID) })
		left = append(left, found...)
	}
	return left, nil
}

// DeleteLeftover deletes one thing and waits until it is gone. It looks again whose it is: between the list and now it may
// have gone or changed hands. A thing that is gone is no error.
func (p *Provider) DeleteLeftover(ctx context.Context, r providers.Request, l providers.Leftover) error {
	at := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == l.Kind })
	if at < 0 {
		return fmt.Errorf("%s %s: Azure leaves no such object", l.Kind, l.Name)
	}
	i, err := p.logIn(ctx, r)
	if err != nil {
		return err
	}
	k := kinds()[at]
	found, err := k.list(i, ctx)
	if err != nil {
		return i.cloud.explain(ctx, err)
	}
	if !slices.ContainsFunc(found, func(f providers.Leftover) bool { return strings.EqualFold(f.ID, l.ID) }) {
		return nil
	}
	if err := i.cloud.whenFree(ctx, func() error { return k.remove(i.cloud, ctx, l.ID) }); err != nil && !notFound(err) {
		return fmt.Errorf("%s %s: %w", l.Kind, l.Name, i.cloud.explain(ctx, err))
	}
	return nil
}

// logIn is the beginning of what needs no check but that of the credentials.
func (p *Provider) logIn(ctx context.Context, r providers.Request) (*inspection, error) {
	i := p.inspect(r)
	found, err := preflight.Run(ctx, i, []check{{Name: "login", Run: (*inspection).checkLogin}})
	return i, errors.Join(err, found.Err())
}
