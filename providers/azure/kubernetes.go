package azure

import (
	"cmp"
	"net/netip"

	"github.com/slipway-sh/slipway/internal/config"
)

// The network plugins of AKS, and the mode in which pods have addresses of their own.
const (
	pluginAzure   = "azure"
	pluginKubenet = "kubenet"
	modeOverlay   = "overlay"
)

// kubernetes is what AKS is told about the networks inside the cluster, in the spelling of the ClusterClass's variables.
type kubernetes struct {
	NetworkPlugin     string `json:"networkPlugin"`
	NetworkPluginMode string `json:"networkPluginMode,omitempty"`
	NetworkPolicy     string `json:"networkPolicy,omitempty"`
	Dataplane         string `json:"dataplane,omitempty"`
	ServiceCIDR       string `json:"serviceCidr"`
	DNSServiceIP      string `json:"dnsServiceIP"`
	PodCIDR           string `json:"podCidr,omitempty"` // of pods that have no addresses of the nodes' subnet
}

func kubernetesOf(c *config.Config) kubernetes {
	k := kubernetes{
		NetworkPlugin: c.String(keyPlugin), NetworkPluginMode: c.String(keyPluginMode), NetworkPolicy: c.String(keyPolicy),
		Dataplane: c.String(keyDataplane), ServiceCIDR: c.String(keyServices), DNSServiceIP: cmp.Or(c.String(keyDNS), tenth(c.String(keyServices))),
	}
	if !k.flat() && k.NetworkPlugin != "none" {
		k.PodCIDR = c.String(keyPods)
	}
	return k
}

// flat says whether pods have addresses of the nodes' subnet.
func (k kubernetes) flat() bool {
	return k.NetworkPlugin == pluginAzure && k.NetworkPluginMode != modeOverlay
}

// tenth is the address in a range of services that AKS's own tools give to DNS.
func tenth(services string) string {
	prefix, err := netip.ParsePrefix(services)
	if err != nil {
		return ""
	}
	address := prefix.Masked().Addr()
	for range 10 {
		address = address.Next()
	}
	return address.String()
}
