package azure

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
)

// defaults fills in what Azure fills in.
func (c *Cloud) defaults(k *resource) {
	where := k.body.text("location")
	fill := func(value any, path ...string) { k.body.fill(value, append([]string{"properties"}, path...)...) }
	fill("MC_"+groupOf(k.id)+"_"+k.name()+"_"+where, "nodeResourceGroup")
	fill(c.inventory.Versions[0], "kubernetesVersion")
	fill(k.body.text("properties", "dnsPrefix")+"-"+k.memory("fqdn")[:8]+".hcp."+where+".azmk8s.io", "fqdn")
	if k.body.flag("properties", "apiServerAccessProfile", "enablePrivateCluster") {
		fill(k.body.text("properties", "dnsPrefix")+"-"+k.memory("fqdn")[:8]+"."+k.memory("zone")+".privatelink."+where+".azmk8s.io", "privateFQDN")
	}
	fill("kubenet", "networkProfile", "networkPlugin")
	fill("10.0.0.0/16", "networkProfile", "serviceCidr")
	fill("10.0.0.10", "networkProfile", "dnsServiceIP")
	fill("standard", "networkProfile", "loadBalancerSku")
	fill("loadBalancer", "networkProfile", "outboundType")
	if !flat(k) {
		fill("10.244.0.0/16", "networkProfile", "podCidr")
	}
	fill("Running", "powerState", "code")
	fill(true, "enableRBAC")
	fill("KubernetesOfficial", "supportPlan")
	fill(100, "maxAgentPools")
	k.body.fill(object{"name": "Base", "tier": "Free"}, "sku")
	if k.body.flag("properties", "oidcIssuerProfile", "enabled") {
		fill("https://"+where+".oic.prod-aks.azure.com/"+c.inventory.Tenant+"/"+k.memory("issuer")+"/", "oidcIssuerProfile", "issuerURL")
	}
}

// flat says whether pods have addresses of the nodes' subnet.
func flat(k *resource) bool {
	return same(k.body.text("properties", "networkProfile", "networkPlugin"), "azure") && !same(k.body.text("properties", "networkProfile", "networkPluginMode"), "overlay")
}

// checkCluster checks what a cluster says of itself, without its pools.
func (c *Cloud) checkCluster(k, old *resource) *refusal {
	switch {
	case !regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$`).MatchString(k.name()):
		return invalid("InvalidParameter", "The value of parameter resourceName is invalid. Its value should match '^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$'.")
	case k.body.text("properties", "dnsPrefix") == "":
		return invalid("InvalidParameter", "Required parameter dnsPrefix is missing (null).")
	case k.body.text("identity", "type") == "" && k.body.text("properties", "servicePrincipalProfile", "clientId") == "":
		return invalid("InvalidParameter", "Required parameter servicePrincipalProfile or identity is missing (null).")
	}
	if refused := c.checkRanges(k); refused != nil {
		return refused
	}
	if refused := c.checkUpgrade(k); refused != nil {
		return refused
	}
	if old == nil {
		if group := c.find(c.groupID(k.body.text("properties", "nodeResourceGroup"))); group != nil {
			return invalid("NodeResourceGroupAlreadyExists", "The node resource group '%s' exists already.", group.name())
		}
		return nil
	}
	for _, path := range [][]string{{"dnsPrefix"}, {"nodeResourceGroup"}, {"networkProfile", "serviceCidr"}, {"networkProfile", "dnsServiceIP"}} {
		path = append([]string{"properties"}, path...)
		if k.body.text(path...) != old.body.text(path...) {
			return invalid("PropertyChangeNotAllowed", "Changing property '%s' is not allowed.", strings.Join(path, "."))
		}
	}
	return nil
}

func (*Cloud) checkRanges(k *resource) *refusal {
	service := k.body.text("properties", "networkProfile", "serviceCidr")
	dns := k.body.text("properties", "networkProfile", "dnsServiceIP")
	prefix, err := netip.ParsePrefix(service)
	if err != nil {
		return invalid("InvalidServiceCidr", "Service CIDR '%s' is invalid.", service)
	}
	if address, err := netip.ParseAddr(dns); err != nil || !prefix.Contains(address) {
		return invalid("DnsServiceIpOutOfServiceCidr", "DNS service IP '%s' is out of service CIDR '%s'.", dns, service)
	}
	return nil
}

// checkUpgrade lets a control plane go up by one minor version, and never down.
func (c *Cloud) checkUpgrade(k *resource) *refusal {
	asked := k.body.text("properties", "kubernetesVersion")
	to := c.exact(asked)
	switch {
	case to == "":
		return invalid("K8sVersionNotSupported", "Managed cluster %s is on version %s, which is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region.", k.name(), asked)
	case k.version == "" || k.version == to:
		return nil
	case older(to, k.version):
		return refuse(http.StatusBadRequest, "OperationNotAllowed", "Downgrading Kubernetes version %s to %s is not allowed.", k.version, to)
	case minor(to) > minor(k.version)+1:
		return refuse(http.StatusBadRequest, "OperationNotAllowed", "Upgrading Kubernetes version %s to %s is not allowed. Available upgrades: %v. Please see https://aka.ms/aks-supported-k8s-ver for version details.", k.version, to, c.upgrades(k.version))
	}
	return nil
}
