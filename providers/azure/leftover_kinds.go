package azure

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"github.com/slipway-sh/slipway/providers"
)

// listGroups are the cluster's own groups. The nodes' group is AKS's and goes with the cluster; it is listed only when
// that is gone already.
func (i *inspection) listGroups(ctx context.Context) ([]providers.Leftover, error) {
	pager := i.cloud.resources.NewResourceGroupsClient().NewListPager(nil)
	var orphans error
	groups, err := gather(ctx, pager, func(p armresources.ResourceGroupsClientListResponse) []*armresources.ResourceGroup { return p.Value },
		func(g *armresources.ResourceGroup) (providers.Leftover, bool) {
			if !i.owns(g.Tags) {
				return providers.Leftover{}, false
			}
			if by := value(g.ManagedBy); by != "" {
				there, err := i.cloud.clusterThere(ctx, by)
				if err != nil {
					orphans = err
				}
				return leftover("ResourceGroup", value(g.ID)), !there && err == nil
			}
			return leftover("ResourceGroup", value(g.ID)), true
		})
	if err == nil {
		err = orphans
	}
	return groups, err
}

// clusterThere says whether the AKS cluster of an id is there.
func (c *cloud) clusterThere(ctx context.Context, id string) (bool, error) {
	at, err := arm.ParseResourceID(id)
	if err != nil {
		return false, nil //nolint:nilerr // what is managed by something else than a cluster is managed by nothing that is there
	}
	_, err = c.aks.NewManagedClustersClient().Get(ctx, at.ResourceGroupName, at.Name, nil)
	if notFound(err) {
		return false, nil
	}
	return err == nil, err
}

func (i *inspection) listClusters(ctx context.Context) ([]providers.Leftover, error) {
	pager := i.cloud.aks.NewManagedClustersClient().NewListPager(nil)
	all, err := gather(ctx, pager, func(p armcontainerservice.ManagedClustersClientListResponse) []*armcontainerservice.ManagedCluster {
		return p.Value
	},
		func(k *armcontainerservice.ManagedCluster) (providers.Leftover, bool) {
			return leftover("ManagedCluster", value(k.ID)), i.owns(k.Tags)
		})
	return i.outside(ctx, all, err)
}

func (i *inspection) listNetworks(ctx context.Context) ([]providers.Leftover, error) {
	pager := i.cloud.network.NewVirtualNetworksClient().NewListAllPager(nil)
	all, err := gather(ctx, pager, func(p armnetwork.VirtualNetworksClientListAllResponse) []*armnetwork.VirtualNetwork { return p.Value },
		func(n *armnetwork.VirtualNetwork) (providers.Leftover, bool) {
			return leftover("VirtualNetwork", value(n.ID)), i.owns(n.Tags)
		})
	return i.outside(ctx, all, err)
}

// assignments are the roles that were given to the cluster's identities.
func (i *inspection) assignments(ctx context.Context) ([]*armauthorization.RoleAssignment, error) {
	var out []*armauthorization.RoleAssignment
	pager := i.cloud.roles.NewRoleAssignmentsClient().NewListForSubscriptionPager(nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.Value {
			if a.Properties == nil {
				continue
			}
			if is, _ := i.mine(value(a.Properties.Description)); is {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

func (i *inspection) listAssignments(ctx context.Context) ([]providers.Leftover, error) {
	all, err := i.assignments(ctx)
	var out []providers.Leftover
	for _, a := range all {
		out = append(out, leftover("RoleAssignment", value(a.ID)))
	}
	return i.outside(ctx, out, err)
}

// listSubnets are those that were made in a network that was there. What tells is the role that the cluster got there.
func (i *inspection) listSubnets(ctx context.Context) ([]providers.Leftover, error) {
	all, err := i.assignments(ctx)
	if err != nil {
		return nil, err
	}
	var out []providers.Leftover
	for _, a := range all {
		id := value(a.Properties.Scope)
		_, made := i.mine(value(a.Properties.Description))
		at, wrong := arm.ParseResourceID(id)
		if !made || wrong != nil || at.Parent == nil || !strings.EqualFold(at.ResourceType.Type, "virtualNetworks/subnets") {
			continue
		}
		_, err := i.cloud.network.NewSubnetsClient().Get(ctx, at.ResourceGroupName, at.Parent.Name, at.Name, nil)
		if notFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, leftover("Subnet", id))
	}
	return i.outside(ctx, out, nil)
}

func (c *cloud) deleteCluster(ctx context.Context, id string) error {
	at, err := arm.ParseResourceID(id)
	if err != nil {
		return err
	}
	poller, err := c.aks.NewManagedClustersClient().BeginDelete(ctx, at.ResourceGroupName, at.Name, nil)
	return done(ctx, poller, err)
}

func (c *cloud) deleteSubnet(ctx context.Context, id string) error {
	at, err := arm.ParseResourceID(id)
	if err != nil {
		return err
	}
	poller, err := c.network.NewSubnetsClient().BeginDelete(ctx, at.ResourceGroupName, at.Parent.Name, at.Name, nil)
	return done(ctx, poller, err)
}

func (c *cloud) deleteAssignment(ctx context.Context, id string) error {
	_, err := c.roles.NewRoleAssignmentsClient().DeleteByID(ctx, strings.TrimPrefix(id, "/"), nil)
	return err
}

func (c *cloud) deleteNetwork(ctx context.Context, id string) error {
	at, err := arm.ParseResourceID(id)
	if err != nil {
		return err
	}
	poller, err := c.network.NewVirtualNetworksClient().BeginDelete(ctx, at.ResourceGroupName, at.Name, nil)
	return done(ctx, poller, err)
}

func (c *cloud) deleteGroup(ctx context.Context, id string) error {
	at, err := arm.ParseResourceID(id)
	if err != nil {
		return err
	}
	poller, err := c.resources.NewResourceGroupsClient().BeginDelete(ctx, at.ResourceGroupName, nil)
	return done(ctx, poller, err)
}
