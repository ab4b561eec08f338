package aws

import (
	"context"
	"errors"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

func TestWorkersPerZone(t *testing.T) {
	for name, x := range map[string]struct {
		settings map[string]string
		workers  int
		want     []int
	}{
		"even":                 {nil, 6, []int{2, 2, 2}},
		"the first take more":  {nil, 5, []int{2, 2, 1}},
		"fewer than zones":     {nil, 1, []int{1, 0, 0}},
		"none":                 {nil, 0, []int{0, 0, 0}},
		"one zone's own":       {map[string]string{"WORKER_MACHINE_COUNT_0": "1"}, 6, []int{1, 3, 2}},
		"all zones' own":       {map[string]string{"WORKER_MACHINE_COUNT_0": "1", "WORKER_MACHINE_COUNT_1": "0", "WORKER_MACHINE_COUNT_2": "4"}, 3, []int{1, 0, 4}},
		"more than asked for":  {map[string]string{"WORKER_MACHINE_COUNT_2": "4"}, 3, []int{0, 0, 4}},
		"the second zone's no": {map[string]string{"WORKER_MACHINE_COUNT_1": "0"}, 3, []int{2, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := threeZones()
			settings["AWS_NODE_AZ"] = "eu-central-1a"
			for k, v := range x.settings {
				settings[k] = v
			}
			c := load(t, settings)
			got, err := workersPerZone(c, zonesOf(c), x.workers)
			if diff := cmp.Diff(x.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	c := load(t, map[string]string{"AWS_NODE_AZ": "a", "WORKER_MACHINE_COUNT_0": "-1"})
	if _, err := workersPerZone(c, zonesOf(c), 1); err == nil {
		t.Error("a count below zero is taken")
	}
}

func TestClassOfVirtualCPUs(t *testing.T) {
	for name, want := range map[string]string{
		"t3.large": "L-1216C47A", "m5.large": "L-1216C47A", "c6gn.xlarge": "L-1216C47A", "m7i-flex.large": "L-1216C47A", "is4gen.large": "L-1216C47A",
		"g4dn.xlarge": "L-DB2E81BA", "p4d.24xlarge": "L-417A185B", "x2gd.large": "L-7295265B", "inf1.xlarge": "L-1945791B", "u-6tb1.metal": "",
	} {
		if got, _ := cpuClassOf(name); got.code != want {
			t.Errorf("%s: %q, not %q", name, got.code, want)
		}
	}
}

func TestVersionOfAName(t *testing.T) {
	for name, want := range map[string]string{
		"capa-ami-ubuntu-24.04-v1.36.3-1730000000":      "v1.36.3",
		"capa-ami-ubuntu-24.04-1.36.3-1730000000":       "v1.36.3",
		"capa-ami-ubuntu-24.04-v1.37.0-rc.0-1730000000": "v1.37.0-rc.0",
		"capa-ami-flatcar-stable-v1.35.2-1729000000":    "v1.35.2",
		"capa-ami-flatcar-3815.2.0-v1.35.2-1729000000":  "v1.35.2",
		"ubuntu-24.04": "",
	} {
		if got := versionOf(name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
}

func TestTags(t *testing.T) {
	for name, x := range map[string]struct{ text, problem string }{
		"plain":        {"team=platform, stage=test,empty=,", ""},
		"no key":       {"=x", "has no key"},
		"AWS's own":    {"AWS:x=1", "which AWS keeps for itself"},
		"Slipway's":    {"slipway.sh/cluster=default/other", "find a cluster's things by"},
		"CAPA's":       {"sigs.k8s.io/cluster-api-provider-aws/cluster/x=owned", "find a cluster's things by"},
		"wrong letter": {"team=a&b", "does not take"},
		"too long":     {"team=" + strings.Repeat("x", 257), "too long"},
		"too many":     {strings.TrimSuffix(strings.Repeat("k=,", 1), ",") + manyTags(31), "are more than 30"},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := configuredTags(load(t, map[string]string{"AWS_TAGS": x.text}))
			if x.problem == "" {
				expect(t, "refusal", refusals(findings))
				return
			}
			expect(t, "refusal", refusals(findings), x.problem)
		})
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(",key" + strings.Repeat("x", i) + "=1")
	}
	return b.String()
}

func TestHomeRegion(t *testing.T) {
	for region, want := range map[string]string{"eu-central-1": "us-east-1", "cn-northwest-1": "cn-north-1", "us-gov-east-1": "us-gov-west-1", "us-isob-west-1": "us-isob-east-1"} {
		if got := home(region); got != want {
			t.Errorf("%s: %s, not %s", region, got, want)
		}
	}
}

func TestRulesThatNameAGroup(t *testing.T) {
	rules := []types.IpPermission{
		{IpProtocol: sdk.String("tcp"), FromPort: sdk.Int32(1), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: sdk.String("a")}, {GroupId: sdk.String("b")}}},
		{IpProtocol: sdk.String("udp"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: sdk.String("b")}}, IpRanges: []types.IpRange{{CidrIp: sdk.String("0.0.0.0/0")}}},
	}
	got := naming(rules, "a")
	if len(got) != 1 || len(got[0].UserIdGroupPairs) != 1 || *got[0].UserIdGroupPairs[0].GroupId != "a" || *got[0].FromPort != 1 {
		t.Errorf("%+v", got)
	}
	if got := naming(rules, "b"); len(got) != 2 || got[1].IpRanges != nil {
		t.Errorf("other parts of a rule would go too: %+v", got)
	}
	if len(rules[0].UserIdGroupPairs) != 2 {
		t.Error("the rule itself was changed")
	}
}

func TestExplain(t *testing.T) {
	c := &cloud{region: labRegion, key: keyProfile}
	c.credentials.SecretAccessKey, c.credentials.SessionToken, c.credentials.AccessKeyID = labSecret, "lab-token", labID
	for code, want := range map[string]struct {
		text string
		exit uerr.Code
		key  string
	}{
		"ExpiredToken":          {"AWS refuses the credentials", uerr.Credentials, keyProfile},
		"UnauthorizedOperation": {"AWS denies permission", uerr.Credentials, keyProfile},
		"RequestLimitExceeded":  {"takes no more requests", uerr.Failure, keyRegion},
		"InternalError":         {"did not do as asked", uerr.Failure, keyRegion},
	} {
		err := c.explain(t.Context(), &smithy.OperationError{ServiceID: "EC2", Err: &smithy.GenericAPIError{
			Code: code, Message: "signed " + labSecret + " with lab-token of " + labID,
		}})
		var failed *preflight.CallError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), want.text) || uerr.ExitCode(err) != want.exit || failed.Key != want.key {
			t.Errorf("%s: %v", code, err)
		}
		for _, hidden := range []string{labSecret, "lab-token", labID} {
			if strings.Contains(err.Error(), hidden) {
				t.Errorf("%s: a secret shows: %v", code, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.explain(ctx, errors.New("whatever")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A thing in use is tried again until the caller's patience ends; anything else is final at once.
func TestWhenFree(t *testing.T) {
	c := &cloud{}
	fail := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	for code, gone := range map[string]bool{"InvalidVolume.NotFound": true, "LoadBalancerNotFound": true, "UnauthorizedOperation": false} {
		if err := c.whenFree(t.Context(), func() error { return fail(code) }); (err == nil) != gone {
			t.Errorf("%s: %v", code, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	err := c.whenFree(ctx, func() error { tries++; cancel(); return fail("DependencyViolation") })
	if codeOf(err) != "DependencyViolation" || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
}
