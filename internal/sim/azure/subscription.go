package azure

import "net/http"

// Namespaces of the resource providers that are played.
const (
	resources          = "Microsoft.Resources"
	authorization      = "Microsoft.Authorization"
	network            = "Microsoft.Network"
	compute            = "Microsoft.Compute"
	containerService   = "Microsoft.ContainerService"
	containerInstances = "Microsoft.ContainerInstance"
)

const actionSubscriptions = resources + "/subscriptions/list/read"

func (c *Cloud) subscriptionRoutes() []route {
	return []route{
		{http.MethodGet, "/subscriptions", actionSubscriptions, func(*request) (answer, *refusal) {
			return ok(object{"value": []object{c.subscription()}}), nil
		}},
		{http.MethodGet, pathSubscription, resources + "/subscriptions/read", func(*request) (answer, *refusal) { return ok(c.subscription()), nil }},
		{http.MethodGet, pathSubscription + "/locations", resources + "/subscriptions/locations/read", c.listLocations},
		{http.MethodGet, pathSubscription + "/resources", resources + "/subscriptions/resources/read", c.listResources},
		{http.MethodGet, pathGroup + "/resources", resources + "/subscriptions/resourceGroups/resources/read", c.listResources},
	}
}

func (c *Cloud) subscription() object {
	return object{
		"id": "/subscriptions/" + c.inventory.Subscription, "subscriptionId": c.inventory.Subscription, "tenantId": c.inventory.Tenant,
		"displayName": "rehearsal", "state": "Enabled", "authorizationSource": "RoleBased",
		"subscriptionPolicies": object{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
	}
}

func (c *Cloud) listLocations(r *request) (answer, *refusal) {
	return ok(value(pointers(c.inventory.Locations), func(name *string) object {
		return object{
			"id": r.path + "/" + location(*name), "name": location(*name), "displayName": *name, "regionalDisplayName": *name,
			"type": "Region", "metadata": object{"regionType": "Physical", "regionCategory": "Recommended"},
		}
	})), nil
}

// listResources shows what stands in a group of its own right: no subnets, no pools, no role assignments.
func (c *Cloud) listResources(r *request) (answer, *refusal) {
	if group, named := r.vars["group"]; named && c.find(c.groupID(group)) == nil {
		return answer{}, groupMissing(group)
	}
	under := r.path[:len(r.path)-len("/resources")]
	return ok(value(append(c.list(kindCluster, under), c.list(kindNetwork, under)...), func(res *resource) object {
		return object{"id": res.id, "name": res.name(), "type": res.kind, "location": res.body.text("location"), "tags": res.body["tags"]}
	})), nil
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}
