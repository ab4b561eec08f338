package azure

import (
	"net/http"
	"slices"
)

// assign gives somebody a role without being asked by a call.
func (c *Cloud) assign(scope, who, role string) {
	a := &resource{id: scope + "/providers/" + kindAssignment + "/" + guid(), kind: kindAssignment, body: object{}}
	if known := findRole(role); known != nil {
		c.fillAssignment(a, scope, who, known)
		c.keep(a)
	}
}

func (c *Cloud) fillAssignment(a *resource, scope, who string, role *role) {
	a.body["properties"] = object{
		"scope": scope, "principalId": who, "principalType": "ServicePrincipal",
		"roleDefinitionId": "/subscriptions/" + c.inventory.Subscription + "/providers/" + kindDefinition + "/" + role.id,
	}
}

// listAssignments lists those at a scope, above it and, without the filter atScope(), below it.
func (c *Cloud) listAssignments(r *request) (answer, *refusal) {
	filter, scope := r.query.Get("$filter"), r.vars["scope"]
	who := quoted(filter, "principalId eq")
	if who == "" {
		who = quoted(filter, "assignedTo(")
	}
	var found []*resource
	for _, a := range c.list(kindAssignment, "/subscriptions") {
		at := a.body.text("properties", "scope")
		below := within(at, scope) && filter != "atScope()"
		if (within(scope, at) || below) && (who == "" || same(who, a.body.text("properties", "principalId"))) {
			found = append(found, a)
		}
	}
	return ok(value(found, (*resource).render)), nil
}

func (c *Cloud) readAssignment(r *request) (answer, *refusal) {
	if a := c.find(r.path); a != nil {
		return ok(a.render()), nil
	}
	return answer{}, refuse(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment '%s' is not found.", r.name())
}

func (c *Cloud) putAssignment(r *request) (answer, *refusal) {
	scope, who := r.vars["scope"], r.body.text("properties", "principalId")
	wanted := r.body.text("properties", "roleDefinitionId")
	known := findRole(wanted)
	switch {
	case !same(scope, "/subscriptions/"+c.inventory.Subscription) && c.find(scope) == nil:
		return answer{}, refuse(http.StatusNotFound, "ResourceNotFound", "The scope '%s' was not found.", scope)
	case known == nil:
		return answer{}, refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", wanted)
	case !c.principal(who):
		return answer{}, invalid("PrincipalNotFound", "Principal %s does not exist in the directory %s. Check that you have the correct principal ID.", who, c.inventory.Tenant)
	}
	for _, a := range c.list(kindAssignment, scope) {
		equal := same(a.body.text("properties", "scope"), scope) && same(a.body.text("properties", "principalId"), who) &&
			findRole(a.body.text("properties", "roleDefinitionId")).id == known.id
		switch {
		case equal && same(a.name(), r.name()):
			return ok(a.render()), nil
		case equal:
			return answer{}, refuse(http.StatusConflict, "RoleAssignmentExists", "The role assignment already exists. The ID of the existing role assignment is %s.", a.name())
		case same(a.name(), r.name()):
			return answer{}, refuse(http.StatusConflict, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
		}
	}
	a := &resource{id: r.path, kind: kindAssignment, body: object{}}
	c.fillAssignment(a, scope, who, known)
	a.body.set(r.body.text("properties", "description"), "properties", "description")
	c.keep(a)
	return answer{status: http.StatusCreated, body: a.render()}, nil
}

func (c *Cloud) deleteAssignment(r *request) (answer, *refusal) {
	a := c.find(r.path)
	if a == nil {
		return answer{status: http.StatusNoContent}, nil
	}
	c.remove(a.id)
	return ok(a.render()), nil
}

// principal says whether somebody is known: by the inventory, or as an identity that Azure made for a cluster.
func (c *Cloud) principal(who string) bool {
	if same(who, c.inventory.Object) || slices.ContainsFunc(c.inventory.Principals, func(p string) bool { return same(p, who) }) {
		return true
	}
	for _, k := range c.list(kindCluster, "/subscriptions") {
		name, _ := addOn(k.body)
		for _, id := range []string{
			k.body.text("identity", "principalId"), k.body.text("properties", "identityProfile", "kubeletidentity", "objectId"),
			k.body.text("properties", "addonProfiles", name, "identity", "objectId"),
		} {
			if id != "" && same(id, who) {
				return true
			}
		}
	}
	return false
}
