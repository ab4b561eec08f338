package vsphere

import "github.com/slipway-sh/slipway/providers"

var _ providers.Fixer = (*Provider)(nil)

// Fixed is the endpoint, which every kubeconfig and every node has, and the vCenter: in another one the controller finds
// none of the machines it made, and makes them again. Everything else is of machines, which are replaced.
func (*Provider) Fixed(string) []string { return []string{"controlPlaneEndpoint", "server"} }
