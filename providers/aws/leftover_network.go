package aws

import (
	"context"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// The upstream controller marks as owned what it finds in a VPC that was there before, NAT gateways for one (its
// TagUnmanagedNetworkResources, v2.13.0). So a part of a network is the cluster's only in a VPC that is the cluster's.

func (c *cloud) listNATGateways(ctx context.Context, g gone) (things []thing, err error) {
	states := filter("state", "pending", "available", "failed")
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeNatGatewaysPaginator(c.ec2, &ec2.DescribeNatGatewaysInput{Filter: append(states, bearing...)})
		return collect(ctx, list, func(page *ec2.DescribeNatGatewaysOutput) {
			for _, x := range page.NatGateways {
				if g.vpcs[sdk.ToString(x.VpcId)] {
					things = g.keep(things, x.NatGatewayId, x.Tags)
				}
			}
		})
	})
	return things, err
}

func (c *cloud) removeNATGateway(ctx context.Context, _ gone, id string) error {
	_, err := c.ec2.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &id})
	return err
}

// groups are the security groups that bear the cluster's name, with their rules. The default group goes with its VPC.
func (c *cloud) groups(ctx context.Context, g gone) (groups []types.SecurityGroup, err error) {
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeSecurityGroupsPaginator(c.ec2, &ec2.DescribeSecurityGroupsInput{Filters: bearing})
		return collect(ctx, list, func(page *ec2.DescribeSecurityGroupsOutput) {
			for _, x := range page.SecurityGroups {
				known := slices.ContainsFunc(groups, func(o types.SecurityGroup) bool { return sdk.ToString(o.GroupId) == sdk.ToString(x.GroupId) })
				if !known && sdk.ToString(x.GroupName) != "default" && g.bears(tagsOf(x.Tags)) {
					groups = append(groups, x)
				}
			}
		})
	})
	return groups, err
}

func (c *cloud) listGroups(ctx context.Context, g gone) (things []thing, err error) {
	groups, err := c.groups(ctx, g)
	for _, x := range groups {
		things = g.keep(things, x.GroupId, x.Tags)
	}
	return things, err
}

// removeGroup first takes out the rules of the cluster's other groups that name this one: groups that name each other
// could not be deleted in any order.
func (c *cloud) removeGroup(ctx context.Context, g gone, id string) error {
	groups, err := c.groups(ctx, g)
	if err != nil {
		return err
	}
	for _, x := range groups {
		if mark := tagsOf(x.Tags)[ownerTag]; mark != "" && mark != g.owner {
			continue
		}
		if in := naming(x.IpPermissions, id); in != nil {
			if _, err := c.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: x.GroupId, IpPermissions: in}); err != nil {
				return err
			}
		}
		if out := naming(x.IpPermissionsEgress, id); out != nil {
			if _, err := c.ec2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: x.GroupId, IpPermissions: out}); err != nil {
				return err
			}
		}
	}
	_, err = c.ec2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
	return err
}

// naming are the parts of rules that name a group.
func naming(rules []types.IpPermission, group string) (out []types.IpPermission) {
	for _, rule := range rules {
		pairs := slices.DeleteFunc(slices.Clone(rule.UserIdGroupPairs), func(p types.UserIdGroupPair) bool { return sdk.ToString(p.GroupId) != group })
		if len(pairs) > 0 {
			out = append(out, types.IpPermission{IpProtocol: rule.IpProtocol, FromPort: rule.FromPort, ToPort: rule.ToPort, UserIdGroupPairs: pairs})
		}
	}
	return out
}

// listRouteTables leaves out a VPC's main table, which goes with it.
func (c *cloud) listRouteTables(ctx context.Context, g gone) (things []thing, err error) {
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeRouteTablesPaginator(c.ec2, &ec2.DescribeRouteTablesInput{Filters: bearing})
		return collect(ctx, list, func(page *ec2.DescribeRouteTablesOutput) {
			for _, x := range page.RouteTables {
				main := slices.ContainsFunc(x.Associations, func(a types.RouteTableAssociation) bool { return sdk.ToBool(a.Main) })
				if g.vpcs[sdk.ToString(x.VpcId)] && !main {
					things = g.keep(things, x.RouteTableId, x.Tags)
				}
			}
		})
	})
	return things, err
}

func (c *cloud) removeRouteTable(ctx context.Context, _ gone, id string) error {
	answer, err := c.ec2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{id}})
	if err != nil {
		return err
	}
	for _, table := range answer.RouteTables {
		for _, a := range table.Associations {
			if _, err := c.ec2.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: a.RouteTableAssociationId}); err != nil {
				return err
			}
		}
	}
	_, err = c.ec2.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &id})
	return err
}

func (c *cloud) listInternetGateways(ctx context.Context, g gone) (things []thing, err error) {
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeInternetGatewaysPaginator(c.ec2, &ec2.DescribeInternetGatewaysInput{Filters: bearing})
		return collect(ctx, list, func(page *ec2.DescribeInternetGatewaysOutput) {
			for _, x := range page.InternetGateways {
				foreign := slices.ContainsFunc(x.Attachments, func(a types.InternetGatewayAttachment) bool { return !g.vpcs[sdk.ToString(a.VpcId)] })
				if !foreign {
					things = g.keep(things, x.InternetGatewayId, x.Tags)
				}
			}
		})
	})
	return things, err
}

func (c *cloud) removeInternetGateway(ctx context.Context, _ gone, id string) error {
	answer, err := c.ec2.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{InternetGatewayIds: []string{id}})
	if err != nil {
		return err
	}
	for _, gateway := range answer.InternetGateways {
		for _, a := range gateway.Attachments {
			if _, err := c.ec2.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &id, VpcId: a.VpcId}); err != nil {
				return err
			}
		}
	}
	_, err = c.ec2.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &id})
	return err
}

func (c *cloud) listSubnets(ctx context.Context, g gone) (things []thing, err error) {
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeSubnetsPaginator(c.ec2, &ec2.DescribeSubnetsInput{Filters: bearing})
		return collect(ctx, list, func(page *ec2.DescribeSubnetsOutput) {
			for _, x := range page.Subnets {
				if g.vpcs[sdk.ToString(x.VpcId)] {
					things = g.keep(things, x.SubnetId, x.Tags)
				}
			}
		})
	})
	return things, err
}

func (c *cloud) removeSubnet(ctx context.Context, _ gone, id string) error {
	_, err := c.ec2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &id})
	return err
}

func (c *cloud) listVPCs(ctx context.Context, g gone) (things []thing, err error) {
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeVpcsPaginator(c.ec2, &ec2.DescribeVpcsInput{Filters: bearing})
		return collect(ctx, list, func(page *ec2.DescribeVpcsOutput) {
			for _, x := range page.Vpcs {
				things = g.keep(things, x.VpcId, x.Tags)
			}
		})
	})
	return things, err
}

func (c *cloud) removeVPC(ctx context.Context, _ gone, id string) error {
	_, err := c.ec2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &id})
	return err
}
