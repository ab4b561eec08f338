package azure

import "net/http"

// instanceRoutes tell where container instances, and so virtual nodes, are to be had, and how big they may be.
func (c *Cloud) instanceRoutes() []route {
	base := pathSubscription + "/providers/" + containerInstances + "/locations/{location}/"
	return []route{
		{http.MethodGet, base + "capabilities", containerInstances + "/locations/capabilities/read", c.listCapabilities},
		{http.MethodGet, base + "usages", containerInstances + "/locations/usages/read", c.listInstanceUsages},
	}
}

func (c *Cloud) noInstances(r *request) *refusal {
	if c.inventory.virtualNodes(r.vars["location"]) {
		return nil
	}
	return invalid("LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type '%s'.", r.vars["location"], virtualNodeService)
}

func (c *Cloud) listCapabilities(r *request) (answer, *refusal) {
	if refused := c.noInstances(r); refused != nil {
		return answer{}, refused
	}
	return ok(object{"value": []object{{
		"resourceType": "containerGroups", "osType": "Linux", "location": location(r.vars["location"]), "ipAddressType": "Private", "gpu": "None",
		"capabilities": object{"maxMemoryInGB": 16, "maxCpu": 4, "maxGpuCount": 0},
	}}}), nil
}

func (c *Cloud) listInstanceUsages(r *request) (answer, *refusal) {
	if refused := c.noInstances(r); refused != nil {
		return answer{}, refused
	}
	usage := func(name, shown string, limit int) object {
		return object{"id": r.path + "/" + name, "unit": "Count", "currentValue": 0, "limit": limit, "name": object{"value": name, "localizedValue": shown}}
	}
	return ok(object{"value": []object{usage("ContainerGroups", "Container Groups", 100), usage("StandardCores", "Standard Cores", 100)}}), nil
}
