package aws

import "github.com/slipway-sh/slipway/providers"

var _ providers.Fixer = (*Provider)(nil)

// Fixed is what the webhooks of AWSCluster and AWSManagedControlPlane refuse to change, and the addresses of a VPC that
// was made, which the controller does not look at again. Subnets may be added. The endpoint of EKS is no load balancer.
func (*Provider) Fixed(class string) []string {
	out := []string{"region", "network.vpcId", "network.vpcCidr"}
	if class != classEKS {
		out = append(out, "loadBalancer")
	}
	return out
}
