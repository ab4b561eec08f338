package azure

import (
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // what UUIDs of version 5 are made with; nothing is kept secret by it
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v6"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The roles that let an identity put machines and containers into a subnet, by the ids that they have everywhere:
// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
const (
	roleNetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	roleContributor        = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	roleOwner              = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

	addOn = "aciConnectorLinux"

	// principalLook is the wait for an identity to be known everywhere, which takes a minute at most.
	principalLook  = 5 * time.Second
	principalLooks = 24
)

// grant is a role that an identity of the cluster needs.
type grant struct {
	scope, principal string
	who              string // for people
	note             string // description of the assignment, by which it is found again
}

// Remaining are the roles of the identities that came with the cluster: the add-on's on the virtual node's subnet, and the
// control plane's on the network. While there is no cluster they are told all the same, for who does not wait for it.
func (p *Provider) Remaining(ctx context.Context, r providers.Request) ([]providers.Task, error) {
	i := p.inspect(r)
	found, err := preflight.Run(ctx, i, []check{
		{Name: "login", Run: (*inspection).checkLogin},
		{Name: "resource group", Needs: []string{"login"}, Only: (*inspection).ofAKS, Run: (*inspection).findGroup},
		{Name: "virtual network", Needs: []string{"resource group"}, Only: (*inspection).ofAKS, Run: (*inspection).findNetwork},
	})
	if err = errors.Join(err, found.Err()); err != nil || !i.ofAKS() {
		return nil, err
	}
	got, err := i.cloud.aks.NewManagedClustersClient().Get(ctx, i.group.Name, r.Name, nil)
	if notFound(err) {
		return i.expected(), nil
	}
	if err != nil {
		return nil, i.cloud.explain(ctx, err)
	}
	var tasks []providers.Task
	for _, g := range i.grants(&got.ManagedCluster) {
		has, err := i.cloud.has(ctx, g)
		if err != nil {
			return nil, i.cloud.explain(ctx, err)
		}
		if !has {
			tasks = append(tasks, providers.Task{What: roleFor(g.who), Do: func(ctx context.Context) error { return i.cloud.give(ctx, g) }})
		}
	}
	return tasks, nil
}

// The identities that need roles, for people.
const (
	clusterIdentity     = "the cluster's identity"
	virtualNodeIdentity = "the virtual node's identity"
)

func roleFor(who string) string { return "role Network Contributor for " + who }

// expected is what there will be to do for a cluster that AKS does not have yet; none of it can be done now.
func (i *inspection) expected() []providers.Task {
	early := func(context.Context) error {
		return &uerr.Error{
			Code: uerr.NotFound, What: "AKS does not have the cluster", Object: "cluster " + i.request.Name,
			Next: "type the same command again once it is there",
		}
	}
	tasks := []providers.Task{{What: roleFor(clusterIdentity), Do: early}}
	if i.hasVirtualNode() {
		tasks = append(tasks, providers.Task{What: roleFor(virtualNodeIdentity), Do: early})
	}
	return tasks
}

// grants are what the identities that are known need. A network that was there before is left to others but for the subnet.
func (i *inspection) grants(k *armcontainerservice.ManagedCluster) []grant {
	var all []grant
	subnetScope := func(s subnet) string { return i.networkScope() + "/subnets/" + s.Name }
	add := func(principal, who, scope string, made bool) {
		if principal != "" {
			all = append(all, grant{scope: scope, principal: principal, who: who, note: i.note(made)})
		}
	}
	if i.network.Existing {
		add(planePrincipal(k), clusterIdentity, subnetScope(i.network.NodeSubnet), i.made(i.network.NodeSubnet))
	} else {
		add(planePrincipal(k), clusterIdentity, i.networkScope(), false)
	}
	if k.Properties == nil {
		return all
	}
	for name, profile := range k.Properties.AddonProfiles {
		if strings.EqualFold(name, addOn) && profile != nil && value(profile.Enabled) && profile.Identity != nil {
			used := i.virtual
			used.Name = cmp.Or(value(profile.Config["SubnetName"]), used.Name)
			add(value(profile.Identity.ObjectID), virtualNodeIdentity, subnetScope(used), i.made(used))
		}
	}
	return all
}

// made says that a subnet of a network that was there is this cluster's, which only the cluster as it is can tell.
func (i *inspection) made(s subnet) bool {
	return i.request.Current != nil && i.network.Existing && !s.Existing
}

// planePrincipal is who the control plane acts as: the identity that AKS made, or the one that it was given.
func planePrincipal(k *armcontainerservice.ManagedCluster) string {
	if k.Identity == nil {
		return ""
	}
	if id := value(k.Identity.PrincipalID); id != "" {
		return id
	}
	for _, own := range k.Identity.UserAssignedIdentities {
		if own != nil {
			return value(own.PrincipalID)
		}
	}
	return ""
}

// networkScope is the id of the virtual network.
func (i *inspection) networkScope() string {
	return i.subscriptionID() + "/resourceGroups/" + i.network.ResourceGroup + "/providers/" + networkProvider + "/virtualNetworks/" + i.network.Name
}

// has says whether somebody has a role at a place, or above it, that is enough.
func (c *cloud) has(ctx context.Context, g grant) (bool, error) {
	filter := "principalId%20eq%20'" + g.principal + "'" // this client sends it as it is
	pager := c.roles.NewRoleAssignmentsClient().NewListForScopePager(strings.TrimPrefix(g.scope, "/"), &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &filter})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, a := range page.Value {
			if a.Properties != nil && enough(value(a.Properties.RoleDefinitionID)) && under(g.scope, value(a.Properties.Scope)) &&
				strings.EqualFold(value(a.Properties.PrincipalID), g.principal) {
				return true, nil
			}
		}
	}
	return false, nil
}

func enough(role string) bool {
	for _, id := range []string{roleNetworkContributor, roleContributor, roleOwner} {
		if strings.HasSuffix(strings.ToLower(role), id) {
			return true
		}
	}
	return false
}

// under says whether an id is a scope itself or below it. Ids have no case.
func under(id, scope string) bool {
	return strings.HasPrefix(strings.ToLower(id)+"/", strings.ToLower(strings.TrimSuffix(scope, "/"))+"/")
}

// give assigns the role. The assignment's name follows from what it says, so that the same one is never made twice.
func (c *cloud) give(ctx context.Context, g grant) error {
	role := "/subscriptions/" + c.subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + roleNetworkContributor
	kind := armauthorization.PrincipalTypeServicePrincipal
	parameters := armauthorization.RoleAssignmentCreateParameters{Properties: &armauthorization.RoleAssignmentProperties{
		PrincipalID: &g.principal, RoleDefinitionID: &role, PrincipalType: &kind, Description: &g.note,
	}}
	for look := 1; ; look++ {
		_, err := c.roles.NewRoleAssignmentsClient().Create(ctx, strings.TrimPrefix(g.scope, "/"), assignmentName(g.scope, g.principal, role), parameters, nil)
		switch {
		case err == nil || codeOf(err) == "RoleAssignmentExists":
			return nil
		case codeOf(err) == "PrincipalNotFound" && look < principalLooks:
			if err := pause(ctx, principalLook); err != nil {
				return fmt.Errorf("role for %s: %w", g.who, err)
			}
			continue
		case denied(err):
			return &uerr.Error{
				Code: uerr.Credentials, What: "the application may not assign roles", Object: "role Network Contributor for " + g.who,
				Cause: errors.New(c.scrub(lastCause(err))),
				Next: fmt.Sprintf("have an owner type: az role assignment create --role %q --assignee-object-id %s --assignee-principal-type ServicePrincipal --scope %s",
					"Network Contributor", g.principal, g.scope),
			}
		}
		return fmt.Errorf("role for %s: %w", g.who, c.explain(ctx, err))
	}
}

// assignmentName is a UUID of version 5 in the namespace of URLs (RFC 9562).
func assignmentName(parts ...string) string {
	space := []byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	sum := sha1.Sum(append(space, strings.ToLower(strings.Join(parts, "|"))...)) //nolint:gosec // see the import
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// pause ends early, with an error, when its context does.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
