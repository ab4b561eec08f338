package aws

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/providers"
)

func TestValuesOfANewVPC(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{"AWS_TAGS": "team=platform, stage=test", "AWS_LOAD_BALANCER_SCHEME_INTERNAL": "true", "BASTION_HOST_ENABLED": "false"})
	got, err := l.provider.Values(t.Context(), r)
	l.must(err)
	want := providers.Values{
		KubernetesVersion: "v1.36.3",
		Variables: map[string]any{
			"region": "eu-central-1", "sshKeyName": "default", "bastion": false,
			"network": map[string]any{"vpcCidr": "10.0.0.0/16", "subnets": []any{
				map[string]any{"zone": "eu-central-1a", "cidr": "10.0.0.0/24", "public": false},
				map[string]any{"zone": "eu-central-1a", "cidr": "10.0.1.0/24", "public": true},
			}},
			"ami":          map[string]any{"id": "ami-0136300000000000b"},
			"controlPlane": map[string]any{"instanceType": "t3.large", "rootVolume": map[string]any{"sizeGiB": 80.0, "type": "gp3"}},
			"worker":       map[string]any{"instanceType": "m5.large", "rootVolume": map[string]any{"sizeGiB": 80.0, "type": "gp3"}},
			"tags":         map[string]any{"team": "platform", "stage": "test", "slipway.sh/cluster": "default/prod"},
			"loadBalancer": map[string]any{"scheme": "internal", "type": "nlb"},
		},
		Pools: []providers.Pool{{Name: "md-0", FailureDomain: "eu-central-1a", Replicas: 1}},
		Controller: map[string]string{"AWS_B64ENCODED_CREDENTIALS": base64.StdEncoding.EncodeToString([]byte(
			"[default]\naws_access_key_id = " + labID + "\naws_secret_access_key = " + labSecret + "\nregion = eu-central-1\n"))},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
