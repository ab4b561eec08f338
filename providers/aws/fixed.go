package aws

import "github.com/slipway-sh/slipway/providers"

var _ providers.Fixer = (*Provider)(nil)

// Fixed is what the webhooks of AWSCluster and AWSManagedControlPlane refuse to change, and the addresses of a VPC that
// was made, which the controller does not look at again. Subnets may be added. The endpoint of EKS is no load balancer, and
// its node groups keep what their machines are: AWS's API UpdateNodegroupConfig has no field for it.
func (*Provider) Fixed(class string) []string {
	out := []string{"region", "network.vpcId", "network.vpcCidr"}
	if class == classEKS {
		return append(out, "worker")
	}
	return append(out, "loadBalancer")
}
