package azure

import (
	"cmp"
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v6"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// network is a virtual network, in the spelling of the ClusterClass's variables.
type network struct {
	ResourceGroup string `json:"resourceGroup"`
	Name          string `json:"name"`
	CIDR          string `json:"cidr"`
	Existing      bool   `json:"existing"` // it was there before the cluster and stays after it
	NodeSubnet    subnet `json:"nodeSubnet"`

	live *armnetwork.VirtualNetwork // as it is; nil for one that is to be made
}

// subnet is a subnet of it.
type subnet struct {
	Name     string `json:"name"`
	CIDR     string `json:"cidr"`
	Existing bool   `json:"existing"`
}

// findNetwork tells what is to be made of the network from what is there. A cluster that is there keeps what it was made
// with.
func (i *inspection) findNetwork(ctx context.Context) uerr.Findings {
	c := i.config()
	i.network = network{
		ResourceGroup: cmp.Or(c.String(keyVNetGroup), i.group.Name), Name: cmp.Or(c.String(keyVNet), i.request.Name), CIDR: c.String(keyVNetCIDR),
		NodeSubnet: subnet{Name: cmp.Or(c.String(keyNodeSubnet), "node"), CIDR: c.String(keyNodeCIDR)},
	}
	i.virtual = subnet{Name: c.String(keyVirtualName), CIDR: c.String(keyVirtualCIDR)}
	was, kept := i.request.Current["network"].(map[string]any)
	if kept {
		i.keepNetwork(was)
	}
	got, err := i.cloud.network.NewVirtualNetworksClient().Get(ctx, i.network.ResourceGroup, i.network.Name, nil)
	if notFound(err) {
		return nil
	}
	if err != nil {
		return i.trouble(ctx, "look for virtual network "+i.network.Name, err)
	}
	i.network.live = &got.VirtualNetwork
	if !kept {
		i.network.Existing = !i.owns(got.Tags)
		i.network.NodeSubnet = i.network.find(i.network.NodeSubnet)
	}
	if i.network.Existing {
		i.network.CIDR = cmp.Or(firstPrefix(&got.VirtualNetwork), i.network.CIDR)
	}
	if _, had := i.request.Current["virtualNode"]; !had {
		i.virtual = i.network.find(i.virtual)
	}
	return nil
}

// keepNetwork takes the names, and what was there before, from the cluster as it is.
func (i *inspection) keepNetwork(was map[string]any) {
	i.network.ResourceGroup, _ = was["resourceGroup"].(string)
	i.network.Name, _ = was["name"].(string)
	i.network.Existing, _ = was["existing"].(bool)
	if node, ok := was["nodeSubnet"].(map[string]any); ok {
		i.network.NodeSubnet.keep(node)
	}
	if virtual, ok := i.request.Current["virtualNode"].(map[string]any); ok {
		if subnet, ok := virtual["subnet"].(map[string]any); ok {
			i.virtual.keep(subnet)
		}
	}
}

func (s *subnet) keep(was map[string]any) {
	s.Name, _ = was["name"].(string)
	s.CIDR, _ = was["cidr"].(string)
	s.Existing, _ = was["existing"].(bool)
}

// find looks for a subnet in a network that was there; what stands in the cluster's own network is the cluster's.
func (n network) find(s subnet) subnet {
	if !n.Existing {
		return s
	}
	if live := n.subnet(s.Name); live != nil {
		return subnet{Name: s.Name, CIDR: cmp.Or(prefixOf(live), s.CIDR), Existing: true}
	}
	return s
}

// subnet is the live one of a name, whose case does not matter.
func (n network) subnet(name string) *armnetwork.Subnet {
	if n.live == nil || n.live.Properties == nil {
		return nil
	}
	for _, s := range n.live.Properties.Subnets {
		if strings.EqualFold(value(s.Name), name) {
			return s
		}
	}
	return nil
}

func prefixOf(s *armnetwork.Subnet) string {
	if s.Properties == nil {
		return ""
	}
	if p := value(s.Properties.AddressPrefix); p != "" {
		return p
	}
	for _, p := range s.Properties.AddressPrefixes {
		return value(p)
	}
	return ""
}

func firstPrefix(n *armnetwork.VirtualNetwork) string {
	if n.Properties == nil || n.Properties.AddressSpace == nil {
		return ""
	}
	for _, p := range n.Properties.AddressSpace.AddressPrefixes {
		return value(p)
	}
	return ""
}
