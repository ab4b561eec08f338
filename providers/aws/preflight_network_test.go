package aws

import (
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

func TestPreflightChecksNewSubnets(t *testing.T) {
	l := newLab(t)
	for name, x := range map[string]struct {
		settings map[string]string
		problems []string
	}{
		"defaults": {threeZones(), nil},
		"outside":  {map[string]string{"AWS_VPC_CIDR": "10.7.0.0/16"}, []string{"10.0.0.0/24 is not inside the VPC's 10.7.0.0/16", "10.0.1.0/24 is not inside"}},
		"overlap": {map[string]string{"AWS_PRIVATE_NODE_CIDR": "10.0.0.0/23"},
			[]string{"AWS_PUBLIC_NODE_CIDR 10.0.1.0/24 overlaps AWS_PRIVATE_NODE_CIDR 10.0.0.0/23"}},
		"only zones that are used": {map[string]string{"AWS_PRIVATE_NODE_CIDR_1": "10.0.0.0/24"}, nil},
		"too small":                {map[string]string{"AWS_PRIVATE_NODE_CIDR": "10.0.0.0/29"}, []string{"AWS makes subnets up to /28"}},
		"too large":                {map[string]string{"AWS_VPC_CIDR": "10.0.0.0/8"}, []string{"AWS makes VPCs from /16 to /28"}},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, "refusal", refusals(l.preflight(l.request(x.settings))), x.problems...)
		})
	}
}

// estate is a VPC that somebody made: a public subnet with an internet gateway, a private one behind a NAT gateway.
type estate struct{ vpc, public, private string }

func (l *lab) estate() estate {
	l.t.Helper()
	ctx := l.t.Context()
	vpc := l.vpc(nil)
	e := estate{
		vpc:     vpc,
		public:  l.subnet(vpc, "10.9.1.0/24", "eu-central-1a", map[string]string{publicRole: "1"}),
		private: l.subnet(vpc, "10.9.2.0/24", "eu-central-1a", map[string]string{privateRole: "1"}),
	}
	gateway, err := l.cloud.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
	l.must(err)
	_, err = l.cloud.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: gateway.InternetGateway.InternetGatewayId, VpcId: &vpc})
	l.must(err)
	l.route(e.vpc, e.public, &ec2.CreateRouteInput{GatewayId: gateway.InternetGateway.InternetGatewayId})
	address, err := l.cloud.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: "vpc"})
	l.must(err)
	nat, err := l.cloud.ec2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: &e.public, AllocationId: address.AllocationId})
	l.must(err)
	l.route(e.vpc, e.private, &ec2.CreateRouteInput{NatGatewayId: nat.NatGateway.NatGatewayId})
	return e
}

func (e estate) settings() map[string]string {
	return map[string]string{"AWS_VPC_ID": e.vpc, "AWS_PUBLIC_SUBNET_ID": e.public, "AWS_PRIVATE_SUBNET_ID": e.private}
}

// route gives a subnet a table of its own with a default route.
func (l *lab) route(vpc, subnet string, route *ec2.CreateRouteInput) {
	l.t.Helper()
	table, err := l.cloud.ec2.CreateRouteTable(l.t.Context(), &ec2.CreateRouteTableInput{VpcId: &vpc})
	l.must(err)
	route.RouteTableId, route.DestinationCidrBlock = table.RouteTable.RouteTableId, sdk.String("0.0.0.0/0")
	_, err = l.cloud.ec2.CreateRoute(l.t.Context(), route)
	l.must(err)
	_, err = l.cloud.ec2.AssociateRouteTable(l.t.Context(), &ec2.AssociateRouteTableInput{RouteTableId: table.RouteTable.RouteTableId, SubnetId: &subnet})
	l.must(err)
}

func TestPreflightChecksAnExistingVPC(t *testing.T) {
	l := newLab(t)
	e := l.estate()
	bare := l.subnet(e.vpc, "10.9.3.0/24", "eu-central-1b", nil)
	other := l.vpc(nil)
	elsewhere := l.subnet(other, "10.9.1.0/24", "eu-central-1a", nil)
	for name, x := range map[string]struct {
		settings           map[string]string
		problems, warnings []string
	}{
		"right":               {},
		"no such VPC":         {settings: map[string]string{"AWS_VPC_ID": "vpc-0aaaaaaaaaaaaaaaa"}, problems: []string{"VPC vpc-0aaaaaaaaaaaaaaaa is not in region"}},
		"pods overlap":        {settings: map[string]string{"CLUSTER_CIDR": "10.0.0.0/11"}, problems: []string{"overlaps the nodes' network 10.9.0.0/16 (VPC " + e.vpc}},
		"no public subnet":    {settings: map[string]string{"AWS_PUBLIC_SUBNET_ID": ""}, problems: []string{"AWS_PUBLIC_SUBNET_ID is not set"}},
		"none needed":         {settings: map[string]string{"AWS_PUBLIC_SUBNET_ID": "", "BASTION_HOST_ENABLED": "false", "AWS_LOAD_BALANCER_SCHEME_INTERNAL": "true"}},
		"subnet of another":   {settings: map[string]string{"AWS_PRIVATE_SUBNET_ID": elsewhere}, problems: []string{"subnet " + elsewhere + " is not in VPC " + e.vpc}},
		"public, not reached": {settings: map[string]string{"AWS_PUBLIC_SUBNET_ID": e.private}, problems: []string{"has no route to an internet gateway"}, warnings: []string{"has no tag " + publicRole}},
		"private, reached": {settings: map[string]string{"AWS_PRIVATE_SUBNET_ID": e.public},
			warnings: []string{"routes to an internet gateway", "has no tag " + privateRole}},
		"private, no way out, another zone": {settings: map[string]string{"AWS_PRIVATE_SUBNET_ID": bare},
			problems: []string{"is in zone eu-central-1b, not in eu-central-1a"}, warnings: []string{"has no default route", "has no tag " + privateRole}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := e.settings()
			for k, v := range x.settings {
				settings[k] = v
			}
			findings := l.preflight(l.request(settings))
			expect(t, "refusal", refusals(findings), x.problems...)
			expect(t, "warning", warnings(findings), x.warnings...)
		})
	}
	settings := e.settings()
	settings["AWS_PRIVATE_SUBNET_ID"] = elsewhere
	if next := remedy(l.preflight(l.request(settings)), "is not in VPC"); !strings.Contains(next, e.private) {
		t.Error(next)
	}
}
