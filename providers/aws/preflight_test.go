package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// refusals and warnings are problems, one a line; the emulator knows no quotas but those of VPCs, so that warning is left out.
func refusals(findings uerr.Findings) (out []string) {
	for _, f := range findings {
		if f.Severity == uerr.Refusal {
			out = append(out, f.Problem)
		}
	}
	return out
}

func warnings(findings uerr.Findings) (out []string) {
	for _, f := range findings.Warnings() {
		if !strings.Contains(f.Problem, "quotas of") && f.Where != "preflight" {
			out = append(out, f.Problem)
		}
	}
	return out
}

// expect wants these texts, each in one finding, and no more findings.
func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	left := slices.Clone(got)
	for _, text := range want {
		at := slices.IndexFunc(left, func(s string) bool { return strings.Contains(s, text) })
		if at < 0 {
			t.Errorf("no %s with %q", what, text)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, text := range left {
		t.Errorf("unexpected %s: %s", what, text)
	}
}

// remedy is the Next of the finding with this problem.
func remedy(findings uerr.Findings, problem string) string {
	for _, f := range findings {
		if strings.Contains(f.Problem, problem) {
			return f.Next
		}
	}
	return ""
}

func TestPreflightPasses(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(nil))
	expect(t, "refusal", refusals(findings))
	expect(t, "warning", warnings(findings))
	if next := remedy(findings, "quotas of network load balancers, virtual CPUs of standard instances"); next == "" {
		t.Errorf("nothing says which quotas could not be checked: %v", findings)
	}
	r := l.request(threeZones())
	r.Plan, r.ControlPlane, r.Workers = "prod", 3, 3
	expect(t, "refusal", refusals(l.preflight(r)))
}

// A request without machines asks who the caller is and whether the region is there.
func TestPreflightWithoutMachinesAsksLittle(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{"AWS_SSH_KEY_NAME": "", "AWS_NODE_AZ": ""})
	r.ControlPlane = 0
	before := l.account.count()
	if findings := l.preflight(r); len(findings) > 0 {
		t.Errorf("%v", findings)
	}
	if calls := l.account.count() - before; calls != 2 {
		t.Errorf("%d calls, not 2", calls)
	}
}

func TestPreflightRefusesAllAtOnce(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{
		"AWS_NODE_AZ": "eu-central-1z", "AWS_SSH_KEY_NAME": "nobody", "NODE_MACHINE_TYPE": "m5.tiny", "AWS_AMI_ID": "ami-0aaaaaaaaaaaaaaaa",
		"AWS_PRIVATE_NODE_CIDR": "10.1.0.0/24", "AWS_TAGS": "aws:x=1", "TKG_HTTP_PROXY": "http://me:hidden@proxy.example.org",
	})
	r.Plan = "prod"
	findings := l.preflight(r)
	expect(t, "refusal", refusals(findings),
		"plan prod spreads over three zones, and 1 is set", "region eu-central-1 has no zone eu-central-1z", `key pair "nobody" is not in region`,
		`no instance type "m5.tiny"`, "image ami-0aaaaaaaaaaaaaaaa is not in region", "10.1.0.0/24 is not inside the VPC's 10.0.0.0/16",
		"begins with aws:", "TKG_HTTP_PROXY holds a password")
	if next := remedy(findings, `key pair "nobody"`); next != "set AWS_SSH_KEY_NAME to one of: default" {
		t.Error(next)
	}
	if uerr.ExitCode(findings) != uerr.Usage {
		t.Errorf("exit code %d", uerr.ExitCode(findings))
	}
	if strings.Contains(fmt.Sprint(findings), "hidden") {
		t.Error("a finding holds the proxy's password")
	}
}

func TestPreflightRefusesWrongCredentials(t *testing.T) {
	l := newLab(t)
	_, err := l.cloud.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: sdk.String("ci")})
	l.must(err)
	made, err := l.cloud.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: sdk.String("ci")})
	l.must(err)
	id, key := *made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey
	l.authenticate()
	for name, x := range map[string]struct{ id, key, problem string }{
		"unknown key":  {labID, labSecret, "AWS refuses the credentials"},
		"wrong secret": {id, labSecret, "AWS refuses the credentials"},
		"no rights":    {id, key, "denies permission"},
	} {
		t.Run(name, func(t *testing.T) {
			findings := l.preflight(l.request(map[string]string{"AWS_ACCESS_KEY_ID": x.id, "AWS_SECRET_ACCESS_KEY": x.key}))
			expect(t, "refusal", refusals(findings)[:1], x.problem)
			if code := uerr.ExitCode(findings); code != uerr.Credentials {
				t.Errorf("exit code %d", code)
			}
			if text := fmt.Sprint(findings); strings.Contains(text, x.key) || strings.Contains(text, x.id) {
				t.Errorf("a secret shows: %s", text)
			}
		})
	}
}

// authenticate makes the emulator check signatures and policies until the test is over.
func (l *lab) authenticate() {
	l.t.Helper()
	set := func(calls string) {
		answer, err := http.Post("http://"+l.account.moto.address+"/moto-api/reset-auth", "text/plain", strings.NewReader(calls))
		l.must(err)
		answer.Body.Close()
	}
	set("0")
	l.t.Cleanup(func() { set("inf") })
}

func TestPreflightRefusesUnknownRegion(t *testing.T) {
	l := newLab(t)
	l.account.refuse["sts.eu-centrl-1.amazonaws.com"], l.account.refuse["ec2.eu-centrl-1.amazonaws.com"] = true, true
	findings := l.preflight(l.request(map[string]string{"AWS_REGION": "eu-centrl-1"}))
	expect(t, "refusal", refusals(findings), `AWS has no region "eu-centrl-1"`)
	if next := remedy(findings, "no region"); next != "set AWS_REGION to eu-central-1" {
		t.Error(next)
	}
	if next := remedy(findings, "check of the region did not pass: zones, instance types"); next == "" {
		t.Errorf("nothing says what was not checked: %v", findings)
	}
}

// A policy or the network may close the partition's own region.
func TestPreflightDoesWithoutTheHomeRegion(t *testing.T) {
	l := newLab(t)
	l.account.refuse["sts.us-east-1.amazonaws.com"], l.account.refuse["ec2.us-east-1.amazonaws.com"] = true, true
	expect(t, "refusal", refusals(l.preflight(l.request(nil))))
	l.account.refuse["sts.eu-central-1.amazonaws.com"] = true
	expect(t, "refusal", refusals(l.preflight(l.request(nil))), "AWS cannot be reached")
}

func TestPreflightChecksZones(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(map[string]string{"AWS_NODE_AZ_1": "eu-central-1a", "AWS_NODE_AZ_2": "eu-west-1a"}))
	expect(t, "refusal", refusals(findings), "zone eu-central-1a is set twice, in AWS_NODE_AZ and in AWS_NODE_AZ_1", "zone eu-west-1a is not in region eu-central-1")
	if next := remedy(findings, "is not in region"); next != "set AWS_NODE_AZ_2 to one of: eu-central-1a, eu-central-1b, eu-central-1c" {
		t.Error(next)
	}
}

// us-east-1e of the emulator, as of AWS, lacks most of the newer types.
func TestPreflightChecksOffers(t *testing.T) {
	l := newLab(t)
	_, err := l.cloud.ec2.CreateKeyPair(t.Context(), &ec2.CreateKeyPairInput{KeyName: sdk.String("default")}, func(o *ec2.Options) { o.Region = "us-east-1" })
	l.must(err)
	findings := l.preflight(l.request(map[string]string{
		"AWS_REGION": "us-east-1", "AWS_NODE_AZ": "us-east-1e", "AWS_NODE_AZ_1": "us-east-1a", "NODE_MACHINE_TYPE": "m5.large",
		"CONTROL_PLANE_MACHINE_TYPE": "t2.large", "NODE_MACHINE_TYPE_1": "m6i.large",
	}))
	expect(t, "refusal", refusals(findings), "instance type m5.large is not offered in us-east-1e")
	if next := remedy(findings, "not offered"); !strings.Contains(next, "use the zones that offer it: us-east-1a") {
		t.Error(next)
	}
}

func TestPreflightChecksImages(t *testing.T) {
	l := newLab(t)
	for name, x := range map[string]struct {
		settings         map[string]string
		version, problem string
		remedy           string
	}{
		"found by version":    {version: "v1.35.8"},
		"version of TKG":      {version: "v1.35.8+vmware.1"},
		"no such version":     {version: "v1.30.1", problem: "no image of Kubernetes v1.30.1", remedy: "set KUBERNETES_VERSION to one of: v1.35.8, v1.36.3"},
		"no such system":      {settings: map[string]string{"OS_NAME": "photon"}, version: "v1.36.3", problem: "has no image capa-ami-photon-*"},
		"other system":        {settings: map[string]string{"OS_NAME": "flatcar"}, version: "v1.35.2"},
		"no such owner":       {settings: map[string]string{"AWS_AMI_OWNER": "self"}, version: "v1.36.3", problem: "account self has no image"},
		"named":               {settings: map[string]string{"AWS_AMI_ID": "ami-0135800000000000a"}, version: "v1.35.8"},
		"named, of another":   {settings: map[string]string{"AWS_AMI_ID": "ami-0135800000000000a"}, version: "v1.36.3", problem: "carries Kubernetes v1.35.8, and v1.36.3 is asked for"},
		"named, says nothing": {settings: map[string]string{"AWS_AMI_ID": "ami-0000000000000000f"}, problem: "does not say which Kubernetes it carries"},
		"named and told":      {settings: map[string]string{"AWS_AMI_ID": "ami-0000000000000000f"}, version: "v1.36.3"},
		"other processor":     {settings: map[string]string{"OS_ARCH": "arm64", "NODE_MACHINE_TYPE": "m6g.large"}, version: "v1.36.3", problem: "t3.large cannot run image ami-0136300000000000c"},
		"small volume":        {settings: map[string]string{"AWS_NODE_OS_DISK_SIZE_GIB": "8"}, version: "v1.36.3", problem: "8 GiB is too small"},
	} {
		t.Run(name, func(t *testing.T) {
			r := l.request(x.settings)
			r.KubernetesVersion = x.version
			findings := l.preflight(r)
			if x.problem == "" {
				expect(t, "refusal", refusals(findings))
				return
			}
			expect(t, "refusal", refusals(findings), x.problem)
			if next := remedy(findings, x.problem); !strings.Contains(next, x.remedy) {
				t.Error(next)
			}
		})
	}
}

func TestPreflightChecksInstanceProfiles(t *testing.T) {
	l := newLab(t)
	name := instanceProfiles()[1]
	_, err := l.cloud.iam.RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &name, RoleName: &name})
	l.must(err)
	expect(t, "refusal", refusals(l.preflight(l.request(nil))), name+" has no role")
	_, err = l.cloud.iam.DeleteInstanceProfile(t.Context(), &iam.DeleteInstanceProfileInput{InstanceProfileName: &name})
	l.must(err)
	findings := l.preflight(l.request(nil))
	expect(t, "refusal", refusals(findings), "has no instance profile "+name)
	if next := remedy(findings, name); next != "type: slipway config permissions aws" {
		t.Error(next)
	}
}

// The emulator allows five VPCs, as AWS does without asking, and makes one by itself.
func TestPreflightWarnsOfQuotas(t *testing.T) {
	l := newLab(t)
	for range 4 {
		l.vpc(nil)
	}
	findings := l.preflight(l.request(nil))
	const problem = "the plan takes 1 VPCs; 5 of 5 are in use in region eu-central-1"
	expect(t, "refusal", refusals(findings))
	expect(t, "warning", refusalsOf(findings, uerr.Warning, "the plan takes"), problem)
	if next := remedy(findings, problem); !strings.Contains(next, "--quota-code L-F678F1CE --desired-value 6") {
		t.Error(next)
	}
	_, err := l.cloud.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{l.anyVPC()}, Tags: ec2Tags(map[string]string{ownerTag: "default/prod"})})
	l.must(err)
	expect(t, "warning", refusalsOf(l.preflight(l.request(nil)), uerr.Warning, "the plan takes"))
}

func refusalsOf(findings uerr.Findings, severity uerr.Severity, text string) (out []string) {
	for _, f := range findings {
		if f.Severity == severity && strings.Contains(f.Problem, text) {
			out = append(out, f.Problem)
		}
	}
	return out
}

func (l *lab) anyVPC() string {
	l.t.Helper()
	answer, err := l.cloud.ec2.DescribeVpcs(l.t.Context(), &ec2.DescribeVpcsInput{})
	l.must(err)
	return *answer.Vpcs[0].VpcId
}

func TestPreflightEndsWithItsContext(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.provider.Preflight(ctx, l.request(nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
