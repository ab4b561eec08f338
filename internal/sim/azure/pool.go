package azure

import "net/http"

const (
	kindPool = kindCluster + "/agentPools"
	pathPool = pathCluster + "/agentPools/{pool}"
)

func (c *Cloud) poolRoutes() []route {
	return []route{
		{http.MethodGet, pathCluster + "/agentPools", kindPool + "/read", c.listPools},
		{http.MethodGet, pathPool, kindPool + "/read", c.readPool},
		{http.MethodPut, pathPool, kindPool + "/write", c.putPool},
		{http.MethodDelete, pathPool, kindPool + "/delete", c.deletePool},
	}
}

func (c *Cloud) listPools(r *request) (answer, *refusal) {
	k := r.path[:len(r.path)-len("/agentPools")]
	if c.find(k) == nil {
		return answer{}, missing(kindCluster, k)
	}
	return ok(value(c.list(kindPool, k), (*resource).render)), nil
}

func (c *Cloud) readPool(r *request) (answer, *refusal) {
	p := c.find(r.path)
	switch {
	case p != nil:
		return ok(p.render()), nil
	case c.find(parent(r.path)) == nil:
		return answer{}, missing(kindCluster, parent(r.path))
	}
	return answer{}, refuse(http.StatusNotFound, "NotFound", "The agent pool '%s' of managed cluster '%s' was not found.", r.name(), nameOf(parent(r.path)))
}

// poolBusy lets pools change side by side, but not while their cluster does.
func (c *Cloud) poolBusy(id string) *refusal {
	for _, part := range []*resource{c.find(parent(id)), c.find(id)} {
		if part != nil && part.busy() {
			return inProgress(part)
		}
	}
	return nil
}

func (c *Cloud) putPool(r *request) (answer, *refusal) {
	old, refused := c.admit(r, false)
	if refused == nil {
		refused = c.poolBusy(r.path)
	}
	if refused != nil {
		return answer{}, refused
	}
	k := c.find(parent(r.path))
	draft := c.draftPool(k, r.name(), r.body.object("properties"))
	if refused := c.checkPools(k, []*resource{draft}); refused != nil {
		return answer{}, refused
	}
	status := http.StatusCreated
	if old != nil {
		status = http.StatusOK
	}
	p := c.keepPools([]*resource{draft})[0]
	op := c.begin(r, p, c.options.LongDelay, func() *refusal { c.arrive(p); return nil })
	op.render = p.render
	return answer{status: status, body: p.render(), operation: op}, nil
}

func (c *Cloud) deletePool(r *request) (answer, *refusal) {
	p := c.find(r.path)
	if p == nil {
		return answer{status: http.StatusNoContent}, nil
	}
	if p.busy() && p.body.text("properties", "provisioningState") == "Deleting" {
		return answer{status: http.StatusAccepted, operation: p.operation}, nil
	}
	if refused := c.poolBusy(p.id); refused != nil {
		return answer{}, refused
	}
	others := 0
	for _, other := range c.list(kindPool, parent(p.id)) {
		if other != p && same(other.body.text("properties", "mode"), modeSystem) {
			others++
		}
	}
	if others == 0 {
		return answer{}, invalid("OperationNotAllowed", "There has to be at least one system node pool in managed cluster %s.", nameOf(parent(p.id)))
	}
	p.state("Deleting")
	op := c.begin(r, p, c.options.LongDelay, func() *refusal { c.remove(p.id); return nil })
	return answer{status: http.StatusAccepted, operation: op}, nil
}

// wantedPools drafts the pools that a PUT of a cluster names. Those that it does not name stay as they are.
func (c *Cloud) wantedPools(k *resource, profiles []object) ([]*resource, *refusal) {
	var drafts []*resource
	for _, profile := range profiles {
		drafts = append(drafts, c.draftPool(k, profile.text("name"), profile))
	}
	return drafts, c.checkPools(k, drafts)
}

// draftPool is a pool as it is to be, without making it so.
func (c *Cloud) draftPool(k *resource, name string, wanted object) *resource {
	d := &resource{id: k.id + "/agentPools/" + name, kind: kindPool}
	before := object{}
	if old := c.find(d.id); old != nil {
		d.id, d.count, d.version = old.id, old.count, old.version
		before = old.body.object("properties")
	}
	properties := before.over(wanted)
	delete(properties, "name")
	d.body = object{"properties": properties}
	pods := 110
	switch {
	case flat(k):
		pods = 30
	case same(k.body.text("properties", "networkProfile", "networkPluginMode"), "overlay"):
		pods = 250
	}
	for field, value := range map[string]any{
		"count": 1, "mode": "User", "osType": "Linux", "osSKU": "Ubuntu", "type": "VirtualMachineScaleSets", "osDiskSizeGB": 128,
		"enableAutoScaling": false, "maxPods": pods, "orchestratorVersion": c.exact(k.body.text("properties", "kubernetesVersion")),
	} {
		properties.fill(value, field)
	}
	properties["powerState"] = object{"code": "Running"}
	if properties.flag("enableAutoScaling") {
		properties["count"] = min(max(properties.number("count"), properties.number("minCount")), properties.number("maxCount"))
	}
	return d
}

// keepPools makes drafts true as far as a call does at once.
func (c *Cloud) keepPools(drafts []*resource) []*resource {
	out := []*resource{}
	for _, d := range drafts {
		p := c.find(d.id)
		switch {
		case p == nil:
			p = d
			c.keep(p)
			p.state("Creating")
		case c.exact(d.body.text("properties", "orchestratorVersion")) != p.version:
			p.body = d.body
			p.state("Upgrading")
		case d.body.number("properties", "count") != p.count:
			p.body = d.body
			p.state("Scaling")
		default:
			p.body = d.body
			p.state("Updating")
		}
		out = append(out, p)
	}
	return out
}
