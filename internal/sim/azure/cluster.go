package azure

import (
	"net/http"
	"strings"
)

const (
	kindCluster      = containerService + "/managedClusters"
	pathCluster      = pathGroup + "/providers/" + kindCluster + "/{cluster}"
	actionPutCluster = kindCluster + "/write"
)

func (c *Cloud) clusterRoutes() []route {
	credential := func(kind string) route {
		return route{http.MethodPost, pathCluster + "/listCluster" + kind + "Credential", kindCluster + "/listCluster" + kind + "Credential/action", c.credential("cluster" + kind)}
	}
	return []route{
		{http.MethodGet, pathSubscription + "/providers/" + kindCluster, kindCluster + "/read", c.listClusters},
		{http.MethodGet, pathGroup + "/providers/" + kindCluster, kindCluster + "/read", c.listClusters},
		{http.MethodGet, pathCluster, kindCluster + "/read", c.readCluster},
		{http.MethodPut, pathCluster, actionPutCluster, c.putCluster},
		{http.MethodDelete, pathCluster, kindCluster + "/delete", c.deleteCluster},
		credential("Admin"), credential("User"),
	}
}

// showCluster has the pools, which are kept as resources of their own, in their place.
func (c *Cloud) showCluster(k *resource) object {
	pools := []object{}
	for _, p := range c.list(kindPool, k.id) {
		pools = append(pools, p.body.object("properties").over(object{"name": p.name()}))
	}
	out := k.render()
	out["properties"] = k.body.object("properties").over(object{"agentPoolProfiles": pools})
	return out
}

func (c *Cloud) listClusters(r *request) (answer, *refusal) {
	return ok(value(c.list(kindCluster, r.path[:len(r.path)-len("/providers/"+kindCluster)]), c.showCluster)), nil
}

func (c *Cloud) readCluster(r *request) (answer, *refusal) {
	if k := c.find(r.path); k != nil {
		return ok(c.showCluster(k)), nil
	}
	if c.find(c.groupID(r.vars["group"])) == nil {
		return answer{}, groupMissing(r.vars["group"])
	}
	return answer{}, missing(kindCluster, r.path)
}

// clusterBusy refuses a change of a cluster, or of one of its pools, while another is under way in it.
func (c *Cloud) clusterBusy(id string) *refusal {
	for _, part := range append(c.list(kindPool, id), c.find(id)) {
		if part != nil && part.busy() {
			return inProgress(part)
		}
	}
	return nil
}

func inProgress(what *resource) *refusal {
	return refuse(http.StatusConflict, "OperationNotAllowed", "Operation is not allowed: Another operation (%s) is in progress on %s, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details.",
		what.body.text("properties", "provisioningState"), what.id)
}

// putCluster makes or changes a cluster. What a PUT of an existing one does not give stays, its pools too.
func (c *Cloud) putCluster(r *request) (answer, *refusal) {
	old, refused := c.admit(r, true)
	if refused == nil {
		refused = c.clusterBusy(r.path)
	}
	if refused != nil {
		return answer{}, refused
	}
	k := &resource{id: r.path, kind: kindCluster, body: r.body.over(nil)}
	if old != nil {
		k.id, k.version, k.ids, k.body = old.id, old.version, old.ids, old.body.over(r.body)
		k.body["properties"] = old.body.object("properties").over(r.body.object("properties"))
	} else {
		k.body["properties"] = object{}.over(r.body.object("properties"))
	}
	profiles := r.body.objects("properties", "agentPoolProfiles")
	delete(k.body.object("properties"), "agentPoolProfiles")
	c.defaults(k)
	refused = c.checkCluster(k, old)
	var pools []*resource
	if refused == nil {
		pools, refused = c.wantedPools(k, profiles)
	}
	if refused == nil {
		refused = c.checkVirtualNode(k, pools)
	}
	if refused != nil {
		return answer{}, refused
	}
	return c.carryOut(r, k, old, pools), nil
}

// carryOut begins what is found to be right. The resource that is known stays the same one, for who polls it.
func (c *Cloud) carryOut(r *request, k, old *resource, pools []*resource) answer {
	status := http.StatusCreated
	if old != nil {
		status = http.StatusOK
		old.body = k.body
		old.state("Updating")
		if k.version != c.exact(k.body.text("properties", "kubernetesVersion")) {
			old.state("Upgrading")
		}
		k = old
	} else {
		k.state("Creating")
		c.keep(k)
		c.keep(newGroup(c.groupID(k.body.text("properties", "nodeResourceGroup")), object{
			"location": k.body.text("location"), "managedBy": k.id, "tags": k.body["tags"],
		}))
	}
	c.identify(k)
	pools = c.keepPools(pools)
	op := c.begin(r, k, c.options.LongDelay, func() *refusal {
		k.version = c.exact(k.body.text("properties", "kubernetesVersion"))
		k.body.set(k.version, "properties", "currentKubernetesVersion")
		k.state(succeeded)
		for _, p := range pools {
			c.arrive(p)
		}
		return nil
	})
	op.parts, op.render = pools, func() object { return c.showCluster(k) }
	return answer{status: status, body: c.showCluster(k), operation: op}
}

// deleteCluster takes it away with its pools and its group of nodes.
func (c *Cloud) deleteCluster(r *request) (answer, *refusal) {
	k := c.find(r.path)
	if k == nil {
		return answer{status: http.StatusNoContent}, nil
	}
	if k.busy() && k.body.text("properties", "provisioningState") == "Deleting" {
		return answer{status: http.StatusAccepted, operation: k.operation}, nil
	}
	if refused := c.clusterBusy(k.id); refused != nil {
		return answer{}, refused
	}
	k.state("Deleting")
	op := c.begin(r, k, c.options.LongDelay, func() *refusal {
		c.remove(c.groupID(k.body.text("properties", "nodeResourceGroup")))
		c.remove(k.id)
		return nil
	})
	return answer{status: http.StatusAccepted, operation: op}, nil
}

// identify gives a cluster and its add-on the identities that Azure makes for them.
func (c *Cloud) identify(k *resource) {
	nodes := c.groupID(k.body.text("properties", "nodeResourceGroup")) + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
	if same(k.body.text("identity", "type"), "SystemAssigned") {
		k.body["identity"] = k.body.object("identity").over(nil)
		k.body.set(c.inventory.Tenant, "identity", "tenantId")
		k.body.fill(k.memory("principal"), "identity", "principalId")
	}
	k.body.fill(object{"kubeletidentity": object{"resourceId": nodes + k.name() + "-agentpool", "clientId": guid(), "objectId": guid()}}, "properties", "identityProfile")
	name, profile := addOn(k.body)
	if name == "" || !profile.flag("enabled") {
		return
	}
	k.body.set(profile.over(object{"identity": object{
		"resourceId": nodes + strings.ToLower(name) + "-" + k.name(), "clientId": k.memory("addOnClient"), "objectId": k.memory("addOn"),
	}}), "properties", "addonProfiles", name)
}
