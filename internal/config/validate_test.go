package config_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// complete is a configuration of vSphere without findings.
const complete = `VSPHERE_SERVER: vc.example.org
VSPHERE_USERNAME: u
VSPHERE_PASSWORD: p
VSPHERE_DATACENTER: dc0
VSPHERE_DATASTORE: ds0
VSPHERE_CONTROL_PLANE_ENDPOINT: 10.1.2.3
`

func TestValidateFindings(t *testing.T) {
	cases := map[string]struct {
		lines    string // after the six of complete
		where    string // ":7"
		problem  string
		next     string
		severity uerr.Severity
	}{
		"unknown key":          {"VSPHERE_NETWRK: a", ":7", `unknown key "VSPHERE_NETWRK", did you mean VSPHERE_NETWORK?`, "write VSPHERE_NETWORK", uerr.Refusal},
		"unknown far key":      {"FOO_BAR_BAZ: a", ":7", `unknown key "FOO_BAR_BAZ"`, "config.example.yaml", uerr.Refusal},
		"lower-case unknown":   {"my-notes: a", ":7", "kept and has no effect", "", uerr.Warning},
		"lower-case misspelt":  {"overidesFolder: a", ":7", "did you mean overridesFolder?", "", uerr.Warning},
		"lower-case known":     {"vsphere_folder: a", ":7", "is read as VSPHERE_FOLDER", "", uerr.Warning},
		"duplicate":            {"CNI: none\nCNI: antrea", ":8", "CNI is set already on line 7, to another value", "keep one", uerr.Refusal},
		"same duplicate":       {"CNI: none\nCNI: none", ":8", "to the same value", "", uerr.Warning},
		"deprecated":           {"VSPHERE_HAPROXY_TEMPLATE: /dc0/vm/haproxy", ":7", "is ignored: kube-vip", "remove it", uerr.Warning},
		"unused":               {"AVI_ENABLE: false\nOIDC_ANYTHING: x", ":7", "AVI_ENABLE (line 7), OIDC_ANYTHING (line 8)", "", uerr.Warning},
		"list":                 {"VSPHERE_FOLDER: [a]", ":7", "is a list or a map", "", uerr.Refusal},
		"exclamation mark":     {"VSPHERE_FOLDER: !abc", ":7", "starts with !", "single quotes", uerr.Refusal},
		"bad encoding":         {"VSPHERE_FOLDER: <encoded:%%%>", ":7", "cannot be read", "plain text", uerr.Refusal},
		"not a number":         {"VSPHERE_NUM_CPUS: two", ":7", `VSPHERE_NUM_CPUS "two" is not a whole number`, "VSPHERE_NUM_CPUS: 2", uerr.Refusal},
		"too small":            {"VSPHERE_CONTROL_PLANE_NUM_CPUS: 1", ":7", "is less than 2", "", uerr.Refusal},
		"even control plane":   {"CONTROL_PLANE_MACHINE_COUNT: 2", ":7", "is even", "", uerr.Refusal},
		"no control plane":     {"CONTROL_PLANE_MACHINE_COUNT: 0", ":7", "is less than 1", "", uerr.Refusal},
		"negative workers":     {"WORKER_MACHINE_COUNT: -1", ":7", "is less than 0", "", uerr.Refusal},
		"port":                 {"VSPHERE_CONTROL_PLANE_ENDPOINT_PORT: 65536", ":7", "is more than 65535", "6443", uerr.Refusal},
		"not a bool":           {"VSPHERE_INSECURE: maybe", ":7", "is not true or false", "", uerr.Refusal},
		"enum":                 {"VSPHERE_CLONE_MODE: linked", ":7", "is not one of fullClone, linkedClone", "", uerr.Refusal},
		"size":                 {"WORKER_SIZE: huge", ":7", "small, medium, large, extra-large", "", uerr.Refusal},
		"infrastructure":       {"INFRASTRUCTURE_PROVIDER: gcp", ":7", "aws, azure, docker, vsphere", "", uerr.Refusal},
		"duration":             {"NODE_STARTUP_TIMEOUT: 20", ":7", "is not a duration", "", uerr.Refusal},
		"no time":              {"NODE_STARTUP_TIMEOUT: 0s", ":7", "not longer than zero", "", uerr.Refusal},
		"version":              {"KUBERNETES_VERSION: latest", ":7", "is not a Kubernetes version", "", uerr.Refusal},
		"name":                 {"CLUSTER_NAME: Edge_1", ":7", "is no DNS label", "", uerr.Refusal},
		"thumbprint":           {"VSPHERE_TLS_THUMBPRINT: 'AA:BB'", ":7", "20 or 32 pairs", "", uerr.Refusal},
		"private key":          {"VSPHERE_SSH_AUTHORIZED_KEY: -----BEGIN RSA PRIVATE KEY-----", ":7", "holds a private key", "", uerr.Refusal},
		"not a key":            {"VSPHERE_SSH_AUTHORIZED_KEY: hello", ":7", "no public key", "", uerr.Refusal},
		"cut key":              {"VSPHERE_SSH_AUTHORIZED_KEY: ssh-ed25519 AAAAC3Nz", ":7", "is cut", "", uerr.Refusal},
		"key of another type":  {"VSPHERE_SSH_AUTHORIZED_KEY: ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", ":7", "mixed up", "", uerr.Refusal},
		"proxy":                {"TKG_HTTP_PROXY: proxy:3128", ":7", "is not a URL", "", uerr.Refusal},
		"base64":               {"TKG_PROXY_CA_CERT: '----'", ":7", "is not base64", "", uerr.Refusal},
		"cidr":                 {"CLUSTER_CIDR: 10.0.0.0", ":7", "is not an address range", "", uerr.Refusal},
		"host bits":            {"CLUSTER_CIDR: 172.16.3.0/16", ":7", "the range is 172.16.0.0/16", "", uerr.Refusal},
		"overlap":              {"CLUSTER_CIDR: 172.16.0.0/12\nSERVICE_CIDR: 172.20.0.0/16", ":8", "SERVICE_CIDR 172.20.0.0/16 (services) overlaps CLUSTER_CIDR 172.16.0.0/12", "192.168.0.0/16", uerr.Refusal},
		"overlap of a default": {"CLUSTER_CIDR: 100.64.0.0/10", ":7", "(pods) overlaps SERVICE_CIDR 100.64.0.0/13 (services, from default)", "write CLUSTER_CIDR: ", uerr.Refusal},
		"two families":         {"CLUSTER_CIDR: fd00:100:96::/48", ":7", "not of one IP family", "", uerr.Refusal},
		"too many services":    {"SERVICE_CIDR: 172.16.0.0/11", ":7", "host bits", "", uerr.Refusal},
		"large services":       {"SERVICE_CIDR: 172.0.0.0/11", ":7", "larger than /12", "172.0.0.0/12", uerr.Refusal},
		"small pods":           {"CLUSTER_CIDR: 172.16.0.0/25", ":7", "smaller than the /24", "", uerr.Refusal},
		"endpoint in services": {"SERVICE_CIDR: 10.1.0.0/16", ":6", "VSPHERE_CONTROL_PLANE_ENDPOINT 10.1.2.3 lies in SERVICE_CIDR", "", uerr.Refusal},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := load(t, complete+tc.lines+"\n")
			findings := c.Validate("vsphere")
			if len(findings) != 1 {
				t.Fatalf("want one finding, got %d: %+v", len(findings), findings)
			}
			f := findings[0]
			if f.Severity != tc.severity || f.Where != c.Path()+tc.where {
				t.Errorf("severity %v at %s, want %v at %s", f.Severity, f.Where, tc.severity, tc.where)
			}
			if !strings.Contains(f.Problem, tc.problem) || !strings.Contains(f.Next, tc.next) || f.Next == "" {
				t.Errorf("problem %q, next %q", f.Problem, f.Next)
			}
			if (findings.Err() != nil) != (tc.severity == uerr.Refusal) {
				t.Errorf("Err is %v", findings.Err())
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		if f := load(t, complete).Validate("vsphere"); len(f) != 0 {
			t.Errorf("%+v", f)
		}
	})
}

func TestValidateDuplicateInAnotherCase(t *testing.T) {
	err := load(t, "CNI: none\ncni: antrea\n").Validate("").Err()
	if err == nil || !strings.Contains(err.Error(), ":2: cni is set already on line 1") {
		t.Errorf("got %v", err)
	}
}

func TestValidateAccepts(t *testing.T) {
	for _, line := range []string{
		"KUBERNETES_VERSION: v1.19.3+vmware.1-tkg.2", "KUBERNETES_VERSION: 1.36", "VSPHERE_CONTROL_PLANE_ENDPOINT_PORT: \"443\"",
		"CONTROL_PLANE_MACHINE_COUNT: 5", "WORKER_MACHINE_COUNT: 0", "NODE_STARTUP_TIMEOUT: 5m0s", "ENABLE_MHC: \"True\"",
		"TKG_HTTP_PROXY: http://u:p@proxy:3128", "AWS_VPC_CIDR: nonsense", "AZURE_ENVIRONMENT: nonsense",
		"VSPHERE_SSH_AUTHORIZED_KEY: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a b",
		"CLUSTER_CIDR: fd00:100:96::/48\nSERVICE_CIDR: fd00:100:64::/108",
		"cert-manager-timeout: 30m0s\noverridesFolder: x\nimages:\n  all: {}\nproviders: []\nrelease:\n  version: v1\ntkg:\n  regions: []",
	} {
		if f := load(t, complete+line+"\n").Validate("vsphere"); len(f) != 0 {
			t.Errorf("%s: %+v", line, f)
		}
	}
}

func TestValidateHostForms(t *testing.T) {
	for host, ok := range map[string]bool{
		"10.0.0.1": true, "fd00::1": true, "api.example.org": true, "api": true, "a.b.": true,
		"10.0.0.1:6443": false, "https://api": false, "api/x": false, "10.0.0": false, "10.0.0.256": false, "a_b": false,
		"-a": false, "[fd00::1]:6443": false, "user@host": false, "host:443": false,
	} {
		text := strings.Replace(complete, "10.1.2.3", "'"+host+"'", 1)
		if err := load(t, text).Validate("vsphere").Err(); (err == nil) != ok {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestValidateRequired(t *testing.T) {
	all := []string{"SERVER", "USERNAME", "PASSWORD", "DATACENTER", "DATASTORE", "CONTROL_PLANE_ENDPOINT"}
	cases := map[string]struct {
		text string
		uses []config.Use
		want []string
	}{
		"everything":         {"", nil, all},
		"only the cloud":     {"", []config.Use{config.UseCloud}, all[:3]},
		"only the cluster":   {"", []config.Use{config.UseCluster}, all[3:]},
		"both":               {"", []config.Use{config.UseCloud, config.UseCluster}, all},
		"policy for a store": {"VSPHERE_STORAGE_POLICY_ID: gold\n", []config.Use{config.UseCluster}, []string{"DATACENTER", "CONTROL_PLANE_ENDPOINT"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := load(t, tc.text)
			findings := c.Validate("vsphere", tc.uses...)
			if len(findings) != len(tc.want) {
				t.Fatalf("want %v, got %+v", tc.want, findings)
			}
			for i, key := range tc.want {
				f := findings[i]
				if !strings.Contains(f.Problem, "VSPHERE_"+key+" is missing") || f.Where != c.Path() || !strings.Contains(f.Next, "VSPHERE_"+key) {
					t.Errorf("want %s, got %+v", key, f)
				}
			}
		})
	}
}

func TestValidateGivesEverythingAtOnce(t *testing.T) {
	c, err := config.Load(config.Options{
		File: write(t, "VSPHERE_SERVR: a\nCNI: x\nVSPHERE_NETWORK: [a]\n"), Tables: tables(),
		Flags:     map[string]string{"CONTROL_PLANE_MACHINE_COUNT": "4"},
		FlagNames: map[string]string{"CONTROL_PLANE_MACHINE_COUNT": "--controlplane-machine-count", "VSPHERE_CONTROL_PLANE_ENDPOINT": "--vsphere-controlplane-endpoint"},
		Environ:   []string{"NODE_STARTUP_TIMEOUT=soon", "OIDC_UNRELATED=x", "PATH=/bin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithPlan("mine", map[string]string{"VSPHERE_FOLDR": "x", "VSPHERE_NUM_CPUS": "0"})
	want := map[string]string{
		"VSPHERE_SERVR": c.Path() + ":1", "CNI": c.Path() + ":2", "VSPHERE_NETWORK is a list": c.Path() + ":3",
		"CONTROL_PLANE_MACHINE_COUNT": "--controlplane-machine-count", "NODE_STARTUP_TIMEOUT": "$NODE_STARTUP_TIMEOUT",
		"VSPHERE_FOLDR": "plan mine", "VSPHERE_NUM_CPUS": "plan mine", "VSPHERE_SERVER is missing": c.Path(),
	}
	findings := c.Validate("vsphere")
	for problem, where := range want {
		found := false
		for _, f := range findings {
			found = found || strings.Contains(f.Problem, problem) && f.Where == where
		}
		if !found {
			t.Errorf("no finding %q at %s in %+v", problem, where, findings)
		}
	}
	for _, f := range findings {
		if strings.Contains(f.Problem, "VSPHERE_CONTROL_PLANE_ENDPOINT is missing") && !strings.Contains(f.Next, "--vsphere-controlplane-endpoint 192.0.2.10") {
			t.Errorf("the flag is not proposed: %s", f.Next)
		}
	}
}

func TestNodeNetworks(t *testing.T) {
	text := "AWS_REGION: r\nAWS_NODE_AZ: a\nAWS_SSH_KEY_NAME: k\nAWS_VPC_CIDR: 100.96.0.0/16\n"
	findings := load(t, text).Validate("aws")
	if len(findings) != 1 || !strings.Contains(findings[0].Problem, "AWS_VPC_CIDR 100.96.0.0/16 (nodes) overlaps CLUSTER_CIDR") {
		t.Errorf("%+v", findings)
	}
	c := load(t, "SERVICE_CIDR: 192.168.0.0/16\n")
	findings = c.CheckNodeNetwork(netip.MustParsePrefix("192.168.7.0/24"), "network VM Network")
	if len(findings) != 1 || !strings.Contains(findings[0].Problem, "network VM Network") || findings[0].Where != c.Path()+":1" {
		t.Errorf("%+v", findings)
	}
	if f := c.CheckNodeNetwork(netip.MustParsePrefix("10.0.0.0/8"), "x"); len(f) != 0 {
		t.Errorf("%+v", f)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"dev", "prod", "VSPHERE_SERVER", "VSPHERE_NETWORK"}
	for name, want := range map[string]string{
		"prd": "prod", "VSPHERE_SREVER": "VSPHERE_SERVER", "vsphere_network": "VSPHERE_NETWORK", "zzzzzz": "", "": "", "SERVER": "",
	} {
		if got := config.Nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
