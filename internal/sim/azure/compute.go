package azure

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const actionSKUs = compute + "/skus/read"

func (c *Cloud) computeRoutes() []route {
	return []route{
		{http.MethodGet, pathCompute + "/skus", actionSKUs, c.listSKUs},
		{http.MethodGet, pathCompute + "/locations/{location}/usages", compute + "/locations/usages/read", c.listUsages},
	}
}

// listSKUs lists the sizes of machines, one entry for each location as Azure does.
func (c *Cloud) listSKUs(r *request) (answer, *refusal) {
	only := quoted(r.query.Get("$filter"), "location eq")
	out := []object{}
	for _, where := range c.inventory.Locations {
		if only != "" && !sameLocation(only, where) {
			continue
		}
		for _, s := range c.inventory.Sizes {
			out = append(out, s.show(where))
		}
	}
	return ok(object{"value": out}), nil
}

func (s Size) show(where string) object {
	restrictions := []object{}
	if s.restricted(where) {
		restrictions = append(restrictions, object{
			"type": "Location", "values": []string{where}, "restrictionInfo": object{"locations": []string{where}}, "reasonCode": "NotAvailableForSubscription",
		})
	}
	return object{
		"resourceType": "virtualMachines", "name": s.Name, "tier": "Standard", "size": strings.TrimPrefix(s.Name, "Standard_"), "family": s.Family,
		"locations": []string{where}, "locationInfo": []object{{"location": where, "zones": s.Zones, "zoneDetails": []object{}}},
		"capabilities": []object{
			{"name": "vCPUs", "value": strconv.Itoa(s.Cores)}, {"name": "MemoryGB", "value": strconv.Itoa(s.MemoryGiB)},
			{"name": "PremiumIO", "value": "True"}, {"name": "CpuArchitectureType", "value": "x64"},
		},
		"restrictions": restrictions,
	}
}

// listUsages tells how many cores are used of how many, in all and by family.
func (c *Cloud) listUsages(r *request) (answer, *refusal) {
	if refused := c.noLocation(r); refused != nil {
		return answer{}, refused
	}
	used := c.cores(r.vars["location"], nil)
	total := 0
	families := map[string]int{}
	for _, s := range c.inventory.Sizes {
		families[s.Family] = used[s.Family]
	}
	for _, n := range used {
		total += n
	}
	usage := func(name, shown string, current int) object {
		return object{"unit": "Count", "currentValue": current, "limit": c.inventory.Cores, "name": object{"value": name, "localizedValue": shown}}
	}
	out := []object{usage("cores", "Total Regional vCPUs", total)}
	for _, family := range slices.Sorted(maps.Keys(families)) {
		out = append(out, usage(family, family+" vCPUs", families[family]))
	}
	return ok(object{"value": out}), nil
}

// cores counts what the pools in a location use of each family, without those that are to be replaced.
func (c *Cloud) cores(where string, without []*resource) map[string]int {
	used := map[string]int{}
	for _, p := range c.list(kindPool, "/subscriptions") {
		size, k := c.inventory.size(p.body.text("properties", "vmSize")), c.find(parent(p.id))
		if size == nil || k == nil || !sameLocation(k.body.text("location"), where) ||
			slices.ContainsFunc(without, func(w *resource) bool { return same(w.id, p.id) }) {
			continue
		}
		used[size.Family] += size.Cores * p.body.number("properties", "count")
	}
	return used
}

// quoted finds the text that a filter compares with: of "location eq 'eastus'".
func quoted(filter, operator string) string {
	_, after, found := strings.Cut(filter, operator)
	if !found {
		return ""
	}
	parts := strings.SplitN(after, "'", 3)
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}
