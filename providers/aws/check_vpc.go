package aws

import (
	"context"
	"fmt"
	"net/netip"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// checkVPC wants an existing VPC to be there and its addresses to be no pod's or service's; a new one needs addresses only.
func (i *inspection) checkVPC(ctx context.Context) uerr.Findings {
	c := i.config()
	if !existing(c) {
		cidr, err := netip.ParsePrefix(c.String(keyVPCCIDR))
		if err != nil || !cidr.Addr().Is4() {
			return i.refuse(keyVPCCIDR, fmt.Sprintf("%s %q is no range of IPv4 addresses", keyVPCCIDR, c.String(keyVPCCIDR)), "write "+keyVPCCIDR+": 10.0.0.0/16")
		}
		if cidr.Bits() < 16 || cidr.Bits() > 28 {
			return i.refuse(keyVPCCIDR, fmt.Sprintf("AWS makes VPCs from /16 to /28, and %s is %s", keyVPCCIDR, cidr), "write "+keyVPCCIDR+": 10.0.0.0/16")
		}
		i.vpc = network{cidr: cidr.Masked(), subnets: subnetsOf(c)}
		return nil
	}
	id := c.String(keyVPC)
	pages := ec2.NewDescribeVpcsPaginator(i.cloud.ec2, &ec2.DescribeVpcsInput{})
	var ids []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return i.trouble(ctx, "looking for the VPC", err)
		}
		for _, v := range page.Vpcs {
			if sdk.ToString(v.VpcId) == id {
				i.vpc = network{id: id, subnets: subnetsOf(c)}
				return i.checkAddresses(v)
			}
			ids = append(ids, sdk.ToString(v.VpcId))
		}
	}
	return i.refuse(keyVPC, fmt.Sprintf("VPC %s is not in region %s of account %s", id, i.cloud.region, i.account),
		preflight.OneOf(keyVPC, ids)+", or take it out to have a new one made")
}

// checkAddresses compares all ranges of a VPC with those of pods and services.
func (i *inspection) checkAddresses(v types.Vpc) uerr.Findings {
	var findings uerr.Findings
	for _, a := range v.CidrBlockAssociationSet {
		if cidr, err := netip.ParsePrefix(sdk.ToString(a.CidrBlock)); err == nil {
			findings = append(findings, i.config().CheckNodeNetwork(cidr, "VPC "+i.vpc.id)...)
		}
	}
	return findings
}
