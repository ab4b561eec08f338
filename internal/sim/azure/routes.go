package azure

import (
	"net/http"
	"slices"
	"strings"
)

// route is one call of Azure Resource Manager that is known. A path begins with a scope of any length if it begins with
// {scope}; other names in braces are one segment. Names have no case.
type route struct {
	method, path string
	action       string // what it is called in roles and in the log
	do           func(*request) (answer, *refusal)
}

// Where the resources are.
const (
	pathSubscription = "/subscriptions/{subscription}"
	pathGroup        = pathSubscription + "/resourceGroups/{group}"
	pathCompute      = pathSubscription + "/providers/Microsoft.Compute"
)

// namespace of an action: "Microsoft.Network".
func namespace(action string) string { return action[:max(strings.IndexByte(action, '/'), 0)] }

func (c *Cloud) allRoutes() []route {
	return slices.Concat(
		c.subscriptionRoutes(), c.providerRoutes(), c.groupRoutes(), c.networkRoutes(), c.subnetRoutes(), c.clusterRoutes(),
		c.poolRoutes(), c.versionRoutes(), c.computeRoutes(), c.instanceRoutes(), c.roleRoutes(), c.operationRoutes(),
	)
}

// operationRoutes are what long calls are polled at.
func (c *Cloud) operationRoutes() []route {
	out := []route{{http.MethodGet, pathSubscription + "/operationresults/{operation}", resources + "/subscriptions/operationresults/read", c.operationResult}}
	for _, ns := range []string{network, containerService} {
		base := pathSubscription + "/providers/" + ns + "/locations/{location}/"
		out = append(out,
			route{http.MethodGet, base + "operations/{operation}", ns + "/locations/operations/read", c.operationStatus},
			route{http.MethodGet, base + "operationresults/{operation}", ns + "/locations/operationresults/read", c.operationResult})
	}
	return out
}

// match finds the route of a call, what stands at the names in braces, and the path in Azure's own spelling.
func (c *Cloud) match(method, path string) (*route, map[string]string, string) {
	path = strings.TrimSuffix(path, "/")
	for i := range c.routes {
		if c.routes[i].method != method {
			continue
		}
		if vars, spelled := fits(c.routes[i].path, path); vars != nil {
			return &c.routes[i], vars, spelled
		}
	}
	return nil, nil, ""
}

func fits(pattern, path string) (map[string]string, string) {
	vars := map[string]string{}
	want, got := strings.Split(pattern, "/")[1:], strings.Split(path, "/")
	if got[0] != "" {
		return nil, ""
	}
	got = got[1:]
	spelled := ""
	if want[0] == "{scope}" {
		over := len(got) - len(want) + 1
		if over < 1 {
			return nil, ""
		}
		vars["scope"] = "/" + strings.Join(got[:over], "/")
		if subscription := part(vars["scope"]+"/", "subscriptions"); subscription != "" {
			vars["subscription"] = subscription
		}
		want, got, spelled = want[1:], got[over:], vars["scope"]
	}
	if len(want) != len(got) {
		return nil, ""
	}
	for i, segment := range want {
		name, braced := strings.CutPrefix(segment, "{")
		switch {
		case got[i] == "":
			return nil, ""
		case braced:
			vars[strings.TrimSuffix(name, "}")] = got[i]
			segment = got[i]
		case !same(segment, got[i]):
			return nil, ""
		}
		spelled += "/" + segment
	}
	return vars, spelled
}
