package azure

import (
	"net/http"
	"slices"
	"strings"
)

const (
	kindAssignment    = authorization + "/roleAssignments"
	kindDefinition    = authorization + "/roleDefinitions"
	actionPermissions = authorization + "/permissions/read"
)

// role is a built-in role.
type role struct {
	id, name            string
	actions, notActions []string
}

// builtIn are the roles that clusters have to do with, by the ids that they have everywhere:
// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
func builtIn() []role {
	return []role{
		{"8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", []string{"*"}, nil},
		{"b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", []string{"*"}, []string{authorization + "/*/Delete", authorization + "/*/Write", authorization + "/elevateAccess/Action"}},
		{"acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", []string{"*/read"}, nil},
		{"4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", []string{authorization + "/*/read", network + "/*", resources + "/subscriptions/resourceGroups/read"}, nil},
		{"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", []string{"*/read", authorization + "/*"}, nil},
		{"f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator", []string{authorization + "/roleAssignments/write", authorization + "/roleAssignments/delete", "*/read"}, nil},
	}
}

func (c *Cloud) roleRoutes() []route {
	base := "/{scope}/providers/"
	return []route{
		{http.MethodGet, base + kindAssignment, kindAssignment + "/read", c.listAssignments},
		{http.MethodGet, base + kindAssignment + "/{name}", kindAssignment + "/read", c.readAssignment},
		{http.MethodPut, base + kindAssignment + "/{name}", kindAssignment + "/write", c.putAssignment},
		{http.MethodDelete, base + kindAssignment + "/{name}", kindAssignment + "/delete", c.deleteAssignment},
		{http.MethodGet, base + kindDefinition, kindDefinition + "/read", c.listDefinitions},
		{http.MethodGet, base + kindDefinition + "/{name}", kindDefinition + "/read", c.readDefinition},
		{http.MethodGet, base + authorization + "/permissions", actionPermissions, c.listPermissions},
	}
}

// findRole finds a role by its name or id; its id may be a whole resource id.
func findRole(of string) *role {
	for _, r := range builtIn() {
		if same(r.name, of) || same(r.id, nameOf("/"+of)) {
			return &r
		}
	}
	return nil
}

func (r *role) allows(action string) bool {
	covers := func(pattern string) bool { return covers(strings.ToLower(pattern), strings.ToLower(action)) }
	return slices.ContainsFunc(r.actions, covers) && !slices.ContainsFunc(r.notActions, covers)
}

// covers matches a pattern in which each * stands for anything.
func covers(pattern, action string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == action
	}
	rest, found := strings.CutPrefix(action, before)
	if !found {
		return false
	}
	for i := 0; i <= len(rest); i++ {
		if covers(after, rest[i:]) {
			return true
		}
	}
	return false
}

// roles are what somebody has at a place, by assignments there and above.
func (c *Cloud) roles(who, at string) []*role {
	var out []*role
	for _, a := range c.list(kindAssignment, "/subscriptions") {
		scope := a.body.text("properties", "scope")
		if who == "" || !same(a.body.text("properties", "principalId"), who) || !within(at, scope) {
			continue
		}
		if r := findRole(a.body.text("properties", "roleDefinitionId")); r != nil {
			out = append(out, r)
		}
	}
	return out
}

func within(id, scope string) bool {
	return strings.HasPrefix(strings.ToLower(id)+"/", strings.ToLower(strings.TrimSuffix(scope, "/"))+"/")
}

func (c *Cloud) may(who, action, at string) bool {
	return slices.ContainsFunc(c.roles(who, at), func(r *role) bool { return r.allows(action) })
}

func (c *Cloud) showRole(r *role) object {
	return object{
		"id": "/subscriptions/" + c.inventory.Subscription + "/providers/" + kindDefinition + "/" + r.id, "name": r.id, "type": kindDefinition,
		"properties": object{"roleName": r.name, "type": "BuiltInRole", "assignableScopes": []string{"/"}, "permissions": []object{r.permissions()}},
	}
}

func (r *role) permissions() object {
	return object{"actions": r.actions, "notActions": append([]string{}, r.notActions...), "dataActions": []string{}, "notDataActions": []string{}}
}

func (c *Cloud) listDefinitions(r *request) (answer, *refusal) {
	only := quoted(r.query.Get("$filter"), "roleName eq")
	var found []*role
	for _, known := range builtIn() {
		if only == "" || same(only, known.name) {
			found = append(found, &known)
		}
	}
	return ok(value(found, c.showRole)), nil
}

func (c *Cloud) readDefinition(r *request) (answer, *refusal) {
	known := findRole(r.name())
	if known == nil {
		return answer{}, refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", r.name())
	}
	return ok(c.showRole(known)), nil
}

func (c *Cloud) listPermissions(r *request) (answer, *refusal) {
	return ok(value(c.roles(r.caller, r.vars["scope"]), (*role).permissions)), nil
}
