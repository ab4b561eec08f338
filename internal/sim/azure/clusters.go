package azure

import (
	"encoding/base64"
	"net/http"
)

// Cluster is an AKS cluster as the rest of the rehearsal plays it.
type Cluster struct {
	ID        string
	Name      string
	Location  string
	State     string // "Creating" until there is something to play, then "Succeeded", "Updating", "Upgrading", "Deleting"
	FQDN      string // its API server is https://FQDN:443; of a private cluster, its name in the network
	Version   string // of its control plane now; empty while it is made
	NodeGroup string // the resource group of its nodes
	Pools     []Pool
}

// Pool is a pool of such a cluster, as it is now and not as it is to be.
type Pool struct {
	Name        string
	Count       int
	Version     string
	Mode        string // "System" or "User"
	Size        string // of its machines: "Standard_D2s_v3"
	Zones       []string
	Labels      map[string]string
	Taints      []string // "name=value:Effect"
	VirtualNode bool     // the add-on's node, which has no machine: there is none while its identity may not use its subnet
}

// Clusters lists the clusters and what nodes they have at this moment.
func (c *Cloud) Clusters() []Cluster {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	return c.clusters()
}

func (c *Cloud) clusters() []Cluster {
	out := []Cluster{}
	for _, k := range c.list(kindCluster, "/subscriptions") {
		out = append(out, c.cluster(k))
	}
	return out
}

func (c *Cloud) cluster(k *resource) Cluster {
	out := Cluster{
		ID: k.id, Name: k.name(), Location: k.body.text("location"), State: k.body.text("properties", "provisioningState"),
		FQDN: k.body.text("properties", "fqdn"), Version: k.version, NodeGroup: k.body.text("properties", "nodeResourceGroup"),
	}
	if private := k.body.text("properties", "privateFQDN"); private != "" {
		out.FQDN = private
	}
	for _, p := range c.list(kindPool, k.id) {
		out.Pools = append(out.Pools, p.pool())
	}
	if on, subnet := c.virtualNode(k); on && k.version != "" && c.mayJoin(k, subnet) {
		out.Pools = append(out.Pools, Pool{Name: virtualNodeName, Count: 1, Version: k.version, Mode: "User", VirtualNode: true})
	}
	return out
}

func (r *resource) pool() Pool {
	p := r.body.object("properties")
	out := Pool{
		Name: r.name(), Count: r.count, Version: r.version, Mode: p.text("mode"), Size: p.text("vmSize"),
		Zones: p.texts("availabilityZones"), Taints: p.texts("nodeTaints"), Labels: map[string]string{},
	}
	for name := range p.object("nodeLabels") {
		out.Labels[name] = p.text("nodeLabels", name)
	}
	return out
}

// arrive makes a pool really have and run what was asked of it.
func (c *Cloud) arrive(r *resource) {
	asked := r.body.object("properties")
	r.count, r.version = asked.number("count"), c.exact(asked.text("orchestratorVersion"))
	asked["currentOrchestratorVersion"] = r.version
	asked["nodeImageVersion"] = "AKSUbuntu-2204gen2containerd-202601.01.0"
	r.state(succeeded)
}

// credential answers with the kubeconfig that the rehearsal makes for a cluster.
func (c *Cloud) credential(name string) func(*request) (answer, *refusal) {
	return func(r *request) (answer, *refusal) {
		k := c.find(r.path)
		switch {
		case k == nil:
			return answer{}, missing(kindCluster, r.path)
		case k.version == "":
			return answer{}, inProgress(k)
		case name == "clusterAdmin" && k.body.flag("properties", "disableLocalAccounts"):
			return answer{}, invalid("BadRequest", "Getting static credential is not allowed because this cluster is set to disable local accounts.")
		case c.options.Kubeconfig == nil:
			return answer{}, refuse(http.StatusNotImplemented, "NotImplemented", "This rehearsal makes no kubeconfigs.")
		}
		config, err := c.options.Kubeconfig(c.cluster(k))
		if err != nil {
			return answer{}, refuse(http.StatusInternalServerError, "InternalOperationError", "Kubeconfig of %s: %s", k.name(), err)
		}
		return ok(object{"kubeconfigs": []object{{"name": name, "value": base64.StdEncoding.EncodeToString(config)}}}), nil
	}
}
