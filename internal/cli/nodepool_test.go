package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/azure"
	"github.com/slipway-sh/slipway/providers/vsphere"
	"github.com/spf13/cobra"
)

// cloudCluster is a cluster of an infrastructure with the variables by which its adapter knows the type of cluster, and
// a pool "have".
func cloudCluster(infrastructure string, variables ...string) *clusterv1.Cluster {
	cluster := &clusterv1.Cluster{}
	cluster.Labels = map[string]string{render.LabelInfrastructure: infrastructure}
	for _, name := range variables {
		cluster.Spec.Topology.Variables = append(cluster.Spec.Topology.Variables,
			clusterv1.ClusterVariable{Name: name, Value: apiextensionsv1.JSON{Raw: []byte(`{}`)}})
	}
	cluster.Spec.Topology.Workers.MachinePools = []clusterv1.MachinePoolTopology{{Name: "have", Class: "worker"}}
	return cluster
}

func TestWhatIsAskedOfAPoolBecomesVariables(t *testing.T) {
	aks, vm := cloudCluster("azure", "kubernetes", "pool"), cloudCluster("azure", "worker")
	ec2, eks, vsphereCluster := cloudCluster("aws", "ami"), cloudCluster("aws", "region"), cloudCluster("vsphere")
	type object = map[string]any
	d := &Deps{Providers: []providers.Provider{vsphere.New(vsphere.Options{}), aws.New(aws.Options{}), azure.New(azure.Options{})}}
	for name, tt := range map[string]struct {
		cluster          *clusterv1.Cluster
		pool, zone, kind string
		typed            []string
		want             object
		refused          string
	}{
		"nothing":                    {cluster: aks, pool: "more", want: object{}},
		"size and zone on AKS":       {cluster: aks, pool: "gpu1", zone: "2", kind: "Standard_D4s_v3", want: object{"pool": object{"vmSize": "Standard_D4s_v3", "zones": []any{"2"}}}},
		"name that AKS refuses":      {cluster: aks, pool: "gpu-1", refused: `"gpu-1" is no name of an AKS pool`},
		"name too long for AKS":      {cluster: aks, pool: "abcdefghijklm", refused: "is no name of an AKS pool"},
		"another size on AKS":        {cluster: aks, pool: "have", kind: "Standard_D4s_v3", refused: "keeps the VM size"},
		"another count on AKS":       {cluster: aks, pool: "have", want: object{}},
		"size on Azure":              {cluster: vm, pool: "gpu-1", zone: "2", kind: "Standard_D4s_v3", want: object{"worker": object{"vmSize": "Standard_D4s_v3"}}},
		"type on AWS":                {cluster: ec2, pool: "have", kind: "m5.large", want: object{"worker": object{"instanceType": "m5.large"}}},
		"type on EKS":                {cluster: eks, pool: "more", kind: "m5.large", want: object{"worker": object{"instanceType": "m5.large"}}},
		"another type on EKS":        {cluster: eks, pool: "have", kind: "m5.large", refused: "keeps the instance type"},
		"type on vSphere":            {cluster: vsphereCluster, pool: "more", kind: "large", refused: "--machine-type: no types of machine are known of infrastructure vsphere"},
		"type beside a variable":     {cluster: ec2, pool: "more", kind: "m5.large", typed: []string{`worker={"rootVolume":{"sizeGiB":80}}`}, want: object{"worker": object{"instanceType": "m5.large", "rootVolume": object{"sizeGiB": 80.0}}}},
		"variables":                  {cluster: vsphereCluster, pool: "more", typed: []string{`worker={"numCpus":4}`, `bastion=true`}, want: object{"worker": object{"numCpus": 4.0}, "bastion": true}},
		"what is no JSON, all of it": {cluster: vsphereCluster, pool: "more", typed: []string{"worker", "worker=large"}, refused: "large is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &poolOfCluster{cluster: tt.cluster, name: tt.pool}
			got, err := p.variables(d, kube.PoolEdit{Name: tt.pool, Zone: tt.zone}, tt.kind, tt.typed)
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) || uerr.ExitCode(err) != uerr.Usage {
					t.Errorf("%v, want it refused: %s", err, tt.refused)
				}
				if strings.Count(err.Error(), "\n")+1 != max(1, len(tt.typed)) {
					t.Errorf("not everything is told: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Cluster API checks machines, and the infrastructure those of its machine pools.
func TestHealthChecksOfMachinePoolsAreTheInfrastructures(t *testing.T) {
	h := &healthChecks{cluster: cloudCluster("azure")}
	if _, err := h.edit("", healthChange{}); err == nil || !strings.Contains(err.Error(), "replaces broken machines of these pools: have") {
		t.Errorf("setting one: %v", err)
	}
	if _, err := h.doomed(""); err == nil || !strings.Contains(err.Error(), "replaces broken machines") {
		t.Errorf("deleting one: %v", err)
	}
	h.cluster.Spec.Topology.Workers.MachineDeployments = []clusterv1.MachineDeploymentTopology{{Name: "md-0"}}
	if _, err := h.edit("", healthChange{}); err != nil {
		t.Errorf("setting that of a machine deployment: %v", err)
	}
}

func TestASecondWordIsCompletedByTheFirst(t *testing.T) {
	cmd := newSetNodePool(&Deps{})
	completeTwo(cmd, func(string) []string { return []string{"dev1", "prod1"} }, func(_ *cobra.Command, first string) []string {
		return []string{first + "-md-0", first + "-gpu"}
	})
	for _, tt := range []struct {
		args  []string
		typed string
		want  []string
	}{{nil, "d", []string{"dev1"}}, {[]string{"dev1"}, "dev1-g", []string{"dev1-gpu"}}, {[]string{"dev1", "gpu"}, "", nil}} {
		if got, _ := cmd.ValidArgsFunction(cmd, tt.args, tt.typed); !slices.Equal(got, tt.want) {
			t.Errorf("after %v: %v, want %v", tt.args, got, tt.want)
		}
	}
}
