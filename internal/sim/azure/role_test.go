package azure

import "testing"

const (
	ownerRole   = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	networkRole = "4d97b98b-1d4f-4787-a291-c67834d212e7"
)

func TestRoleAssignments(t *testing.T) {
	l := newLab(t)
	l.network()
	at := func(scope, name string) string {
		return scope + "/providers/Microsoft.Authorization/roleAssignments/" + name
	}
	body := func(who, role string) object {
		return object{"properties": object{"principalId": who, "roleDefinitionId": "/subscriptions/" + testSubscription + "/providers/Microsoft.Authorization/roleDefinitions/" + role}}
	}
	l.run(
		step{"PUT", at(testNetwork, "a"), body("nobody", networkRole), 400, "PrincipalNotFound", 0},
		step{"PUT", at(testNetwork, "a"), body(testPrincipal, "none"), 404, "RoleDefinitionDoesNotExist", 0},
		step{"PUT", at(testNetwork+"x", "a"), body(testPrincipal, networkRole), 404, "ResourceNotFound", 0},
		step{"PUT", at(testNetwork, "a"), body(testPrincipal, networkRole), 201, "", 0},
		step{"PUT", at(testNetwork, "a"), body(testPrincipal, networkRole), 200, "", 0},
		step{"PUT", at(testNetwork, "b"), body(testPrincipal, networkRole), 409, "RoleAssignmentExists", 0},
		step{"PUT", at(testNetwork, "a"), body(testPrincipal, ownerRole), 409, "RoleAssignmentUpdateNotPermitted", 0},
		step{"PUT", at(testNetwork, "c"), body(testPrincipal, ownerRole), 201, "", 0},
		step{"PUT", at(testNetwork+"/subnets/virtual", "b"), body(testPrincipal, networkRole), 201, "", 0},
	)
	list := func(scope, filter string) string {
		return l.names(scope + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=" + filter)
	}
	mine := "principalId%20eq%20'" + testPrincipal + "'"
	for name, test := range map[string][2]string{
		"below":     {list(testGroup, mine), "a c b"},
		"above":     {list(testNetwork+"/subnets/virtual", mine), "a c b"},
		"elsewhere": {list(testNetwork+"/subnets/nodes", "assignedTo('"+testPrincipal+"')"), "a c"},
	} {
		if test[0] != test[1] {
			t.Errorf("%s: %q, want %q", name, test[0], test[1])
		}
	}
	l.run(
		step{"GET", at(testNetwork, "a"), nil, 200, "", 0},
		step{"DELETE", at(testNetwork, "a"), nil, 200, "", 0},
		step{"DELETE", at(testNetwork, "a"), nil, 204, "", 0},
		step{"GET", at(testNetwork, "a"), nil, 404, "RoleAssignmentNotFound", 0},
		step{"DELETE", testNetwork, nil, 202, "", shortTime},
		step{"GET", at(testNetwork+"/subnets/virtual", "b"), nil, 404, "RoleAssignmentNotFound", 0},
	)
}

func TestRolesOfTheCaller(t *testing.T) {
	group := step{"PUT", testGroup, object{"location": "eastus"}, 201, "", 0}
	read := step{"GET", "/subscriptions/" + testSubscription, nil, 200, "", 0}
	assign := step{"PUT", "/subscriptions/" + testSubscription + "/providers/Microsoft.Authorization/roleAssignments/a",
		object{"properties": object{"principalId": testPrincipal, "roleDefinitionId": networkRole}}, 201, "", 0}
	denied := func(s step) step { s.status, s.code = 403, "AuthorizationFailed"; return s }
	for role, steps := range map[string][]step{
		"Owner":                     {group, read, assign},
		"Contributor":               {group, read, denied(assign)},
		"Reader":                    {denied(group), read, denied(assign)},
		"User Access Administrator": {denied(group), read, assign},
		"nothing":                   {denied(group), denied(read), denied(assign)},
	} {
		t.Run(role, func(t *testing.T) {
			l := newLab(t, func(o *Options) { o.Inventory.Role = role })
			l.run(steps...)
			permissions := l.read("/subscriptions/" + testSubscription + "/providers/Microsoft.Authorization/permissions").objects("value")
			if (len(permissions) == 0) != (role == "nothing") {
				t.Errorf("permissions: %v", permissions)
			}
		})
	}
}

func TestRoleDefinitions(t *testing.T) {
	l := newLab(t)
	base := "/subscriptions/" + testSubscription + "/providers/Microsoft.Authorization/roleDefinitions"
	if got := l.names(base + "?api-version=2022-04-01&$filter=roleName%20eq%20'Network%20Contributor'"); got != networkRole {
		t.Errorf("by name: %s", got)
	}
	if got := l.read(base+"/"+ownerRole).text("properties", "roleName"); got != "Owner" {
		t.Errorf("by id: %s", got)
	}
	l.run(step{"GET", base + "/none", nil, 404, "RoleDefinitionDoesNotExist", 0})
}
