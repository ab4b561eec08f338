package aws

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/slipway-sh/slipway/internal/sim/face/facetest"
)

const (
	testKey    = "AKIATEST000000000000"
	testSecret = "right"
	testRegion = "eu-west-1"
)

// lab is a simulated AWS that is reached as a person's program reaches AWS: by its hosts, over TLS.
type lab struct {
	*Cloud
	client *http.Client
}

func newLab(t *testing.T) lab {
	t.Helper()
	program, err := filepath.Abs("../../../.cache/moto/bin/moto_server")
	if err != nil {
		t.Fatal(err)
	}
	if own := os.Getenv("SLIPWAY_MOTO"); own != "" {
		program = own
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the AWS emulator is not installed: run make setup: %v", err)
	}
	roots := x509.NewCertPool()
	cloud, err := Start(t.Context(), Options{
		Program: program, Dir: t.TempDir(), Certificate: facetest.SelfSigned(roots),
		Inventory: Inventory{AccessKeyID: testKey, SecretAccessKey: testSecret, Region: testRegion, KeyPair: "ops"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Stop(); err != nil {
			t.Error(err)
		}
	})
	return lab{cloud, facetest.Client(t, cloud.Address(), roots)}
}

func (l lab) config(secret string) sdk.Config {
	return sdk.Config{
		Region: testRegion, HTTPClient: l.client, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(testKey, secret, ""),
	}
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestCloud(t *testing.T) {
	l := newLab(t)
	for name, test := range map[string]func(*testing.T, lab){
		"who may ask":    testWhoMayAsk,
		"images":         testImages,
		"faults":         testFaults,
		"load balancers": testLoadBalancers,
		"instances":      testInstances,
		"interfaces":     testInterfaces,
		"rules":          testRules,
		"quotas":         testQuotas,
	} {
		t.Run(name, func(t *testing.T) { test(t, l) })
	}
}

func testWhoMayAsk(t *testing.T, l lab) {
	who, err := sts.NewFromConfig(l.config(testSecret)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || sdk.ToString(who.Account) == "" {
		t.Errorf("the right key: %v, %v", who, err)
	}
	_, err = sts.NewFromConfig(l.config("wrong")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if code(err) != "SignatureDoesNotMatch" {
		t.Errorf("the wrong secret: %v", err)
	}
	_, err = ec2.NewFromConfig(l.config("wrong")).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	if code(err) != "AuthFailure" {
		t.Errorf("the wrong secret at EC2: %v", err)
	}
	unknown := l.config(testSecret)
	unknown.Credentials = credentials.NewStaticCredentialsProvider("AKIAUNKNOWN", testSecret, "")
	_, err = sts.NewFromConfig(unknown).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if code(err) != "InvalidClientTokenId" {
		t.Errorf("an unknown key: %v", err)
	}
}

func testImages(t *testing.T, l lab) {
	out, err := ec2.NewFromConfig(l.config(testSecret)).DescribeImages(t.Context(), &ec2.DescribeImagesInput{
		Owners:  []string{imageOwner},
		Filters: []types.Filter{{Name: sdk.String("name"), Values: []string{"capa-ami-ubuntu-24.04-?1.36.3-*"}}},
	})
	if err != nil || len(out.Images) != 1 {
		t.Fatalf("images of v1.36.3: %v, %v", out, err)
	}
	if got := sdk.ToString(out.Images[0].ImageId); got != imageID(1) {
		t.Errorf("image %s, want %s", got, imageID(1))
	}
}

func testFaults(t *testing.T, l lab) {
	client := ec2.NewFromConfig(l.config(testSecret))
	l.Fail("DescribeVpcs", 1)
	if _, err := client.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); code(err) != "RequestLimitExceeded" {
		t.Errorf("the fault did not arrive: %v", err)
	}
	if _, err := client.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); err != nil {
		t.Errorf("after the fault: %v", err)
	}
	calls := l.Calls()
	if last := calls[len(calls)-1]; last.Method != "ec2:DescribeVpcs" || last.Region != testRegion {
		t.Errorf("the log ends with %+v", last)
	}
}

func testLoadBalancers(t *testing.T, l lab) {
	subnets, err := ec2.NewFromConfig(l.config(testSecret)).DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := elb.NewFromConfig(l.config(testSecret)).CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{
		Name: sdk.String("api"), Type: elbtypes.LoadBalancerTypeEnumNetwork, Subnets: []string{*subnets.Subnets[0].SubnetId},
	})
	if err != nil {
		t.Fatal(err)
	}
	name := sdk.ToString(out.LoadBalancers[0].DNSName)
	if net.ParseIP(name) == nil {
		t.Errorf("a load balancer is called %q, which nobody can resolve", name)
	}
	groups, err := elb.NewFromConfig(l.config(testSecret)).DescribeTargetGroups(t.Context(), &elb.DescribeTargetGroupsInput{
		LoadBalancerArn: out.LoadBalancers[0].LoadBalancerArn,
	})
	if err != nil || len(groups.TargetGroups) != 0 {
		t.Errorf("target groups of a new load balancer: %v, %v", groups, err)
	}
	again, err := elb.NewFromConfig(l.config(testSecret)).DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{})
	if err != nil || sdk.ToString(again.LoadBalancers[0].DNSName) != name {
		t.Errorf("asked again: %v, %v", again, err)
	}
}

const script = `#cloud-boothook
#!/bin/bash
REGION="eu-west-1"
SECRET_PREFIX="aws.cluster.x-k8s.io/1"
CHUNKS="2"
`

func testInstances(t *testing.T, l lab) {
	var packed bytes.Buffer
	zipper := gzip.NewWriter(&packed)
	_, _ = zipper.Write([]byte("#cloud-config\n"))
	if err := zipper.Close(); err != nil {
		t.Fatal(err)
	}
	secrets := secretsmanager.NewFromConfig(l.config(testSecret))
	half := packed.Len() / 2
	for name, piece := range map[string][]byte{"aws.cluster.x-k8s.io/1-0": packed.Bytes()[:half], "aws.cluster.x-k8s.io/1-1": packed.Bytes()[half:]} {
		if _, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretBinary: piece}); err != nil {
			t.Fatal(err)
		}
	}
	document := "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/cloud-boothook\n\n" + script + "\n--x--\n"
	run, err := ec2.NewFromConfig(l.config(testSecret)).RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: sdk.String(imageID(1)), InstanceType: types.InstanceTypeM5Large, MinCount: sdk.Int32(1), MaxCount: sdk.Int32(1),
		UserData: sdk.String(base64.StdEncoding.EncodeToString([]byte(document))),
	})
	if err != nil {
		t.Fatal(err)
	}
	instances, err := l.Instances(t.Context())
	if err != nil || len(instances) != 1 {
		t.Fatalf("%v, %v", instances, err)
	}
	got := instances[0]
	if got.ID != sdk.ToString(run.Instances[0].InstanceId) || !got.Running() || got.Version != "v1.36.3" || got.Address == "" || got.Zone == "" {
		t.Errorf("instance %+v", got)
	}
	data, err := l.UserData(t.Context(), got.Region, got.ID)
	if err != nil || string(data) != "#cloud-config\n" {
		t.Errorf("user data %q, %v", data, err)
	}
	left, err := secrets.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	if err != nil || len(left.SecretList) != 0 {
		t.Errorf("the secrets of the user data are still there: %v, %v", left, err)
	}
}

func testInterfaces(t *testing.T, l lab) {
	client := ec2.NewFromConfig(l.config(testSecret))
	subnets, err := client.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
	if err != nil {
		t.Fatal(err)
	}
	run, err := client.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: sdk.String(imageID(0)), InstanceType: types.InstanceTypeM5Large, MinCount: sdk.Int32(1), MaxCount: sdk.Int32(1),
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: sdk.Int32(0), SubnetId: subnets.Subnets[0].SubnetId}},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := *run.Instances[0].InstanceId
	own := run.Instances[0].NetworkInterfaces
	if _, err := client.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{id}}); err != nil {
		t.Fatal(err)
	}
	if len(own) != 1 {
		t.Fatalf("the instance has %d interfaces", len(own))
	}
	_, err = client.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		NetworkInterfaceIds: []string{*own[0].NetworkInterfaceId},
	})
	if code(err) != "InvalidNetworkInterfaceID.NotFound" {
		t.Errorf("the interface of a terminated instance: %v", err)
	}
}

func testRules(t *testing.T, l lab) {
	client := ec2.NewFromConfig(l.config(testSecret))
	group, err := client.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: sdk.String("nodes"), Description: sdk.String("of a test"),
	})
	if err != nil {
		t.Fatal(err)
	}
	rule := types.IpPermission{IpProtocol: sdk.String("4"), IpRanges: []types.IpRange{{CidrIp: sdk.String("10.0.0.0/8")}}}
	_, err = client.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: group.GroupId, IpPermissions: []types.IpPermission{rule},
	})
	if err != nil {
		t.Errorf("a rule for a protocol without ports: %v", err)
	}
}

func testQuotas(t *testing.T, l lab) {
	client := servicequotas.NewFromConfig(l.config(testSecret))
	for code, want := range quotas() {
		out, err := client.GetServiceQuota(t.Context(), &servicequotas.GetServiceQuotaInput{ServiceCode: sdk.String("ec2"), QuotaCode: &code})
		if err != nil || out.Quota == nil || sdk.ToFloat64(out.Quota.Value) != want {
			t.Errorf("quota %s: %v, %v", code, out, err)
		}
	}
}
