package sim

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-sh/slipway/internal/sim/azure"
)

// Labels by which AKS and the controllers that look at it know nodes.
const (
	labelAgentPool   = "kubernetes.azure.com/agentpool"
	labelNodeGroup   = "kubernetes.azure.com/cluster"
	labelMode        = "kubernetes.azure.com/mode"
	labelRole        = "kubernetes.io/role"
	labelVirtual     = "type"
	virtualKubelet   = "virtual-kubelet"
	taintVirtualNode = "virtual-kubelet.io/provider"
	longestLabel     = 63
)

// firstAKSNode is where the addresses of a cluster's nodes begin: Azure keeps the first four of a subnet.
const firstAKSNode = "10.224.0.4"

// scaleSet is what is under a pool.
type scaleSet struct {
	machines []instance
	next     int // number, of which none is given twice
}

// instance is a machine of a scale set.
type instance struct {
	number  int
	address netip.Addr
}

// resize lets the last machines go, or adds new ones, to which the cluster gives addresses.
func (s *scaleSet) resize(count int, c *aksCluster) {
	s.machines = s.machines[:min(len(s.machines), count)]
	for len(s.machines) < count {
		s.machines = append(s.machines, instance{number: s.next, address: c.next})
		s.next++
		c.next = c.next.Next()
	}
}

// wanted are the nodes that a cluster's pools have now, by name.
func (c *aksCluster) wanted(k azure.Cluster) map[string]node {
	out := map[string]node{}
	pools := map[string]*scaleSet{}
	for _, p := range k.Pools {
		if p.VirtualNode {
			out[p.Name] = virtualNode(p)
			continue
		}
		set := c.pools[p.Name]
		if set == nil {
			set = &scaleSet{}
		}
		pools[p.Name] = set
		set.resize(p.Count, c)
		for place, m := range set.machines {
			n := machineNode(k, p, place, m)
			out[n.name] = n
		}
	}
	c.pools = pools
	return out
}

// machineNode is a machine of a pool, as AKS names it and as its controllers look for it.
func machineNode(k azure.Cluster, p azure.Pool, place int, m instance) node {
	scaleSet := fmt.Sprintf("aks-%s-%08d-vmss", p.Name, digits(k.FQDN))
	group, _, _ := strings.Cut(k.ID, "/resourceGroups/")
	group += "/resourceGroups/" + strings.ToLower(k.NodeGroup)
	zone := "0"
	if len(p.Zones) > 0 {
		zone = k.Location + "-" + p.Zones[place%len(p.Zones)]
	}
	n := node{
		name:       scaleSet + fmt.Sprintf("%06s", strconv.FormatInt(int64(m.number), 36)),
		providerID: fmt.Sprintf("azure://%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s/virtualMachines/%d", group, scaleSet, m.number),
		version:    "v" + p.Version,
		address:    m.address.String(),
		labels: map[string]string{
			"agentpool": p.Name, labelAgentPool: p.Name, labelNodeGroup: k.NodeGroup[:min(len(k.NodeGroup), longestLabel)],
			labelMode: strings.ToLower(p.Mode), "kubernetes.azure.com/role": "agent", labelRole: "agent", corev1.LabelInstanceTypeStable: p.Size,
			corev1.LabelTopologyRegion: k.Location, corev1.LabelTopologyZone: zone,
		},
	}
	maps.Copy(n.labels, p.Labels)
	for _, text := range p.Taints {
		n.taints = append(n.taints, taint(text))
	}
	return n
}

// virtualNode is the node of the add-on, which no machine and no pool is under.
func virtualNode(p azure.Pool) node {
	return node{
		name: p.Name, version: "v" + p.Version,
		labels: map[string]string{
			labelVirtual: virtualKubelet, "kubernetes.azure.com/managed": "false", "kubernetes.azure.com/role": "agent", labelRole: "agent",
			corev1.LabelNodeExcludeBalancers: "true",
		},
		taints: []corev1.Taint{{Key: taintVirtualNode, Value: "azure", Effect: corev1.TaintEffectNoSchedule}},
	}
}

// taint reads "name=value:Effect".
func taint(text string) corev1.Taint {
	pair, effect, _ := strings.Cut(text, ":")
	name, value, _ := strings.Cut(pair, "=")
	return corev1.Taint{Key: name, Value: value, Effect: corev1.TaintEffect(effect)}
}

// digits stand in the names of a cluster's machines, eight of them at most.
func digits(fqdn string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(fqdn))
	return h.Sum32() % 100_000_000
}
