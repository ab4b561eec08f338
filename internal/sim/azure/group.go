package azure

import (
	"net/http"
	"strings"
)

const kindGroup = "Microsoft.Resources/resourceGroups"

func (c *Cloud) groupRoutes() []route {
	const action = resources + "/subscriptions/resourceGroups"
	return []route{
		{http.MethodGet, pathSubscription + "/resourceGroups", action + "/read", c.listGroups},
		{http.MethodGet, pathGroup, action + "/read", c.readGroup},
		{http.MethodHead, pathGroup, action + "/read", c.headGroup},
		{http.MethodPut, pathGroup, action + "/write", c.putGroup},
		{http.MethodDelete, pathGroup, action + "/delete", c.deleteGroup},
	}
}

func newGroup(id string, body object) *resource {
	g := &resource{id: id, kind: kindGroup, body: body}
	g.state(succeeded)
	return g
}

func (c *Cloud) listGroups(r *request) (answer, *refusal) {
	return ok(value(c.list(kindGroup, r.path[:strings.LastIndexByte(r.path, '/')]), (*resource).render)), nil
}

func (c *Cloud) readGroup(r *request) (answer, *refusal) {
	if g := c.find(r.path); g != nil {
		return ok(g.render()), nil
	}
	return answer{}, groupMissing(r.name())
}

func (c *Cloud) headGroup(r *request) (answer, *refusal) {
	if c.find(r.path) == nil {
		return answer{status: http.StatusNotFound}, nil
	}
	return answer{status: http.StatusNoContent}, nil
}

func (c *Cloud) putGroup(r *request) (answer, *refusal) {
	old, where := c.find(r.path), location(r.body.text("location"))
	switch {
	case where == "":
		return answer{}, invalid("LocationRequired", "The location property is required for this definition.")
	case len(r.name()) > 90 || strings.HasSuffix(r.name(), "."):
		return answer{}, invalid("InvalidResourceGroup", "The provided resource group name '%s' is invalid.", r.name())
	case !c.inventory.has(where):
		return answer{}, invalid("LocationNotAvailableForResourceGroup", "The provided location '%s' is not available for resource group. List of available regions is '%s'.",
			where, strings.Join(c.inventory.Locations, ","))
	case old != nil && old.busy():
		return answer{}, refuse(http.StatusConflict, "ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and cannot perform this operation.", old.name())
	case old != nil && !sameLocation(old.body.text("location"), where):
		return answer{}, refuse(http.StatusConflict, "InvalidResourceGroupLocation", "Invalid resource group location '%s'. The Resource group already exists in location '%s'.", where, old.body.text("location"))
	}
	body := object{"location": where}
	for _, name := range []string{"tags", "managedBy"} {
		if r.body[name] != nil {
			body[name] = r.body[name]
		}
	}
	if old == nil {
		g := newGroup(r.path, body)
		c.keep(g)
		return answer{status: http.StatusCreated, body: g.render()}, nil
	}
	old.body = body
	old.state(succeeded)
	return ok(old.render()), nil
}

// deleteGroup takes all in it away, and what belongs to it elsewhere, unless something outside still needs a part of it.
func (c *Cloud) deleteGroup(r *request) (answer, *refusal) {
	g := c.find(r.path)
	if g == nil {
		return answer{}, groupMissing(r.name())
	}
	if g.busy() {
		return answer{status: http.StatusAccepted, operation: g.operation}, nil
	}
	g.state("Deleting")
	op := c.begin(r, g, c.options.LongDelay, func() *refusal {
		for _, subnet := range c.list(kindSubnet, g.id) {
			for _, user := range c.users(subnet.id) {
				if !same(groupOf(user), g.name()) {
					g.state(succeeded)
					return refuse(http.StatusConflict, "ResourceGroupDeletionBlocked", "Deletion of resource group '%s' failed as resources with identifiers '%s' could not be deleted. The provisioning state of the resource group will be rolled back. %s",
						g.name(), parent(subnet.id), subnetInUse(subnet, user).message)
				}
			}
		}
		for _, cluster := range c.list(kindCluster, g.id) {
			c.remove(c.groupID(cluster.body.text("properties", "nodeResourceGroup")))
		}
		c.remove(g.id)
		return nil
	})
	return answer{status: http.StatusAccepted, operation: op}, nil
}
