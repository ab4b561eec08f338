package aws

import (
	"net/netip"

	"github.com/slipway-sh/slipway/internal/config"
)

// The variables about the network; those of subnets take a zone's suffix.
const (
	keyVPC           = "AWS_VPC_ID"
	keyVPCCIDR       = "AWS_VPC_CIDR"
	keyPrivateSubnet = "AWS_PRIVATE_SUBNET_ID"
	keyPublicSubnet  = "AWS_PUBLIC_SUBNET_ID"
	keyPrivateCIDR   = "AWS_PRIVATE_NODE_CIDR"
	keyPublicCIDR    = "AWS_PUBLIC_NODE_CIDR"
	keyBastion       = "BASTION_HOST_ENABLED"
	keyInternal      = "AWS_LOAD_BALANCER_SCHEME_INTERNAL"
)

// subnet is one subnet as configured: one that is there, by its id, or a new one, by its addresses.
type subnet struct {
	key    string // the variable
	value  string // id or CIDR
	zone   string
	public bool
}

// network is the VPC as configured.
type network struct {
	id      string // empty for a new one
	cidr    netip.Prefix
	subnets []subnet
}

// existing says whether the cluster moves into a VPC that is there already.
func existing(c *config.Config) bool { return c.String(keyVPC) != "" }

// subnetsOf are the private and the public subnet of each zone. Only what is set is listed; a new VPC's have defaults.
func subnetsOf(c *config.Config) []subnet {
	private, public := keyPrivateCIDR, keyPublicCIDR
	if existing(c) {
		private, public = keyPrivateSubnet, keyPublicSubnet
	}
	var subnets []subnet
	for _, z := range zonesOf(c) {
		for _, s := range []subnet{{key: z.key(private), zone: z.name}, {key: z.key(public), zone: z.name, public: true}} {
			if s.value = c.String(s.key); s.value != "" {
				subnets = append(subnets, s)
			}
		}
	}
	return subnets
}

// networkVariable is the network in the spelling of the ClusterClass.
func networkVariable(c *config.Config) map[string]any {
	address := "cidr"
	v := map[string]any{}
	if existing(c) {
		address, v["vpcId"] = "id", c.String(keyVPC)
	} else {
		v["vpcCidr"] = c.String(keyVPCCIDR)
	}
	subnets := []any{}
	for _, s := range subnetsOf(c) {
		subnets = append(subnets, map[string]any{address: s.value, "zone": s.zone, "public": s.public})
	}
	v["subnets"] = subnets
	return v
}
