package aws

import (
	"maps"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/providers"
)

// byController are the tags of what the upstream controller makes; inside those of what is made from inside a cluster.
func byController(cluster, owner string) map[string]string {
	return map[string]string{ownedByController + cluster: "owned", ownerTag: owner, "Name": cluster + "-x"}
}

func inside(cluster string) map[string]string {
	return map[string]string{ownedInside + cluster: "owned"}
}

func ec2Tags(tags map[string]string) (out []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: sdk.String(key), Value: sdk.String(tags[key])})
	}
	return out
}

func specs(kind types.ResourceType, tags map[string]string) []types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	return []types.TagSpecification{{ResourceType: kind, Tags: ec2Tags(tags)}}
}

func (l *lab) vpc(tags map[string]string) string {
	l.t.Helper()
	made, err := l.cloud.ec2.CreateVpc(l.t.Context(), &ec2.CreateVpcInput{CidrBlock: sdk.String("10.9.0.0/16"), TagSpecifications: specs("vpc", tags)})
	l.must(err)
	return *made.Vpc.VpcId
}

func (l *lab) subnet(vpc, cidr, zone string, tags map[string]string) string {
	l.t.Helper()
	made, err := l.cloud.ec2.CreateSubnet(l.t.Context(), &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: &cidr, AvailabilityZone: &zone, TagSpecifications: specs("subnet", tags)})
	l.must(err)
	return *made.Subnet.SubnetId
}

func (l *lab) group(vpc, name string, tags map[string]string) string {
	l.t.Helper()
	made, err := l.cloud.ec2.CreateSecurityGroup(l.t.Context(), &ec2.CreateSecurityGroupInput{
		VpcId: &vpc, GroupName: &name, Description: &name, TagSpecifications: specs("security-group", tags),
	})
	l.must(err)
	return *made.GroupId
}

func (l *lab) volume(tags map[string]string) string {
	l.t.Helper()
	made, err := l.cloud.ec2.CreateVolume(l.t.Context(), &ec2.CreateVolumeInput{
		AvailabilityZone: sdk.String("eu-central-1a"), Size: sdk.Int32(1), TagSpecifications: specs("volume", tags),
	})
	l.must(err)
	return *made.VolumeId
}

// admit lets one group's members through to another's.
func (l *lab) admit(to, from string) {
	l.t.Helper()
	_, err := l.cloud.ec2.AuthorizeSecurityGroupIngress(l.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &to, IpPermissions: []types.IpPermission{{
		IpProtocol: sdk.String("tcp"), FromPort: sdk.Int32(22), ToPort: sdk.Int32(22), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &from}},
	}}})
	l.must(err)
}

// ruin is a cluster whose deletion was broken off: everything that the controllers make is still there.
func (l *lab) ruin(cluster, owner string) {
	l.t.Helper()
	ctx, tags := l.t.Context(), byController(cluster, owner)
	vpc := l.vpc(tags)
	public := l.subnet(vpc, "10.9.1.0/24", "eu-central-1a", tags)
	first, second := l.group(vpc, cluster+"-node", tags), l.group(vpc, cluster+"-controlplane", tags)
	l.admit(first, second)
	l.admit(second, first)
	_, err := l.cloud.ec2.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: sdk.String("ami-0136300000000000a"), InstanceType: "m5.large", MinCount: sdk.Int32(1), MaxCount: sdk.Int32(1), SubnetId: &public,
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: sdk.String("/dev/sda1"), Ebs: &types.EbsBlockDevice{
			VolumeSize: sdk.Int32(80), DeleteOnTermination: sdk.Bool(true),
		}}},
		SecurityGroupIds: []string{first}, TagSpecifications: append(specs("instance", tags), specs("volume", tags)...),
	})
	l.must(err)
	gateway, err := l.cloud.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: specs("internet-gateway", tags)})
	l.must(err)
	_, err = l.cloud.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: gateway.InternetGateway.InternetGatewayId, VpcId: &vpc})
	l.must(err)
	address, err := l.cloud.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: "vpc", TagSpecifications: specs("elastic-ip", tags)})
	l.must(err)
	_, err = l.cloud.ec2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: &public, AllocationId: address.AllocationId, TagSpecifications: specs("natgateway", tags)})
	l.must(err)
	table, err := l.cloud.ec2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &vpc, TagSpecifications: specs("route-table", tags)})
	l.must(err)
	_, err = l.cloud.ec2.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: table.RouteTable.RouteTableId, SubnetId: &public})
	l.must(err)
	_, err = l.cloud.ec2.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &public, TagSpecifications: specs("network-interface", tags)})
	l.must(err)
	l.balancers(cluster, vpc, public, tags)
	l.volume(inside(cluster))
}

// kindsOfRuin is what a ruin has, in the order of deletion. One volume was made from inside, the other is the machine's:
// the emulator does not say that it goes with it.
func kindsOfRuin() []string {
	return []string{"Instance", "LoadBalancer", "ClassicLoadBalancer", "TargetGroup", "NATGateway", "Volume", "Volume", "ElasticIP", "NetworkInterface",
		"SecurityGroup", "SecurityGroup", "RouteTable", "InternetGateway", "Subnet", "VPC"}
}

func (l *lab) balancers(cluster, vpc, public string, tags map[string]string) {
	l.t.Helper()
	var newer []elbv2types.Tag
	var older []elbtypes.Tag
	for _, tag := range ec2Tags(tags) {
		newer = append(newer, elbv2types.Tag{Key: tag.Key, Value: tag.Value})
	}
	for _, tag := range ec2Tags(inside(cluster)) {
		older = append(older, elbtypes.Tag{Key: tag.Key, Value: tag.Value})
	}
	ctx := l.t.Context()
	balancer, err := l.cloud.balancers.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{
		Name: sdk.String(cluster + "-apiserver"), Type: "network", Subnets: []string{public}, Tags: newer,
	})
	l.must(err)
	targets, err := l.cloud.balancers.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
		Name: sdk.String("apiserver-target-" + cluster), Protocol: "TCP", Port: sdk.Int32(6443), VpcId: &vpc, Tags: newer,
	})
	l.must(err)
	_, err = l.cloud.balancers.CreateListener(ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Protocol: "TCP", Port: sdk.Int32(6443),
		DefaultActions: []elbv2types.Action{{Type: "forward", TargetGroupArn: targets.TargetGroups[0].TargetGroupArn}},
	})
	l.must(err)
	_, err = l.cloud.oldBalancers.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		LoadBalancerName: sdk.String("service-of-" + cluster), Subnets: []string{public}, Tags: older,
		Listeners: []elbtypes.Listener{{Protocol: sdk.String("TCP"), LoadBalancerPort: 80, InstancePort: sdk.Int32(30080)}},
	})
	l.must(err)
}

func (l *lab) leftovers(r providers.Request) []providers.Leftover {
	l.t.Helper()
	left, err := l.provider.Leftovers(l.t.Context(), r)
	l.must(err)
	return left
}

func kindsOf(left []providers.Leftover) (kinds []string) {
	for _, l := range left {
		kinds = append(kinds, l.Kind)
	}
	return kinds
}

func TestLeftoversAreListedAndDeletedInOrder(t *testing.T) {
	l := newLab(t)
	r := l.request(nil)
	l.ruin("prod", "default/prod")
	l.ruin("prod-1", "default/prod-1")
	left := l.leftovers(r)
	want := kindsOfRuin()
	if diff := cmp.Diff(want, kindsOf(left)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for _, x := range left {
		if err := l.provider.DeleteLeftover(t.Context(), r, x); err != nil {
			t.Fatal(err)
		}
	}
	if left := l.leftovers(r); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	for _, x := range left {
		if err := l.provider.DeleteLeftover(t.Context(), r, x); err != nil {
			t.Errorf("a thing that is gone is no error: %v", err)
		}
	}
	r.Name = "prod-1"
	if diff := cmp.Diff(want, kindsOf(l.leftovers(r))); diff != "" {
		t.Errorf("the other cluster (-want +got):\n%s", diff)
	}
}

func TestLeftoversAreNothingShared(t *testing.T) {
	l := newLab(t)
	vpc := l.vpc(map[string]string{ownedByController + "prod": "shared"})
	l.subnet(vpc, "10.9.1.0/24", "eu-central-1a", map[string]string{ownedInside + "prod": "shared"})
	_, err := l.cloud.balancers.CreateTargetGroup(t.Context(), &elbv2.CreateTargetGroupInput{
		Name: sdk.String("of-the-team"), Protocol: "TCP", Port: sdk.Int32(80), VpcId: &vpc,
		Tags: []elbv2types.Tag{{Key: sdk.String(ownedInside + "prod"), Value: sdk.String("shared")}},
	})
	l.must(err)
	if left := l.leftovers(l.request(nil)); len(left) > 0 {
		t.Errorf("%v", left)
	}
}

// Groups that name each other could be deleted in no order. Rules of groups that are not the cluster's are not touched.
func TestLeftoverGroupsLetGoOfEachOther(t *testing.T) {
	l := newLab(t)
	r := l.request(nil)
	vpc := l.vpc(nil)
	node, controlPlane := l.group(vpc, "prod-node", byController("prod", "default/prod")), l.group(vpc, "prod-cp", byController("prod", "default/prod"))
	database := l.group(vpc, "database", nil)
	l.admit(node, controlPlane)
	l.admit(controlPlane, node)
	l.admit(database, node)
	l.must(l.provider.DeleteLeftover(t.Context(), r, providers.Leftover{Kind: "SecurityGroup", ID: node}))
	answer, err := l.cloud.ec2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{controlPlane, database}})
	l.must(err)
	for _, g := range answer.SecurityGroups {
		if want := *g.GroupId == database; (len(g.IpPermissions) > 0) != want {
			t.Errorf("%s has the rules %v", *g.GroupName, g.IpPermissions)
		}
	}
}

func TestLeftoversOfANamesakeAreLeftAlone(t *testing.T) {
	l := newLab(t)
	r := l.request(nil)
	vpc := l.vpc(nil)
	group := l.group(vpc, "prod-node", byController("prod", "team/prod"))
	volume := l.volume(inside("prod"))
	own := l.volume(byController("prod", "default/prod"))
	if diff := cmp.Diff([]providers.Leftover{{Kind: "Volume", ID: own, Name: "prod-x"}}, l.leftovers(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, x := range []providers.Leftover{{Kind: "SecurityGroup", ID: group}, {Kind: "Volume", ID: volume}} {
		err := l.provider.DeleteLeftover(t.Context(), r, x)
		if err == nil || !strings.Contains(err.Error(), "left alone") {
			t.Errorf("%s: %v", x.Kind, err)
		}
	}
}

// The upstream controller marks the gateways of a VPC that was there before as the cluster's own.
func TestLeftoversLeavesANetworkAloneThatWasThereBefore(t *testing.T) {
	l := newLab(t)
	ctx, tags := t.Context(), byController("guest", "default/guest")
	vpc := l.vpc(nil)
	public := l.subnet(vpc, "10.9.1.0/24", "eu-central-1a", tags)
	address, err := l.cloud.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: "vpc"})
	l.must(err)
	_, err = l.cloud.ec2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{
		SubnetId: &public, AllocationId: address.AllocationId, TagSpecifications: specs("natgateway", tags),
	})
	l.must(err)
	_, err = l.cloud.ec2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &vpc, TagSpecifications: specs("route-table", tags)})
	l.must(err)
	gateway, err := l.cloud.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: specs("internet-gateway", tags)})
	l.must(err)
	_, err = l.cloud.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: gateway.InternetGateway.InternetGatewayId, VpcId: &vpc})
	l.must(err)
	r := l.request(nil)
	r.Name, r.Namespace = "guest", "default"
	left, err := l.provider.Leftovers(ctx, r)
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
