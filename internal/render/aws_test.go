package render_test

import (
	"testing"

	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

// awsDev is one small cluster in a new VPC with one zone.
func awsDev(t testing.TB) render.Input {
	return render.Input{
		Infrastructure: "aws",
		Templates:      templates.FS(),
		Request: providers.Request{
			Config: load(t, nil), Name: "dev1", Namespace: "default", Plan: "dev", ControlPlane: 1, Workers: 1,
		},
		Values: providers.Values{
			KubernetesVersion: "v1.36.3",
			Variables: map[string]any{
				"region": "eu-central-1", "ami": map[string]any{"id": "ami-0abc"},
				"network": map[string]any{"vpcCidr": "10.0.0.0/16", "subnets": []any{
					map[string]any{"zone": "eu-central-1a", "cidr": "10.0.0.0/24", "public": false},
					map[string]any{"zone": "eu-central-1a", "cidr": "10.0.1.0/24", "public": true},
				}},
			},
			Pools: []providers.Pool{{Name: "md-0", FailureDomain: "eu-central-1a", Replicas: 1}},
		},
	}
}

// awsProd is a large cluster in a VPC that is there, over three zones, with every variable set.
func awsProd(t testing.TB) render.Input {
	in := awsDev(t)
	in.Request = providers.Request{
		Config: load(t, nil), Name: "prod1", Namespace: "team-a", Plan: "prod", ControlPlane: 3, Workers: 4,
	}
	disk := map[string]any{"sizeGiB": 120, "type": "gp3"}
	zones := []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"}
	var subnets []any
	in.Values.Pools = nil
	for n, zone := range zones {
		id := string(rune('a' + n))
		subnets = append(subnets,
			map[string]any{"id": "subnet-0" + id, "zone": zone, "public": false},
			map[string]any{"id": "subnet-1" + id, "zone": zone, "public": true})
		in.Values.Pools = append(in.Values.Pools, providers.Pool{Name: "md-" + string(rune('0'+n)), FailureDomain: zone, Replicas: 1})
	}
	in.Values.Pools[0].Replicas = 2
	in.Values.Pools[2].Variables = map[string]any{"worker": map[string]any{"instanceType": "m5.4xlarge", "rootVolume": disk}}
	for name, value := range map[string]any{
		"sshKeyName": "ops", "bastion": true, "network": map[string]any{"vpcId": "vpc-0abc", "subnets": subnets},
		"controlPlane": map[string]any{"instanceType": "m5.xlarge", "rootVolume": disk},
		"worker":       map[string]any{"instanceType": "m5.2xlarge", "rootVolume": disk},
		"tags":         map[string]any{"team": "a", "slipway.sh/cluster": "team-a/prod1"},
		"loadBalancer": map[string]any{"scheme": "internal", "type": "nlb"},
		"proxy":        map[string]any{"http": "http://proxy.example.org:3128", "noProxy": "10.20.0.0/16,.example.org", "ca": certificate},
		"registry":     map[string]any{"mirror": "harbor.example.org/k8s", "ca": certificate},
	} {
		in.Values.Variables[name] = value
	}
	return in
}
