package aws

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The tags by which load balancers, made from inside a cluster, find their subnets.
const (
	publicRole  = "kubernetes.io/role/elb"
	privateRole = "kubernetes.io/role/internal-elb"
)

// checkExistingSubnets wants each subnet to be in the VPC and in its zone, tagged, and with a way out.
func (i *inspection) checkExistingSubnets(ctx context.Context) uerr.Findings {
	there, err := i.subnetsOfVPC(ctx)
	if err != nil {
		return i.trouble(ctx, "listing the subnets of "+i.vpc.id, err)
	}
	ways, err := i.waysOut(ctx)
	if err != nil {
		return i.trouble(ctx, "listing the route tables of "+i.vpc.id, err)
	}
	var findings uerr.Findings
	for _, want := range i.vpc.subnets {
		found, ok := there[want.value]
		if !ok {
			findings = append(findings, i.refuse(want.key, fmt.Sprintf("subnet %s is not in VPC %s", want.value, i.vpc.id),
				preflight.OneOf(want.key, idsIn(there, want.zone)))...)
			continue
		}
		findings = append(findings, i.checkSubnet(want, found)...)
		findings = append(findings, i.checkWayOut(want, ways)...)
	}
	return findings
}

func (i *inspection) checkSubnet(want subnet, found types.Subnet) uerr.Findings {
	var findings uerr.Findings
	if at := sdk.ToString(found.AvailabilityZone); at != want.zone {
		findings = append(findings, i.refuse(want.key, fmt.Sprintf("subnet %s is in zone %s, not in %s", want.value, at, want.zone),
			"set "+want.key+" to a subnet of "+want.zone+", or the zone to "+at)...)
	}
	role := privateRole
	if want.public {
		role = publicRole
	}
	if tags := tagsOf(found.Tags); tags[role] == "" {
		findings = append(findings, i.warn(want.key, fmt.Sprintf("subnet %s has no tag %s: load balancers of services will not find it", want.value, role),
			fmt.Sprintf("type: aws ec2 create-tags --region %s --resources %s --tags Key=%s,Value=1", i.cloud.region, want.value, role))...)
	}
	return findings
}

// checkWayOut refuses a public subnet that the internet does not reach. A private one without a default route is only
// warned of: with private endpoints and a registry of its own a cluster may do without.
func (i *inspection) checkWayOut(want subnet, ways map[string]string) uerr.Findings {
	way, ok := ways[want.value]
	if !ok {
		way = ways[""] // the main table's
	}
	switch {
	case want.public && !strings.HasPrefix(way, "igw-"):
		return i.refuse(want.key, fmt.Sprintf("public subnet %s has no route to an internet gateway", want.value),
			"add a route 0.0.0.0/0 to the VPC's internet gateway, or set "+want.key+" to another subnet")
	case !want.public && way == "":
		return i.warn(want.key, fmt.Sprintf("private subnet %s has no default route: its machines reach neither AWS nor a public registry", want.value),
			"add a route 0.0.0.0/0 to a NAT gateway, or see to it that private endpoints and a registry are reached")
	case !want.public && strings.HasPrefix(way, "igw-"):
		return i.warn(want.key, fmt.Sprintf("private subnet %s routes to an internet gateway, which machines without a public address cannot use", want.value),
			"route 0.0.0.0/0 to a NAT gateway instead")
	}
	return nil
}

func (i *inspection) subnetsOfVPC(ctx context.Context) (map[string]types.Subnet, error) {
	pages := ec2.NewDescribeSubnetsPaginator(i.cloud.ec2, &ec2.DescribeSubnetsInput{Filters: filter("vpc-id", i.vpc.id)})
	there := map[string]types.Subnet{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Subnets {
			there[sdk.ToString(s.SubnetId)] = s
		}
	}
	return there, nil
}

// waysOut gives the target of the default route for each subnet that has a route table of its own, and under "" that of
// the VPC's main table, which the others use. A table without a default route gives an empty target.
func (i *inspection) waysOut(ctx context.Context) (map[string]string, error) {
	pages := ec2.NewDescribeRouteTablesPaginator(i.cloud.ec2, &ec2.DescribeRouteTablesInput{Filters: filter("vpc-id", i.vpc.id)})
	ways := map[string]string{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, table := range page.RouteTables {
			for _, a := range table.Associations {
				ways[sdk.ToString(a.SubnetId)] = defaultRoute(table.Routes)
			}
		}
	}
	return ways, nil
}

func defaultRoute(routes []types.Route) string {
	for _, r := range routes {
		if sdk.ToString(r.DestinationCidrBlock) == "0.0.0.0/0" && r.State != types.RouteStateBlackhole {
			return cmp.Or(sdk.ToString(r.NatGatewayId), sdk.ToString(r.GatewayId), sdk.ToString(r.TransitGatewayId),
				sdk.ToString(r.NetworkInterfaceId), sdk.ToString(r.InstanceId), sdk.ToString(r.VpcPeeringConnectionId))
		}
	}
	return ""
}

func idsIn(subnets map[string]types.Subnet, zone string) []string {
	var ids []string
	for id, s := range subnets {
		if sdk.ToString(s.AvailabilityZone) == zone {
			ids = append(ids, id)
		}
	}
	return ids
}

func tagsOf(tags []types.Tag) map[string]string {
	out := map[string]string{}
	for _, t := range tags {
		out[sdk.ToString(t.Key)] = sdk.ToString(t.Value)
	}
	return out
}
