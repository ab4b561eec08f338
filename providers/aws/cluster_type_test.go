package aws

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// eks is a request for an EKS cluster over two zones, with settings changed by pairs.
func (l *lab) eks(pairs map[string]string) providers.Request {
	settings := map[string]string{"CLUSTER_TYPE": "eks", "AWS_NODE_AZ_1": "eu-central-1b"}
	maps.Copy(settings, pairs)
	r := l.request(settings)
	r.KubernetesVersion = "v1.34"
	return r
}

// TestValuesOfEKS sets what the class of EKS does not know, as a config.yaml for both types does.
func TestValuesOfEKS(t *testing.T) {
	l := newLab(t)
	got, err := l.provider.Values(t.Context(), l.eks(map[string]string{
		"AWS_LOAD_BALANCER_SCHEME_INTERNAL": "true", "NODE_MACHINE_TYPE_1": "m6g.large", "AWS_AMI_ID": "ami-0136300000000000b",
		"TKG_HTTP_PROXY": "http://me:hidden@proxy.example.org", "TKG_CUSTOM_IMAGE_REPOSITORY": "registry.example.org/k8s",
	}))
	l.must(err)
	if got.Class != "eks" || got.KubernetesVersion != "v1.34.0" {
		t.Errorf("class %q, version %s", got.Class, got.KubernetesVersion)
	}
	want := map[string]any{
		"region": "eu-central-1", "sshKeyName": "default", "bastion": true,
		"network": map[string]any{"vpcCidr": "10.0.0.0/16", "subnets": []any{
			map[string]any{"zone": "eu-central-1a", "cidr": "10.0.0.0/24", "public": false},
			map[string]any{"zone": "eu-central-1a", "cidr": "10.0.1.0/24", "public": true},
			map[string]any{"zone": "eu-central-1b", "cidr": "10.0.2.0/24", "public": false},
			map[string]any{"zone": "eu-central-1b", "cidr": "10.0.3.0/24", "public": true},
		}},
		"worker":       map[string]any{"instanceType": "m5.large", "rootVolume": map[string]any{"sizeGiB": 80.0}},
		"tags":         map[string]any{"slipway.sh/cluster": "default/prod"},
		"loadBalancer": map[string]any{"scheme": "internal"},
	}
	if diff := cmp.Diff(want, got.Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	own := map[string]any{"worker": map[string]any{"instanceType": "m6g.large", "rootVolume": map[string]any{"sizeGiB": 80.0}}}
	if diff := cmp.Diff([]providers.Pool{
		{Name: "md-0", FailureDomain: "eu-central-1a", Replicas: 1}, {Name: "md-1", FailureDomain: "eu-central-1b", Variables: own},
	}, got.Pools); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
}

func TestWholeVersion(t *testing.T) {
	for version, want := range map[string]string{"v1.34": "v1.34.0", "1.34": "1.34.0", "v1.34.2": "v1.34.2", "v1.34.2+eks.1": "v1.34.2"} {
		if got := wholeVersion(version); got != want {
			t.Errorf("%s becomes %s, not %s", version, got, want)
		}
	}
}

func TestTypeOfClusterIsOneOfTwo(t *testing.T) {
	l := newLab(t)
	ofEC2, ofEKS := map[string]any{"ami": map[string]any{"id": "ami-0136300000000000b"}}, map[string]any{"region": labRegion}
	for name, c := range map[string]struct {
		asked   string
		current map[string]any
		class   string
		problem string
	}{
		"the usual one":             {class: ""},
		"machines of its own":       {asked: "ec2"},
		"a managed one":             {asked: "eks", class: "eks"},
		"no such type":              {asked: "gke", problem: `AWS has no type of cluster "gke"`},
		"not said again":            {current: ofEKS, class: "eks"},
		"not said again, the usual": {current: ofEC2},
		"said again":                {asked: "eks", current: ofEKS, class: "eks"},
		"changed":                   {asked: "eks", current: ofEC2, problem: "cluster prod is of type ec2, and cannot become one of type eks"},
		"changed back":              {asked: "ec2", current: ofEKS, problem: "cluster prod is of type eks, and cannot become one of type ec2"},
	} {
		t.Run(name, func(t *testing.T) {
			r := l.eks(map[string]string{"CLUSTER_TYPE": c.asked})
			r.KubernetesVersion, r.Current = "v1.36.3", c.current
			findings := l.preflight(r)
			got, err := l.provider.Values(t.Context(), r)
			if c.problem != "" {
				expect(t, "refusal", refusals(findings), c.problem)
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("%v", err)
				}
				return
			}
			expect(t, "refusal", refusals(findings))
			if err != nil || got.Class != c.class {
				t.Errorf("class %q, %v", got.Class, err)
			}
		})
	}
	if next := remedy(l.preflight(l.eks(map[string]string{"CLUSTER_TYPE": "gke"})), "no type of cluster"); next != "one of ec2, eks" {
		t.Error(next)
	}
}

// What would be refused of a cluster with machines of its own is nothing to EKS.
func TestPreflightOfEKSPasses(t *testing.T) {
	l := newLab(t)
	expect(t, "warning", warnings(l.preflight(l.eks(nil))))
	findings := l.preflight(l.eks(map[string]string{
		"AWS_AMI_ID": "ami-0aaaaaaaaaaaaaaaa", "CONTROL_PLANE_MACHINE_TYPE": "m5.tiny", "AWS_CONTROL_PLANE_OS_DISK_SIZE_GIB": "8",
		"NODE_MACHINE_TYPE": "m6g.large", "TKG_HTTP_PROXY": "http://me:hidden@proxy.example.org", "CNI": "calico",
	}))
	expect(t, "refusal", refusals(findings))
	expect(t, "warning", warnings(findings),
		"EKS takes no notice of CNI, AWS_AMI_ID, CONTROL_PLANE_MACHINE_TYPE, AWS_CONTROL_PLANE_OS_DISK_SIZE_GIB, TKG_HTTP_PROXY")
	expect(t, "unknown quota", unknownQuotas(findings), "the quotas of virtual CPUs of standard instances")
	for _, name := range instanceProfiles() {
		_, err := l.cloud.iam.RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &name, RoleName: &name})
		l.must(err)
	}
	expect(t, "refusal", refusals(l.preflight(l.eks(nil))))
}

func TestPreflightOfEKSRefuses(t *testing.T) {
	l := newLab(t)
	for _, name := range rolesOfEKS() {
		_, err := l.cloud.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &name})
		l.must(err)
	}
	r := l.eks(map[string]string{"AWS_NODE_AZ_1": "", "NODE_MACHINE_TYPE": "m5.tiny", "AWS_NODE_OS_DISK_SIZE_GIB": "10"})
	r.KubernetesVersion = ""
	findings := l.preflight(r)
	expect(t, "refusal", refusals(findings),
		"EKS spreads its control plane over two zones at least, and 1 is set", `no instance type "m5.tiny"`, "nodes of EKS need a volume of 20 GiB",
		"KUBERNETES_VERSION is not set", "no role eks-controlplane.cluster-api-provider-aws.sigs.k8s.io", "no role eks-nodegroup.cluster-api-provider-aws.sigs.k8s.io")
	if next := remedy(findings, "KUBERNETES_VERSION"); !strings.HasSuffix(next, "such as v1.34") {
		t.Error(next)
	}
	if next := remedy(findings, "no role eks-nodegroup"); next != typePermissions {
		t.Error(next)
	}
	if _, err := l.provider.Values(t.Context(), r); err == nil || !strings.Contains(err.Error(), "two zones") || !strings.Contains(err.Error(), "KUBERNETES_VERSION") {
		t.Errorf("%v", err)
	}
}

// unknownQuotas are the warnings that warnings leaves out.
func unknownQuotas(findings uerr.Findings) (out []string) {
	for _, f := range findings.Warnings() {
		if strings.Contains(f.Problem, "quotas of") {
			out = append(out, f.Problem)
		}
	}
	return out
}

// The balancer of a self-managed cluster stands in public subnets, that of EKS in none.
func TestEKSNeedsNoPublicSubnetsOfAnExistingVPC(t *testing.T) {
	for kind, want := range map[string][]string{"eks": nil, "ec2": {"AWS_PUBLIC_SUBNET_ID is not set"}} {
		i := &inspection{request: providers.Request{Config: load(t, map[string]string{
			"CLUSTER_TYPE": kind, "AWS_NODE_AZ": "eu-central-1a", "AWS_VPC_ID": "vpc-1", "AWS_PRIVATE_SUBNET_ID": "subnet-1", "BASTION_HOST_ENABLED": "false",
		})}}
		expect(t, kind+" refusal", refusals(i.missingSubnets()), want...)
	}
}
