//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

// TestAdmissionOnAWS does the same for both classes of AWS, without any AWS.
func TestAdmissionOnAWS(t *testing.T) {
	t.Parallel()
	api := managementPlane(t, "aws")
	t.Run("every variable", func(t *testing.T) { admitAWS(t, api) })
	t.Run("required variables only", func(t *testing.T) { admitSmallAWS(t, api) })
	t.Run("EKS", func(t *testing.T) { admitEKS(t, api) })
	t.Run("refusals name the variable", func(t *testing.T) {
		for variable, value := range map[string]any{
			"region": "Frankfurt", "ami": map[string]any{"id": "ubuntu"}, "worker": map[string]any{"rootVolume": map[string]any{"type": "io2"}},
			"network": map[string]any{"subnets": newSubnets("eu-central-1a")}, "tags": map[string]any{"a": 1},
		} {
			refuse(t, api, awsObjects(t, "refused", nil, nil), variable, value)
		}
	})
}

func admitAWS(t *testing.T, api *kube.Client) {
	const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
	machine := func(kind string) map[string]any {
		return map[string]any{"instanceType": kind, "rootVolume": map[string]any{"sizeGiB": 120, "type": "gp3"}}
	}
	var subnets []any
	for n, zone := range zones() {
		for public, id := range map[bool]string{false: "subnet-0a%d", true: "subnet-0b%d"} {
			subnets = append(subnets, map[string]any{"id": fmt.Sprintf(id, n), "zone": zone, "public": public})
		}
	}
	objects := awsObjects(t, "full", []providers.Pool{
		{Name: "md-0", FailureDomain: "eu-central-1a", Replicas: 0}, {Name: "md-1", FailureDomain: "eu-central-1b", Replicas: 0},
		{Name: "md-2", FailureDomain: "eu-central-1c", Replicas: 0, Variables: map[string]any{"worker": machine("m5.4xlarge")}},
	}, map[string]any{
		"sshKeyName": "ops", "bastion": true, "network": map[string]any{"vpcId": "vpc-0a", "subnets": subnets},
		"controlPlane": machine("m5.xlarge"), "worker": machine("m5.2xlarge"), "tags": map[string]any{"team": "a"},
		"loadBalancer": map[string]any{"scheme": "internal", "type": "nlb"},
		"proxy":        map[string]any{"http": "http://proxy.example.org:3128", "noProxy": "10.20.0.0/16", "ca": certificate},
		"registry":     map[string]any{"mirror": "harbor.example.org/k8s", "ca": certificate},
	})
	apply(t, api, objects)
	reconciled(t, api, objects)

	wantHealthChecks(t, api, "team-a", 4) // the control plane's and one of each pool
	cluster := get(t, api, "AWSCluster", "full", objects)
	want(t, cluster, "internal", "spec", "controlPlaneLoadBalancer", "scheme")
	want(t, cluster, "vpc-0a", "spec", "network", "vpc", "id")
	kinds := map[string]string{"md-0": "m5.2xlarge", "md-1": "m5.2xlarge", "md-2": "m5.4xlarge"}
	for n, zone := range zones() {
		pool := fmt.Sprintf("md-%d", n)
		deployment := get(t, api, "MachineDeployment", "full-"+pool, objects)
		want(t, deployment, zone, "spec", "template", "spec", "failureDomain")
		name, _, _ := unstructured.NestedString(deployment.Object, "spec", "template", "spec", "infrastructureRef", "name")
		template := get(t, api, "AWSMachineTemplate", name, objects)
		want(t, template, kinds[pool], "spec", "template", "spec", "instanceType")
		want(t, template, "required", "spec", "template", "spec", "instanceMetadataOptions", "httpTokens")
	}
}

func admitSmallAWS(t *testing.T, api *kube.Client) {
	objects := awsObjects(t, "small", nil, nil)
	apply(t, api, objects)
	reconciled(t, api, objects)
	cluster := get(t, api, "AWSCluster", "small", objects)
	want(t, cluster, "internet-facing", "spec", "controlPlaneLoadBalancer", "scheme")
	want(t, cluster, "", "spec", "sshKeyName") // not the provider's own default
	want(t, cluster, "10.0.0.0/16", "spec", "network", "vpc", "cidrBlock")
	subnets, _, _ := unstructured.NestedSlice(cluster.Object, "spec", "network", "subnets")
	if len(subnets) != 2 {
		t.Errorf("subnets are %v", subnets)
	}
}

func admitEKS(t *testing.T, api *kube.Client) {
	objects := eksObjects(t)
	apply(t, api, objects)
	reconciled(t, api, objects)
	controlPlane := get(t, api, "AWSManagedControlPlane", "eks-control-plane", objects)
	want(t, controlPlane, "v1.36.3", "spec", "version")
	want(t, controlPlane, true, "spec", "endpointAccess", "public")
	kinds := map[string]string{"md-0": "m5.large", "md-1": "m6g.large"}
	images := map[string]string{"md-0": "AL2023_x86_64_STANDARD", "md-1": "AL2023_ARM_64_STANDARD"}
	for n, zone := range zones()[:2] {
		pool := fmt.Sprintf("md-%d", n)
		machinePool := get(t, api, "MachinePool", "eks-"+pool, objects)
		want(t, machinePool, []string{zone}, "spec", "failureDomains")
		want(t, machinePool, int64(n+1), "spec", "replicas")
		want(t, machinePool, "AWSManagedMachinePool", "spec", "template", "spec", "infrastructureRef", "kind")
		name, _, _ := unstructured.NestedString(machinePool.Object, "spec", "template", "spec", "infrastructureRef", "name")
		group := get(t, api, "AWSManagedMachinePool", name, objects)
		want(t, group, kinds[pool], "spec", "instanceType")
		want(t, group, images[pool], "spec", "amiType")
		want(t, group, int64(n+1), "spec", "scaling", "maxSize")
		want(t, group, "1", "spec", "updateConfig", "maxUnavailable") // which only the provider's webhook sets
	}
	if err := api.ApplyClass(t.Context(), objects.Class); err != nil {
		t.Errorf("the class is there, definition and all: %v", err)
	}
	if missing, err := api.MissingClass(t.Context(), objects.Class); err != nil || len(missing) > 0 {
		t.Errorf("missing %v (%v)", missing, err)
	}
	setPoolsOfEKS(t, api, objects)
}

// setPoolsOfEKS scales, adds and removes pools as scale cluster, set nodepool and delete nodepool do. Cluster API makes a
// new pool only once the control plane is up, which it never is without an AWS.
func setPoolsOfEKS(t *testing.T, api *kube.Client, objects *render.Objects) {
	key, five, three := client.ObjectKeyFromObject(objects.Cluster), int32(5), int32(3)
	input := phase.PoolInput{Client: api, Cluster: key, Holder: kube.Holder{User: "ann", Host: "desk", PID: os.Getpid(), Command: "set nodepool"}}
	do := func(op phase.Operation) error { return phase.Run(t.Context(), silent{}, op) }
	scale := func(size kube.Size) error {
		return do(phase.Scale(phase.ScaleInput{Client: api, Cluster: key, Size: size, Holder: input.Holder}))
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(scale(kube.Size{Workers: &five})) // over both zones
	reconciled(t, api, objects)
	for pool, replicas := range map[string]int64{"md-0": 3, "md-1": 2} {
		machinePool := get(t, api, "MachinePool", "eks-"+pool, objects)
		want(t, machinePool, replicas, "spec", "replicas")
		name, _, _ := unstructured.NestedString(machinePool.Object, "spec", "template", "spec", "infrastructureRef", "name")
		want(t, get(t, api, "AWSManagedMachinePool", name, objects), replicas, "spec", "scaling", "maxSize")
	}

	input.Edit = kube.PoolEdit{Name: "big", Zone: "eu-central-1a", Replicas: &three, Variables: map[string]any{"worker": map[string]any{"instanceType": "large"}}}
	err := do(phase.SetPool(input))
	if uerr.ExitCode(err) != uerr.Usage || !strings.Contains(err.Error(), "instanceType") {
		t.Errorf("a type of instance that the class refuses: %v", err)
	}
	input.Edit.Variables = map[string]any{"worker": map[string]any{"instanceType": "m6g.4xlarge"}}
	must(do(phase.SetPool(input)))
	if err := scale(kube.Size{Workers: &three}); uerr.ExitCode(err) != uerr.Usage || !strings.Contains(err.Error(), "md-0, md-1, big") {
		t.Errorf("scaling without the name of a pool: %v", err)
	}
	must(scale(kube.Size{Workers: &five, Pool: "big"}))
	cluster, err := api.Cluster(t.Context(), key)
	must(err)
	pool, err := kube.FindPool(cluster, "big")
	must(err)
	if *pool.Replicas != 5 || !pool.MachinePool || !strings.Contains(string(pool.Overrides[0].Value.Raw), "m6g.4xlarge") {
		t.Errorf("the pool that was added is %+v", pool)
	}
	changes, err := api.Diff(t.Context(), objects.Cluster)
	must(err)
	for _, c := range changes {
		if strings.Contains(c.Field, "big") {
			t.Errorf("a creation typed again would change the pool: %s", c)
		}
	}
	must(do(phase.DeletePool(input)))
	reconciled(t, api, objects)
	tree, err := api.Tree(t.Context(), key.Namespace, key.Name)
	must(err)
	pools := 0
	for _, node := range tree.Children {
		if node.Role != kube.RolePool {
			continue
		}
		if pools++; len(node.Children) != 1 || node.Children[0].Kind != "AWSManagedMachinePool" {
			t.Errorf("below pool %s is %v", node.Name, node.Children)
		}
	}
	if pools != 2 {
		t.Errorf("the tree has %d pools", pools)
	}
}

// silent reports nothing of an operation.
type silent struct{}

func (silent) Start(string)        {}
func (silent) Note(string, string) {}
func (silent) Done(string)         {}
func (silent) Skip(string, string) {}
func (silent) Fail(string)         {}

func eksObjects(t *testing.T) *render.Objects {
	t.Helper()
	in := awsInput(t, "eks", []providers.Pool{
		{Name: "md-0", FailureDomain: "eu-central-1a", Replicas: 1},
		{Name: "md-1", FailureDomain: "eu-central-1b", Replicas: 2, Variables: map[string]any{"worker": map[string]any{"instanceType": "m6g.large"}}},
	}, map[string]any{
		"network":    map[string]any{"vpcCidr": "10.0.0.0/16", "subnets": append(newSubnets("eu-central-1a"), newSubnets("eu-central-1b")...)},
		"sshKeyName": "ops", "bastion": true, "tags": map[string]any{"team": "a"},
	})
	in.Values.Class = "eks"
	delete(in.Values.Variables, "ami")
	objects, err := render.Cluster(in)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func zones() []string { return []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"} }

func newSubnets(zone string) []any {
	third := int(zone[len(zone)-1]-'a') * 2
	return []any{
		map[string]any{"zone": zone, "cidr": fmt.Sprintf("10.0.%d.0/24", third), "public": false},
		map[string]any{"zone": zone, "cidr": fmt.Sprintf("10.0.%d.0/24", third+1), "public": true},
	}
}

func awsInput(t *testing.T, name string, pools []providers.Pool, variables map[string]any) render.Input {
	t.Helper()
	c, err := config.Load(config.Options{Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{
		"region": "eu-central-1", "ami": map[string]any{"id": "ami-0a"},
		"network": map[string]any{"vpcCidr": "10.0.0.0/16", "subnets": newSubnets("eu-central-1a")},
	}
	maps.Copy(values, variables)
	return render.Input{
		Infrastructure: "aws", Templates: templates.FS(),
		Request: providers.Request{Config: c, Name: name, Namespace: "team-a", Plan: "dev", ControlPlane: 1, Workers: 1},
		Values:  providers.Values{KubernetesVersion: "v1.36.3", Variables: values, Pools: pools},
	}
}

func awsObjects(t *testing.T, name string, pools []providers.Pool, variables map[string]any) *render.Objects {
	t.Helper()
	objects, err := render.Cluster(awsInput(t, name, pools, variables))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}
