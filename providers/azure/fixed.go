package azure

import "github.com/slipway-sh/slipway/providers"

var _ providers.Fixer = (*Provider)(nil)

// Fixed is what the webhook of AzureCluster refuses to change, and what AKS does (PropertyChangeNotAllowed): where the
// cluster is, the networks that its nodes, pods and services are in, and how its API is reached. A pool of AKS keeps what
// its machines are.
func (*Provider) Fixed(class string) []string {
	out := []string{"location", "subscription", "resourceGroup", "network", "privateCluster"}
	if class == classVM {
		return append(out, "environment", "frontendIP")
	}
	return append(out,
		"kubernetes.networkPlugin", "kubernetes.serviceCidr", "kubernetes.dnsServiceIP", "kubernetes.podCidr",
		"pool.vmSize", "pool.osDiskSizeGiB", "pool.zones", "pool.maxPods",
	)
}
