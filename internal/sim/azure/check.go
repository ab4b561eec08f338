package azure

import (
	"net/http"
	"regexp"
	"strings"
)

// check is what every call of Azure Resource Manager must pass before its type looks at it.
func (c *Cloud) check(r *request) *refusal {
	if refused := checkVersion(r.query.Get("api-version")); refused != nil {
		return refused
	}
	if subscription, named := r.vars["subscription"]; named && !same(subscription, c.inventory.Subscription) {
		return refuse(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", subscription)
	}
	if !c.may(r.caller, r.action, r.path) && !free(r.action) {
		return refuse(http.StatusForbidden, "AuthorizationFailed", "The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
			c.inventory.Client, r.caller, r.action, r.path)
	}
	if refused := c.registered(r.action); refused != nil {
		return refused
	}
	if c.faults[r.action] > 0 {
		c.faults[r.action]--
		return overloaded()
	}
	return c.throttle(r.action)
}

// free are the calls that everybody with a token may make: their answers hold only what the caller may see.
func free(action string) bool {
	return action == actionSubscriptions || action == actionPermissions
}

func checkVersion(version string) *refusal {
	if version == "" {
		return invalid("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	if !regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`).MatchString(version) {
		return invalid("InvalidApiVersionParameter", "The api-version '%s' is invalid.", version)
	}
	return nil
}

// admit checks where something is to be written: its group and parent are there, and it stays in its location. It gives
// what was there before, nil if nothing was.
func (c *Cloud) admit(r *request, tracked bool) (*resource, *refusal) {
	group := c.find(c.groupID(groupOf(r.path)))
	if group == nil {
		return nil, groupMissing(groupOf(r.path))
	}
	if group.busy() {
		return nil, refuse(http.StatusConflict, "ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and cannot perform this operation.", group.name())
	}
	old := c.find(r.path)
	if !tracked {
		if c.find(parent(r.path)) == nil {
			return nil, refuse(http.StatusNotFound, "ParentResourceNotFound", "Can not perform requested operation on nested resource. Parent resource '%s' not found.", nameOf(parent(r.path)))
		}
		return old, nil
	}
	where := r.body.text("location")
	if where == "" {
		return nil, invalid("LocationRequired", "The location property is required for this definition.")
	}
	if old != nil && !sameLocation(where, old.body.text("location")) {
		return nil, refuse(http.StatusConflict, "InvalidResourceLocation", "The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in location '%s'. Please select a new resource name.",
			old.name(), old.body.text("location"), group.name(), where)
	}
	if !c.inventory.has(where) {
		return nil, invalid("LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type '%s'. List of available regions for the resource type is '%s'.",
			where, strings.TrimSuffix(r.action, "/write"), strings.Join(c.inventory.Locations, ","))
	}
	r.body["location"] = location(where)
	return old, nil
}

func nameOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
