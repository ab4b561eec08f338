package azure

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (c *Cloud) versionRoutes() []route {
	const locations = containerService + "/locations/kubernetesVersions/read"
	return []route{
		{http.MethodGet, pathSubscription + "/providers/" + containerService + "/locations/{location}/kubernetesVersions", locations, c.listVersions},
		{http.MethodGet, pathCluster + "/upgradeProfiles/{profile}", kindCluster + "/upgradeProfiles/read", c.upgradeProfile},
	}
}

func (c *Cloud) noLocation(r *request) *refusal {
	if where := r.vars["location"]; !c.inventory.has(where) {
		return invalid("NoRegisteredProviderFound", "No registered resource provider found for location '%s'. The supported locations are '%s'.", where, strings.Join(c.inventory.Locations, ", "))
	}
	return nil
}

// listVersions lists minor versions with their patches and where each may go.
func (c *Cloud) listVersions(r *request) (answer, *refusal) {
	if refused := c.noLocation(r); refused != nil {
		return answer{}, refused
	}
	var minors []object
	known := map[string]object{}
	for _, v := range c.inventory.Versions {
		short := v[:strings.LastIndexByte(v, '.')]
		if known[short] == nil {
			known[short] = object{
				"version": short, "isPreview": nil, "isDefault": len(minors) == 0, "patchVersions": object{},
				"capabilities": object{"supportPlan": []string{"KubernetesOfficial"}},
			}
			minors = append(minors, known[short])
		}
		known[short].set(object{"upgrades": c.upgrades(v)}, "patchVersions", v)
	}
	return ok(object{"values": minors}), nil
}

func (c *Cloud) upgradeProfile(r *request) (answer, *refusal) {
	k := c.find(parent(r.path))
	if k == nil {
		return answer{}, missing(kindCluster, parent(r.path))
	}
	profile := func(name, version string) object {
		upgrades := []object{}
		for _, v := range c.upgrades(version) {
			upgrades = append(upgrades, object{"kubernetesVersion": v})
		}
		return object{"name": name, "kubernetesVersion": version, "osType": "Linux", "upgrades": upgrades}
	}
	pools := []object{}
	for _, p := range c.list(kindPool, k.id) {
		pools = append(pools, profile(p.name(), p.version))
	}
	return ok(object{
		"id": k.id + "/upgradeprofiles/default", "name": "default", "type": kindCluster + "/upgradeprofiles",
		"properties": object{"controlPlaneProfile": profile("", k.version), "agentPoolProfiles": pools},
	}), nil
}

// exact is the version that is meant: the newest patch, if only a minor version is named; empty if there is none.
func (c *Cloud) exact(asked string) string {
	out := ""
	for _, v := range c.inventory.Versions {
		if v == asked {
			return v
		}
		if strings.Count(asked, ".") == 1 && strings.HasPrefix(v, asked+".") && (out == "" || older(out, v)) {
			out = v
		}
	}
	return out
}

// upgrades are the versions that a control plane of a version may go to.
func (c *Cloud) upgrades(from string) []string {
	out := []string{}
	for _, v := range c.inventory.Versions {
		if older(from, v) && minor(v) <= minor(from)+1 {
			out = append(out, v)
		}
	}
	return out
}

func older(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) < 0 }

func minor(version string) int { return append(numbers(version), 0, 0)[1] }

func numbers(version string) []int {
	var out []int
	for _, field := range strings.Split(version, ".") {
		n, _ := strconv.Atoi(field) // what is no number counts as zero
		out = append(out, n)
	}
	return out
}
