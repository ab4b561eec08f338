package aws

import (
	"encoding/base64"
	"strings"
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
		Controller: providers.Controller{Version: ControllerVersion, Variables: map[string]string{"EXP_MACHINE_POOL": "true", "AWS_B64ENCODED_CREDENTIALS": base64.StdEncoding.EncodeToString([]byte(
			"[default]\naws_access_key_id = " + labID + "\naws_secret_access_key = " + labSecret + "\nregion = eu-central-1\n"))}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The build metadata of a TKG version is no image's, and no registry has an image of it.
func TestValuesGiveTheVersionOfTheImage(t *testing.T) {
	l := newLab(t)
	r := l.request(nil)
	r.KubernetesVersion = "v1.35.8+vmware.1"
	got, err := l.provider.Values(t.Context(), r)
	l.must(err)
	if got.KubernetesVersion != "v1.35.8" {
		t.Error(got.KubernetesVersion)
	}
}

func TestValuesTakeTheNewestVersion(t *testing.T) {
	l := newLab(t)
	r := l.request(nil)
	r.KubernetesVersion = ""
	got, err := l.provider.Values(t.Context(), r)
	l.must(err)
	if got.KubernetesVersion != "v1.36.3" {
		t.Errorf("%s, which is a release candidate or not the newest", got.KubernetesVersion)
	}
	if diff := cmp.Diff(map[string]any{"id": "ami-0136300000000000b"}, got.Variables["ami"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValuesOfThreeZones(t *testing.T) {
	l := newLab(t)
	settings := threeZones()
	settings["NODE_MACHINE_TYPE_1"], settings["AWS_NODE_OS_DISK_SIZE_GIB"] = "m5.xlarge", "40"
	r := l.request(settings)
	r.Plan, r.ControlPlane, r.Workers = "prod", 3, 4
	got, err := l.provider.Values(t.Context(), r)
	l.must(err)
	own := map[string]any{"worker": map[string]any{"instanceType": "m5.xlarge", "rootVolume": map[string]any{"sizeGiB": 40.0, "type": "gp3"}}}
	if diff := cmp.Diff([]providers.Pool{
		{Name: "md-0", FailureDomain: "eu-central-1a", Replicas: 2},
		{Name: "md-1", FailureDomain: "eu-central-1b", Replicas: 1, Variables: own},
		{Name: "md-2", FailureDomain: "eu-central-1c", Replicas: 1},
	}, got.Pools); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	if subnets := got.Variables["network"].(map[string]any)["subnets"].([]any); len(subnets) != 6 {
		t.Errorf("%d subnets, not a private and a public one in each zone: %v", len(subnets), subnets)
	}
}

func TestValuesOfAnExistingVPC(t *testing.T) {
	l := newLab(t)
	got, err := l.provider.Values(t.Context(), l.request(map[string]string{
		"AWS_VPC_ID": "vpc-1", "AWS_PRIVATE_SUBNET_ID": "subnet-1", "AWS_PUBLIC_SUBNET_ID": "subnet-2",
		"TKG_HTTP_PROXY": "http://proxy.example.org:3128", "TKG_NO_PROXY": ".example.org", "TKG_CUSTOM_IMAGE_REPOSITORY": "registry.example.org/k8s",
	}))
	l.must(err)
	want := map[string]any{
		"network": map[string]any{"vpcId": "vpc-1", "subnets": []any{
			map[string]any{"id": "subnet-1", "zone": "eu-central-1a", "public": false},
			map[string]any{"id": "subnet-2", "zone": "eu-central-1a", "public": true},
		}},
		"proxy":    map[string]any{"http": "http://proxy.example.org:3128", "https": "http://proxy.example.org:3128", "noProxy": ".example.org"},
		"registry": map[string]any{"mirror": "registry.example.org/k8s"},
	}
	for name := range want {
		if diff := cmp.Diff(want[name], got.Variables[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestValuesRefuse(t *testing.T) {
	l := newLab(t)
	for name, x := range map[string]struct {
		settings map[string]string
		problem  string
	}{
		"no zone":           {map[string]string{"AWS_NODE_AZ": ""}, "AWS_NODE_AZ is not set"},
		"no image":          {map[string]string{"OS_NAME": "photon"}, "has no image capa-ami-photon-*"},
		"a wrong tag":       {map[string]string{"AWS_TAGS": "=x"}, "has no key"},
		"a wrong authority": {map[string]string{"TKG_PROXY_CA_CERT": "bm9uZQ==", "TKG_HTTP_PROXY": "http://p.example.org"}, "holds no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := l.provider.Values(t.Context(), l.request(x.settings)); err == nil || !strings.Contains(err.Error(), x.problem) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestValuesKeepsTheImageInUse(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		current map[string]any
		version string
		want    string
	}{
		"an older build of the version": {map[string]any{"ami": map[string]any{"id": "ami-0136300000000000a"}}, "v1.36.3", "ami-0136300000000000a"},
		"another version":               {map[string]any{"ami": map[string]any{"id": "ami-0135800000000000a"}}, "v1.36.3", "ami-0136300000000000b"},
		"an image that is gone":         {map[string]any{"ami": map[string]any{"id": "ami-0f"}}, "v1.36.3", "ami-0136300000000000b"},
		"a new cluster":                 {nil, "v1.36.3", "ami-0136300000000000b"},
	} {
		t.Run(name, func(t *testing.T) {
			r := l.request(nil)
			r.Current, r.KubernetesVersion = c.current, c.version
			got, err := l.provider.Values(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if ami, _ := got.Variables["ami"].(map[string]any); ami["id"] != c.want {
				t.Errorf("image %v, want %s", ami["id"], c.want)
			}
		})
	}
}
