//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// TestLifeOfAnAWSCluster runs the upstream controller against the emulator, over three zones.
func TestLifeOfAnAWSCluster(t *testing.T) {
	t.Parallel()
	r := newRehearsal(t)
	r.must("config", "permissions", "aws")
	if again := r.must("config", "permissions", "aws"); !strings.Contains(again.stderr, "up to date already") {
		t.Errorf("the permissions were changed again:\n%s", again.stderr)
	}
	r.must("init", "-i", "aws", "--local", "--name", "mgmt")
	r.throttled("DescribeAvailabilityZones", "DescribeImages", "RunInstances")
	r.must("create", "cluster", "demo", "-i", "aws", "-p", "dev", "-w", "2")
	r.wantNodes("demo", 3)

	r.must("scale", "cluster", "demo", "-c", "3", "-w", "3", "--wait")
	r.wantNodes("demo", 6)
	cloud := newAWS(t, r)
	cloud.wantSpread("demo-control-plane", 3)
	cloud.wantSpread("demo-md-", 3)
	cloud.wantIMDSv2()
	if got := r.run("leftovers", "demo", "-i", "aws"); got.code != 2 || !strings.Contains(got.stderr, "still there") {
		t.Errorf("leftovers of a living cluster: exit %d\n%s", got.code, got.stderr)
	}

	volume := cloud.makeVolume("demo")
	r.must("delete", "cluster", "demo", "--yes", "--wait")
	if out := r.must("leftovers", "demo", "-i", "aws").stdout; !strings.Contains(out, volume) || strings.Count(out, "\n") > 2 {
		t.Errorf("the volume that was made from inside the cluster is not what is left:\n%s", out)
	}
	r.must("leftovers", "demo", "-i", "aws", "--delete", "--yes")
	if out := r.must("leftovers", "demo", "-i", "aws", "-o", "name").stdout; strings.TrimSpace(out) != "" {
		t.Errorf("left after leftovers --delete:\n%s", out)
	}
	cloud.wantNothing()
	r.wantNothing("secrets", "clusters", "machines", "clusterclasses")
	r.intoExistingVPC(cloud)
}

// intoExistingVPC has a cluster move into a network that is there, and leave it as it was.
func (r *rehearsal) intoExistingVPC(cloud simulatedAWS) {
	r.t.Helper()
	network := cloud.makeNetwork()
	file := filepath.Join(r.t.TempDir(), "guest.yaml")
	text := "AWS_REGION: us-east-1\nAWS_ACCESS_KEY_ID: AKIAREHEARSAL0000000\nAWS_SECRET_ACCESS_KEY: only-a-rehearsal\n" +
		"AWS_SSH_KEY_NAME: rehearsal\nAWS_NODE_AZ: us-east-1a\nBASTION_HOST_ENABLED: false\nCNI: none\n" +
		"AWS_VPC_ID: " + network.vpc + "\nAWS_PRIVATE_SUBNET_ID: " + network.private + "\nAWS_PUBLIC_SUBNET_ID: " + network.public + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.must("create", "cluster", "guest", "-i", "aws", "-p", "dev", "--file", file)
	r.wantNodes("guest", 2)
	for _, i := range cloud.instances("guest-") {
		if sdk.ToString(i.SubnetId) != network.private {
			r.t.Errorf("%s is in subnet %s, want the private one, %s", nameTag(i.Tags), sdk.ToString(i.SubnetId), network.private)
		}
	}
	r.must("delete", "cluster", "guest", "--yes", "--wait")
	subnets, err := cloud.ec2.DescribeSubnets(r.t.Context(), &ec2.DescribeSubnetsInput{SubnetIds: []string{network.private, network.public}})
	if err != nil || len(subnets.Subnets) != 2 || len(cloud.instances("guest-")) != 0 {
		r.t.Errorf("after the cluster is gone: subnets %v, %v", subnets, err)
	}
	if out := r.must("leftovers", "guest", "-i", "aws", "-o", "name").stdout; strings.TrimSpace(out) != "" {
		r.t.Errorf("a network that was there before is taken for left behind:\n%s", out)
	}
}

// throttled has the next two calls of each action refused as too many; whoever makes them has to back off and go on.
func (r *rehearsal) throttled(actions ...string) {
	r.t.Helper()
	for _, action := range actions {
		if err := r.simulator().Fail(r.t.Context(), action, 2); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestAWSRefusals gives mistakes that only the cloud can see; nothing may be made.
func TestAWSRefusals(t *testing.T) {
	t.Parallel()
	r := newRehearsal(t)
	r.must("config", "permissions", "aws")
	r.must("init", "-i", "aws", "--local", "--name", "mgmt")
	create := []string{"create", "cluster", "demo", "-i", "aws", "-p", "dev"}
	for name, c := range map[string]struct {
		environ []string
		code    int
		want    []string
	}{
		"wrong credentials": {[]string{"AWS_SECRET_ACCESS_KEY=wrong"}, 4, []string{"AWS_SECRET_ACCESS_KEY"}},
		"unknown region":    {[]string{"AWS_REGION=eu-centrall-1"}, 2, []string{"eu-centrall-1", "eu-central-1"}},
		"key pair and type": {
			[]string{"AWS_SSH_KEY_NAME=nobody", "NODE_MACHINE_TYPE=m5.largest", "CONTROL_PLANE_MACHINE_TYPE=t9.large"}, 2,
			[]string{"nobody", "m5.largest", "t9.large"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			own := *r
			own.t, own.env = t, append(append([]string{}, r.env...), c.environ...)
			got := own.run(create...)
			if got.code != c.code {
				t.Errorf("exit %d, want %d", got.code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("no %q in\n%s", want, got.stderr)
				}
			}
			if strings.Contains(got.stderr, "only-a-rehearsal") {
				t.Error("the secret is in the message")
			}
		})
	}
	if len(r.clusters()) != 0 {
		t.Error("a refused cluster was created")
	}
	newAWS(t, r).wantNothing()
}

// simulatedAWS asks the simulated AWS what is really there, as any program would: by its hosts, through the proxy.
type simulatedAWS struct {
	t       *testing.T
	ec2     *ec2.Client
	elb     *elb.Client
	secrets *secretsmanager.Client
}

func newAWS(t *testing.T, r *rehearsal) simulatedAWS {
	t.Helper()
	config := sdk.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIAREHEARSAL0000000", "only-a-rehearsal", ""),
		HTTPClient:  r.client(),
	}
	return simulatedAWS{t, ec2.NewFromConfig(config), elb.NewFromConfig(config), secretsmanager.NewFromConfig(config)}
}

// instances lists those that are not terminated, by their name's beginning.
func (a simulatedAWS) instances(prefix string) []types.Instance {
	a.t.Helper()
	out, err := a.ec2.DescribeInstances(a.t.Context(), &ec2.DescribeInstancesInput{})
	a.check(err)
	var found []types.Instance
	for _, reservation := range out.Reservations {
		for _, i := range reservation.Instances {
			if i.State.Name != types.InstanceStateNameTerminated && strings.HasPrefix(nameTag(i.Tags), prefix) {
				found = append(found, i)
			}
		}
	}
	return found
}

func (a simulatedAWS) wantSpread(prefix string, zones int) {
	a.t.Helper()
	seen := map[string]bool{}
	for _, i := range a.instances(prefix) {
		seen[sdk.ToString(i.Placement.AvailabilityZone)] = true
	}
	if len(seen) != zones {
		a.t.Errorf("machines %s… are in %d zones, want %d: %v", prefix, len(seen), zones, seen)
	}
}

func (a simulatedAWS) wantIMDSv2() {
	a.t.Helper()
	for _, i := range a.instances("demo-") {
		if nameTag(i.Tags) != "demo-bastion" && (i.MetadataOptions == nil || i.MetadataOptions.HttpTokens != types.HttpTokensStateRequired) {
			a.t.Errorf("%s answers the metadata service without a token", nameTag(i.Tags))
		}
	}
}

// makeVolume does what a storage driver inside the cluster does.
func (a simulatedAWS) makeVolume(cluster string) string {
	a.t.Helper()
	out, err := a.ec2.CreateVolume(a.t.Context(), &ec2.CreateVolumeInput{
		AvailabilityZone: sdk.String("us-east-1a"), Size: sdk.Int32(1),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVolume, Tags: []types.Tag{
			{Key: sdk.String("kubernetes.io/cluster/" + cluster), Value: sdk.String("owned")},
		}}},
	})
	a.check(err)
	return sdk.ToString(out.VolumeId)
}

// network is a VPC with a public and a private subnet in one zone, as a network team hands it over.
type network struct{ vpc, public, private string }

func (a simulatedAWS) makeNetwork() network {
	a.t.Helper()
	ctx := a.t.Context()
	vpc, err := a.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: sdk.String("10.50.0.0/16")})
	a.check(err)
	subnet := func(cidr, role string) *string {
		out, err := a.ec2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
			VpcId: vpc.Vpc.VpcId, CidrBlock: &cidr, AvailabilityZone: sdk.String("us-east-1a"),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSubnet, Tags: []types.Tag{
				{Key: sdk.String("kubernetes.io/role/" + role), Value: sdk.String("1")},
			}}},
		})
		a.check(err)
		return out.Subnet.SubnetId
	}
	public, private := subnet("10.50.0.0/24", "elb"), subnet("10.50.1.0/24", "internal-elb")
	gateway, err := a.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
	a.check(err)
	_, err = a.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{VpcId: vpc.Vpc.VpcId, InternetGatewayId: gateway.InternetGateway.InternetGatewayId})
	a.check(err)
	a.route(vpc.Vpc.VpcId, public, &ec2.CreateRouteInput{GatewayId: gateway.InternetGateway.InternetGatewayId})
	address, err := a.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})
	a.check(err)
	nat, err := a.ec2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: public, AllocationId: address.AllocationId})
	a.check(err)
	a.route(vpc.Vpc.VpcId, private, &ec2.CreateRouteInput{NatGatewayId: nat.NatGateway.NatGatewayId})
	return network{sdk.ToString(vpc.Vpc.VpcId), *public, *private}
}

// route gives a subnet a table with a way out.
func (a simulatedAWS) route(vpc, subnet *string, out *ec2.CreateRouteInput) {
	a.t.Helper()
	table, err := a.ec2.CreateRouteTable(a.t.Context(), &ec2.CreateRouteTableInput{VpcId: vpc})
	a.check(err)
	out.RouteTableId, out.DestinationCidrBlock = table.RouteTable.RouteTableId, sdk.String("0.0.0.0/0")
	_, err = a.ec2.CreateRoute(a.t.Context(), out)
	a.check(err)
	_, err = a.ec2.AssociateRouteTable(a.t.Context(), &ec2.AssociateRouteTableInput{RouteTableId: out.RouteTableId, SubnetId: subnet})
	a.check(err)
}

// wantNothing looks for everything that costs money, and for the network.
func (a simulatedAWS) wantNothing() {
	a.t.Helper()
	left := map[string]int{"instances": len(a.instances(""))}
	volumes, err := a.ec2.DescribeVolumes(a.t.Context(), &ec2.DescribeVolumesInput{})
	a.check(err)
	left["volumes"] = len(volumes.Volumes)
	balancers, err := a.elb.DescribeLoadBalancers(a.t.Context(), &elb.DescribeLoadBalancersInput{})
	a.check(err)
	left["load balancers"] = len(balancers.LoadBalancers)
	groups, err := a.elb.DescribeTargetGroups(a.t.Context(), &elb.DescribeTargetGroupsInput{})
	a.check(err)
	left["target groups"] = len(groups.TargetGroups)
	gateways, err := a.ec2.DescribeNatGateways(a.t.Context(), &ec2.DescribeNatGatewaysInput{})
	a.check(err)
	for _, g := range gateways.NatGateways {
		if g.State != types.NatGatewayStateDeleted {
			left["NAT gateways"]++
		}
	}
	addresses, err := a.ec2.DescribeAddresses(a.t.Context(), &ec2.DescribeAddressesInput{})
	a.check(err)
	left["addresses"] = len(addresses.Addresses)
	vpcs, err := a.ec2.DescribeVpcs(a.t.Context(), &ec2.DescribeVpcsInput{
		Filters: []types.Filter{{Name: sdk.String("is-default"), Values: []string{"false"}}},
	})
	a.check(err)
	left["VPCs"] = len(vpcs.Vpcs)
	secrets, err := a.secrets.ListSecrets(a.t.Context(), &secretsmanager.ListSecretsInput{})
	a.check(err)
	left["secrets"] = len(secrets.SecretList)
	for kind, n := range left {
		if n != 0 {
			a.t.Errorf("%d %s are left", n, kind)
		}
	}
}

func (a simulatedAWS) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func nameTag(tags []types.Tag) string {
	for _, tag := range tags {
		if sdk.ToString(tag.Key) == "Name" {
			return sdk.ToString(tag.Value)
		}
	}
	return ""
}
