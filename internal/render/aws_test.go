package render_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

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

// eks is a cluster whose control plane AWS runs, with a node group in each of three zones.
func eks(t testing.TB) render.Input {
	in := awsProd(t)
	in.Request.Name, in.Request.ControlPlane = "eks1", 0
	in.Values.Class = "eks"
	in.Values.Variables["worker"] = map[string]any{"instanceType": "m6g.xlarge", "rootVolume": map[string]any{"sizeGiB": 120}}
	in.Values.Pools[2].Variables = map[string]any{"worker": map[string]any{"instanceType": "m5.4xlarge"}}
	for _, name := range []string{"ami", "controlPlane", "proxy", "registry"} {
		delete(in.Values.Variables, name)
	}
	in.Values.Variables["loadBalancer"] = map[string]any{"scheme": "internal"}
	return in
}

func TestPoolsBecomeMachineDeployments(t *testing.T) {
	var got []string
	for _, d := range rendered(t, awsProd(t)).Cluster.Spec.Topology.Workers.MachineDeployments {
		got = append(got, fmt.Sprintf("%s %s %s %d %s", d.Class, d.Name, d.FailureDomain, *d.Replicas, overrides(d.Variables.Overrides)))
	}
	want := []string{
		"worker md-0 eu-central-1a 2 ", "worker md-1 eu-central-1b 1 ",
		`worker md-2 eu-central-1c 1 worker={"instanceType":"m5.4xlarge","rootVolume":{"sizeGiB":120,"type":"gp3"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
}

func TestWithoutPoolsThereIsOneWithAllWorkers(t *testing.T) {
	in := awsDev(t)
	in.Values.Pools, in.Request.Workers = nil, 5
	pools := rendered(t, in).Cluster.Spec.Topology.Workers.MachineDeployments
	if len(pools) != 1 || pools[0].Name != render.PoolName || *pools[0].Replicas != 5 || pools[0].FailureDomain != "" {
		t.Errorf("pools are %+v", pools)
	}
}

func TestEKSHasMachinePoolsAndAControlPlaneOfAWS(t *testing.T) {
	in := eks(t)
	in.Request.Config = load(t, map[string]string{"ENABLE_MHC": "false", "CNI": "antrea"})
	objects := rendered(t, in)
	topology := objects.Cluster.Spec.Topology
	if diff := cmp.Diff(clusterv1.ControlPlaneTopology{}, topology.ControlPlane); diff != "" {
		t.Errorf("the control plane has settings (-want +got):\n%s", diff)
	}
	var got []string
	for _, p := range topology.Workers.MachinePools {
		got = append(got, fmt.Sprintf("%s %s %v %d %s", p.Class, p.Name, p.FailureDomains, *p.Replicas, overrides(p.Variables.Overrides)))
	}
	want := []string{
		"worker md-0 [eu-central-1a] 2 ", "worker md-1 [eu-central-1b] 1 ", `worker md-2 [eu-central-1c] 1 worker={"instanceType":"m5.4xlarge"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" || topology.Workers.MachineDeployments != nil {
		t.Errorf("pools (-want +got), and %d machine deployments:\n%s", len(topology.Workers.MachineDeployments), diff)
	}
	if len(objects.Addons) > 0 || len(objects.Findings) > 0 {
		t.Errorf("EKS brings its own cloud provider and pod network, yet: %v %v", objects.Addons, objects.Findings)
	}
}

// EKS refuses Slipway's default ranges, so only those that somebody chose are handed on.
func TestEKSHasItsOwnNetworksUnlessTold(t *testing.T) {
	in := eks(t)
	if network := rendered(t, in).Cluster.Spec.ClusterNetwork; network.Pods.CIDRBlocks != nil || network.Services.CIDRBlocks != nil {
		t.Errorf("networks %+v", network)
	}
	in.Request.Config = load(t, map[string]string{"SERVICE_CIDR": "172.20.0.0/16"})
	if network := rendered(t, in).Cluster.Spec.ClusterNetwork; network.Services.String() != "172.20.0.0/16" {
		t.Errorf("networks %+v", network)
	}
}

// The definition is of the management cluster, and keeps the name that the kind demands.
func TestDefinitionsKeepTheirNameAndComeFirst(t *testing.T) {
	objects := rendered(t, eks(t))
	first := objects.Class[0]
	if first.GetName() != "awsmanagedmachinepooltemplates.infrastructure.cluster.x-k8s.io" || first.GetNamespace() != "" {
		t.Errorf("first is %s %s/%s", first.GetKind(), first.GetNamespace(), first.GetName())
	}
}

func TestImageOfANodeGroupFollowsItsProcessor(t *testing.T) {
	for instance, want := range map[string]string{
		"m5.large": "AL2023_x86_64_STANDARD", "g4dn.xlarge": "AL2023_x86_64_STANDARD", "gr6.4xlarge": "AL2023_x86_64_STANDARD",
		"m6g.large": "AL2023_ARM_64_STANDARD", "c7gn.large": "AL2023_ARM_64_STANDARD", "a1.large": "AL2023_ARM_64_STANDARD",
		"im4gn.large": "AL2023_ARM_64_STANDARD", "is4gen.large": "AL2023_ARM_64_STANDARD", "u-6tb1.metal": "AL2023_x86_64_STANDARD",
	} {
		in := eks(t)
		in.Values.Variables["worker"] = map[string]any{"instanceType": instance}
		for _, o := range patch(t, rendered(t, in)) {
			got, found, _ := unstructured.NestedString(o.Object, "spec", "template", "spec", "amiType")
			if found && got != want {
				t.Errorf("%s gets %s", instance, got)
			}
		}
	}
}

func TestRefusalsOnAWSNameTheVariable(t *testing.T) {
	subnet := func(zone string) map[string]any {
		return map[string]any{"zone": zone, "cidr": "10.0.0.0/24", "public": false}
	}
	network := func(vpc map[string]any, subnets ...any) map[string]any {
		vpc["subnets"] = subnets
		return vpc
	}
	fresh := func() map[string]any { return map[string]any{"vpcCidr": "10.0.0.0/16"} }
	type refusal struct {
		variable string
		value    any
	}
	both := map[string]refusal{
		"zone for a region":        {"region", "eu-central-1a"},
		"key pair as a number":     {"sshKeyName", 7},
		"neither VPC nor range":    {"network", network(map[string]any{}, subnet("a"), subnet("b"))},
		"both VPC and range":       {"network", network(map[string]any{"vpcId": "vpc-0a", "vpcCidr": "10.0.0.0/16"}, subnet("a"), subnet("b"))},
		"no VPC id":                {"network", network(map[string]any{"vpcId": "main"}, subnet("a"), subnet("b"))},
		"no range":                 {"network", network(map[string]any{"vpcCidr": "10.0.0.0"}, subnet("a"), subnet("b"))},
		"no subnets":               {"network", network(fresh())},
		"subnet without a zone":    {"network", network(fresh(), subnet("a"), map[string]any{"cidr": "10.0.1.0/24", "public": true})},
		"subnet of neither kind":   {"network", network(fresh(), subnet("a"), map[string]any{"zone": "b", "public": true})},
		"subnet of both kinds":     {"network", network(fresh(), subnet("a"), map[string]any{"zone": "b", "public": true, "id": "subnet-0a", "cidr": "10.0.1.0/24"})},
		"bastion as text":          {"bastion", "yes"},
		"tag that is no text":      {"tags", map[string]any{"stage": 1}},
		"scheme of another world":  {"loadBalancer", map[string]any{"scheme": "public"}},
		"instance type as a count": {"worker", map[string]any{"instanceType": 4}},
		"volume too small":         {"worker", map[string]any{"rootVolume": map[string]any{"sizeGiB": 1}}},
		"misspelt volume":          {"worker", map[string]any{"rootVolume": map[string]any{"size": 80}}},
	}
	self := map[string]refusal{
		"image by name":               {"ami", map[string]any{"id": "ubuntu"}},
		"classic load balancer":       {"loadBalancer", map[string]any{"type": "classic"}},
		"volume that wants its IOPS":  {"controlPlane", map[string]any{"rootVolume": map[string]any{"type": "io2"}}},
		"proxy without a scheme":      {"proxy", map[string]any{"http": "proxy:3128"}},
		"proxy with a password":       {"proxy", map[string]any{"http": "http://user:pw@proxy:3128"}},
		"certificate still in base64": {"registry", map[string]any{"mirror": "h", "ca": "LS0t"}},
		"registry without the mirror": {"registry", map[string]any{"insecure": true}},
	}
	ofEKS := map[string]refusal{
		"one zone":             {"network", network(fresh(), subnet("a"), subnet("a"))},
		"kind of volume":       {"worker", map[string]any{"rootVolume": map[string]any{"type": "gp3"}}},
		"kind of balancer":     {"loadBalancer", map[string]any{"type": "nlb"}},
		"type without a point": {"worker", map[string]any{"instanceType": "large"}},
	}
	for class, tables := range map[string]struct {
		input func(testing.TB) render.Input
		list  []map[string]refusal
	}{"AWS": {awsProd, []map[string]refusal{both, self}}, "EKS": {eks, []map[string]refusal{both, ofEKS}}} {
		for _, table := range tables.list {
			for name, r := range table {
				t.Run(class+"/"+name, func(t *testing.T) { refused(t, tables.input(t), r.variable, r.value) })
			}
		}
	}
}

func TestVariablesOfAPoolAreThoseOfTheClass(t *testing.T) {
	in := awsProd(t)
	in.Values.Pools[1].Variables = map[string]any{"wrker": map[string]any{}, "workr": "x"}
	_, err := render.Cluster(in)
	if err == nil || !strings.Contains(err.Error(), "pool md-1") || !strings.Contains(err.Error(), `"workr"`) {
		t.Errorf("%v", err)
	}
	in.Values.Pools[1].Variables = map[string]any{"worker": map[string]any{"instanceType": 7}}
	if _, err := defaulted(t, rendered(t, in)); err == nil || !strings.Contains(err.Error(), "worker") {
		t.Errorf("%v", err)
	}
}

func overrides(list []clusterv1.ClusterVariable) string {
	var out []string
	for _, v := range list {
		out = append(out, v.Name+"="+string(v.Value.Raw))
	}
	return strings.Join(out, " ")
}
