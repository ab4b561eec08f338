package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// listed gives findings as "line: problem", a warning behind a ?, without the file's name.
func listed(findings uerr.Findings, file string) []string {
	var out []string
	for _, x := range findings {
		mark := map[uerr.Severity]string{uerr.Warning: "?"}[x.Severity]
		out = append(out, mark+strings.ReplaceAll(strings.TrimPrefix(x.Where, file+":")+": "+x.Problem, file, "FILE"))
	}
	return out
}

func TestFleetFindings(t *testing.T) {
	const (
		docker = "infrastructure: docker"
		cloud  = "VSPHERE_SERVER: vc\nVSPHERE_USERNAME: u\nVSPHERE_PASSWORD: p\nVSPHERE_DATACENTER: dc\nVSPHERE_DATASTORE: ds\nclusters:\n"
	)
	at := func(name, endpoint, more string) string {
		return fmt.Sprintf("- {name: %s, variables: {VSPHERE_CONTROL_PLANE_ENDPOINT: %q%s}}\n", name, endpoint, more)
	}
	cases := map[string]struct {
		text string
		want []string
	}{
		"nothing wrong":              {"clusters: [{name: a, " + docker + "}]", nil},
		"no clusters, on purpose":    {"clusters: []\nCNI: none\n", nil},
		"no clusters":                {"CNI: none\n", []string{"1: there are no clusters in the file"}},
		"a manifest of Kubernetes":   {"apiVersion: v1\nkind: Pod\n", []string{"1: the file holds no clusters, no defaults and no variables", `?1: unknown key "apiVersion", did you mean OS_VERSION?; the line is kept and has no effect`, `?2: unknown key "kind"; the line is kept and has no effect`}},
		"the same list twice":        {"clusters: []\nclusters: []\n", []string{"2: clusters is set already on line 1, to another value"}},
		"a key that was cut short":   {"clusters: [{name: a, " + docker + ", version: v1.36.3}]", []string{`1 (clusters[0].version): unknown key "version", did you mean kubernetesVersion?`}},
		"a variable of another":      {"clusters: [{name: a, " + docker + ", variables: {AWS_REGION: x}}]", []string{"?1 (clusters[0].variables.AWS_REGION): AWS_REGION has no effect on docker"}},
		"a variable nobody uses":     {"clusters:\n- {name: a, " + docker + ", variables: {OS_NAME: x, OS_NAME: x, tmc_registration_url: y}}\n", []string{"?2 (clusters[0].variables.OS_NAME): OS_NAME is set already on line 2, to the same value", "?2 (clusters[0].variables.tmc_registration_url): Slipway does nothing with tmc_registration_url (line 2)", "?2 (clusters[0].variables.tmc_registration_url): tmc_registration_url is read as TMC_REGISTRATION_URL"}},
		"one default for many":       {"defaults:\n  infrastructure: docker\n  variables: {CNI: x}\nclusters: [{name: a}, {name: b}, {name: c, variables: {CNI: none}}]", []string{`3 (defaults.variables.CNI): CNI "x" is not one of antrea, calico, none (2 clusters: a, b)`}},
		"one line for one":           {"CNI: x\nclusters: [{name: a, " + docker + "}]", []string{`1: CNI "x" is not one of antrea, calico, none (cluster a)`}},
		"one name, two planes":       {"defaults: {" + docker + "}\nclusters: [{name: a}, {name: a, managementCluster: spare}, {name: a, namespace: x}]", nil},
		"the current plane, by name": {"defaults: {" + docker + "}\nclusters: [{name: a}, {name: a, managementCluster: mgmt}]", []string{"2 (clusters[1].name): there is a cluster default/a already, in FILE:2 (clusters[0].name)"}},
		"one range in two VPCs":      {"defaults: {infrastructure: aws, variables: {AWS_REGION: r, AWS_SSH_KEY_NAME: k, AWS_NODE_AZ: z}}\nclusters: [{name: a}, {name: b}]", nil},
		"one network":                {cloud + at("a", "192.0.2.1", "") + at("b", "192.0.2.2", ""), nil},
		"an endpoint, spelled twice": {cloud + at("a", "2001:db8::1", "") + at("b", "2001:0db8:0::1", "") + at("c", "api.example.org", "") + at("d", "API.example.org.", ""), []string{
			"8 (clusters[1].variables.VSPHERE_CONTROL_PLANE_ENDPOINT): VSPHERE_CONTROL_PLANE_ENDPOINT 2001:db8::1 is the endpoint of a already (FILE:7 (clusters[0].variables.VSPHERE_CONTROL_PLANE_ENDPOINT))",
			"10 (clusters[3].variables.VSPHERE_CONTROL_PLANE_ENDPOINT): VSPHERE_CONTROL_PLANE_ENDPOINT api.example.org is the endpoint of c already (FILE:9 (clusters[2].variables.VSPHERE_CONTROL_PLANE_ENDPOINT))",
		}},
		"an endpoint at another site": {cloud + at("a", "192.0.2.1", "") + "- {name: b, managementCluster: spare, variables: {VSPHERE_CONTROL_PLANE_ENDPOINT: 192.0.2.1}}\n", []string{
			"?8 (clusters[1].variables.VSPHERE_CONTROL_PLANE_ENDPOINT): VSPHERE_CONTROL_PLANE_ENDPOINT 192.0.2.1 is the endpoint of a already (FILE:7 (clusters[0].variables.VSPHERE_CONTROL_PLANE_ENDPOINT))",
		}},
		"in another's pods": {cloud + at("a", "192.0.2.1", ", CLUSTER_CIDR: 172.20.0.0/16") + at("b", "172.20.0.1", ""), []string{
			"8 (clusters[1].variables.VSPHERE_CONTROL_PLANE_ENDPOINT): VSPHERE_CONTROL_PLANE_ENDPOINT 172.20.0.1 lies in CLUSTER_CIDR 172.20.0.0/16 of a in the same network (FILE:7 (clusters[0].variables.CLUSTER_CIDR))",
		}},
		"in another's pods, far away": {cloud + at("a", "192.0.2.1", ", CLUSTER_CIDR: 172.20.0.0/16") + at("b", "172.20.0.1", ", VSPHERE_NETWORK: other"), nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f, file := fleetOf(t, tc.text)
			if diff := cmp.Diff(tc.want, listed(f.Validate(), file)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneFileIsShared(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml": "CNI: calico\ndefaults: {plan: prod, labels: {x: a, y: a}, protect: true}\n",
		"b.yaml": "CNI: none\ndefaults: {labels: {y: b}, infrastructure: docker}\nclusters: [{name: b, protect: false}]\n",
		"c.yaml": "clusters: [{name: c, infrastructure: docker, labels: {y: c}}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := loadFleet(t, fleetOptions(t, dir))
	var got []string
	for _, e := range f.Entries() {
		got = append(got, fmt.Sprint(e.Name, e.Plan, e.Config().String("CNI"), e.Labels, e.Protect))
	}
	if diff := cmp.Diff([]string{"bprodnonemap[x:a y:b] false", "cprodcalicomap[x:a y:c] true"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if findings := f.Validate(); len(findings) != 0 {
		t.Errorf("findings: %v", findings)
	}
	second := filepath.Join(dir, "d.yaml")
	if err := os.WriteFile(second, []byte("CNI: none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	findings := loadFleet(t, fleetOptions(t, dir)).Validate()
	if len(findings) != 1 || findings[0].Where != second+":1" || !strings.Contains(findings[0].Problem, filepath.Join(dir, "a.yaml")) {
		t.Errorf("got %v", findings)
	}
}
