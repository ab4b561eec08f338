package azure

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClusterLife(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(
		step{"PUT", testCluster, cluster(), 201, "", 0},
		step{"POST", testCluster + "/listClusterAdminCredential", nil, 409, "OperationNotAllowed", 0},
		step{"PUT", testCluster, cluster(), 409, "OperationNotAllowed", 0},
		step{"PUT", testCluster + "/agentPools/more", object{"properties": pool("")}, 409, "OperationNotAllowed", 0},
		step{"DELETE", testCluster, nil, 409, "OperationNotAllowed", longTime},
	)
	made := l.read(testCluster)
	properties := made.object("properties")
	fqdn := properties.text("fqdn")
	if !strings.HasPrefix(fqdn, "web1-") || !strings.HasSuffix(fqdn, ".hcp.eastus.azmk8s.io") {
		t.Errorf("fqdn: %s", fqdn)
	}
	want := object{"provisioningState": "Succeeded", "currentKubernetesVersion": "1.35.4", "nodeResourceGroup": "MC_web_web1_eastus"}
	for field, value := range want {
		if properties[field] != value {
			t.Errorf("%s: %v, want %v", field, properties[field], value)
		}
	}
	if got := l.read(testGroup[:len(testGroup)-len("web")] + "MC_web_web1_eastus").text("managedBy"); got != testCluster {
		t.Errorf("group of nodes is managed by %q", got)
	}

	again := cluster("properties.agentPoolProfiles", nil, "tags", object{"a": "b"})
	l.run(step{"PUT", testCluster, again, 200, "", longTime})
	after := l.read(testCluster)
	if diff := cmp.Diff(properties, after.object("properties")); diff != "" || after.text("tags", "a") != "b" {
		t.Errorf("a second PUT without pools changed (tags %v): %s", after["tags"], diff)
	}
	if diff := cmp.Diff(made["identity"], after["identity"]); diff != "" || made.text("identity", "principalId") == "" {
		t.Errorf("identity: %s", diff)
	}
	for _, kind := range []string{"Admin", "User"} {
		_, body, _ := l.call("POST", testCluster+"/listCluster"+kind+"Credential", nil)
		raw, err := base64.StdEncoding.DecodeString(body.objects("kubeconfigs")[0].text("value"))
		if err != nil || string(raw) != "server: https://"+fqdn+":443" {
			t.Errorf("%s: %q %v", kind, raw, err)
		}
	}
	l.run(
		step{"PUT", testCluster, cluster("properties.disableLocalAccounts", true), 200, "", longTime},
		step{"POST", testCluster + "/listClusterAdminCredential", nil, 400, "BadRequest", 0},
		step{"DELETE", testCluster, nil, 202, "", 0},
		step{"DELETE", testCluster, nil, 202, "", longTime},
		step{"GET", testCluster, nil, 404, "ResourceNotFound", 0},
		step{"GET", testGroup[:len(testGroup)-len("web")] + "MC_web_web1_eastus", nil, 404, "ResourceGroupNotFound", 0},
	)
}

func TestClusterRefusals(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(step{"PUT", testNetwork + "/subnets/small", subnet("10.1.5.0/27", ""), 201, "", shortTime})
	pools := func(p ...object) []any { return []any{"properties.agentPoolProfiles", p} }
	system := func(changes ...any) []any {
		return pools(pool("system", append([]any{"mode", "System"}, changes...)...))
	}
	for name, test := range map[string]struct {
		changes []any
		code    string
	}{
		"no location":                 {[]any{"location", ""}, "LocationRequired"},
		"no DNS prefix":               {[]any{"properties.dnsPrefix", ""}, "InvalidParameter"},
		"no identity":                 {[]any{"identity", nil}, "InvalidParameter"},
		"unknown version":             {[]any{"properties.kubernetesVersion", "1.20.0"}, "K8sVersionNotSupported"},
		"services in the subnet":      {[]any{"properties.networkProfile.serviceCidr", "10.1.0.0/16", "properties.networkProfile.dnsServiceIP", "10.1.0.10"}, "ServiceCidrOverlapExistingSubnetsCidr"},
		"no service range":            {[]any{"properties.networkProfile.serviceCidr", "ten"}, "InvalidServiceCidr"},
		"DNS out of services":         {[]any{"properties.networkProfile.dnsServiceIP", "10.9.0.10"}, "DnsServiceIpOutOfServiceCidr"},
		"no pool":                     {pools(), "InvalidParameter"},
		"no system pool":              {pools(pool("user")), "InvalidParameter"},
		"bad name of a pool":          {pools(pool("System", "mode", "System")), "InvalidParameter"},
		"bad mode":                    {system("mode", "Both"), "InvalidParameter"},
		"no node":                     {system("count", 0), "InvalidParameter"},
		"scaling without limit":       {system("enableAutoScaling", true), "InvalidParameter"},
		"unknown size":                {system("vmSize", "Standard_X"), "VMSizeNotSupported"},
		"restricted size":             {system("vmSize", "Standard_E2_v3"), "VMSizeNotSupported"},
		"unknown zone":                {system("availabilityZones", []string{"1", "3"}), "AvailabilityZoneNotSupported"},
		"too many cores":              {system("count", 11), "ErrCode_InsufficientVCPUQuota"},
		"too many cores in all":       {pools(pool("system", "mode", "System", "count", 6), pool("user", "count", 6)), "ErrCode_InsufficientVCPUQuota"},
		"newer pool":                  {system("orchestratorVersion", "1.36.3"), "NodePoolMcVersionIncompatible"},
		"unknown subnet":              {system("vnetSubnetID", testNetwork+"/subnets/no"), "GetSubnetError"},
		"delegated subnet":            {system("vnetSubnetID", testNetwork+"/subnets/virtual"), "DelegatedSubnetNotAllowed"},
		"small subnet":                {system("vnetSubnetID", testNetwork+"/subnets/small"), "InsufficientSubnetSize"},
		"virtual node without subnet": {[]any{"properties.addonProfiles", withVirtualNode(true, "no")}, "GetSubnetError"},
		"virtual node without name":   {[]any{"properties.addonProfiles", withVirtualNode(true, "")}, "InvalidParameter"},
		"virtual node undelegated":    {[]any{"properties.addonProfiles", withVirtualNode(true, "nodes")}, "SubnetMissingRequiredDelegation"},
		"virtual node with kubenet":   {[]any{"properties.addonProfiles", withVirtualNode(true, "virtual"), "properties.networkProfile.networkPlugin", "kubenet"}, "AddonNotSupportedWithNetworkPlugin"},
		"virtual node with overlay":   {[]any{"properties.addonProfiles", withVirtualNode(true, "virtual"), "properties.networkProfile.networkPluginMode", "overlay"}, "AddonNotSupportedWithNetworkPlugin"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, _ := l.call("PUT", testCluster, cluster(test.changes...))
			if status != 400 || body.text("error", "code") != test.code {
				t.Errorf("got %d %v, want %s", status, body, test.code)
			}
		})
	}
	l.run(step{"GET", testCluster, nil, 404, "ResourceNotFound", 0})
	if got := l.names("/subscriptions/" + testSubscription + "/resourceGroups"); got != "web" {
		t.Errorf("refused clusters left groups: %s", got)
	}
}

func TestUpgrade(t *testing.T) {
	l := newLab(t)
	l.network()
	version := func(v string) object {
		return cluster("properties.kubernetesVersion", v, "properties.agentPoolProfiles", nil)
	}
	system := func(v string) object { return object{"properties": object{"orchestratorVersion": v}} }
	pool := testCluster + "/agentPools/system"
	l.run(
		step{"PUT", testCluster, cluster("properties.kubernetesVersion", "1.34.1"), 201, "", longTime},
		step{"PUT", testCluster, version("1.36.3"), 400, "OperationNotAllowed", 0},
		step{"PUT", pool, system("1.35.4"), 400, "NodePoolMcVersionIncompatible", 0},
		step{"PUT", testCluster, version("1.35"), 200, "", 0},
	)
	if got := l.Clusters()[0]; got.Version != "1.34.1" || got.State != "Upgrading" {
		t.Errorf("during the upgrade: %+v", got)
	}
	l.clock.pass(longTime)
	if got := l.read(testCluster).text("properties", "currentKubernetesVersion"); got != "1.35.4" {
		t.Errorf("after the upgrade: %s", got)
	}
	l.run(
		step{"PUT", testCluster, version("1.34.1"), 400, "OperationNotAllowed", 0},
		step{"PUT", pool, system("1.35.4"), 200, "", 0},
	)
	if got := l.Clusters()[0].Pools[0].Version; got != "1.34.1" {
		t.Errorf("pool during its upgrade: %s", got)
	}
	l.clock.pass(longTime)
	if got := l.Clusters()[0].Pools[0].Version; got != "1.35.4" {
		t.Errorf("pool after its upgrade: %s", got)
	}
	l.run(step{"PUT", pool, system("1.34.1"), 400, "OperationNotAllowed", 0})
	upgrades := l.read(testCluster+"/upgradeProfiles/default").objects("properties", "controlPlaneProfile", "upgrades")
	if len(upgrades) != 2 || upgrades[1].text("kubernetesVersion") != "1.36.3" {
		t.Errorf("upgrades: %v", upgrades)
	}
}

func TestControlPlaneDoesNotLeaveItsNodesBehind(t *testing.T) {
	l := newLab(t, func(o *Options) { o.Inventory.Versions = []string{"1.32.0", "1.33.0", "1.34.0", "1.35.0", "1.36.0"} })
	l.network()
	version := func(v string, status int, code string) step {
		return step{"PUT", testCluster, cluster("properties.kubernetesVersion", v, "properties.agentPoolProfiles", nil), status, code, longTime}
	}
	l.run(
		step{"PUT", testCluster, cluster("properties.kubernetesVersion", "1.32.0"), 201, "", longTime},
		version("1.33.0", 200, ""), version("1.34.0", 200, ""), version("1.35.0", 200, ""),
		version("1.36.0", 400, "NodePoolMcVersionIncompatible"),
	)
}

func TestFixedProperties(t *testing.T) {
	l := newLab(t)
	l.network()
	fixed := func(changes ...any) step {
		return step{"PUT", testCluster, cluster(changes...), 400, "PropertyChangeNotAllowed", 0}
	}
	l.run(
		step{"PUT", testCluster, cluster(), 201, "", longTime},
		fixed("properties.dnsPrefix", "other"),
		fixed("properties.nodeResourceGroup", "other"),
		fixed("properties.networkProfile.serviceCidr", "10.9.0.0/16", "properties.networkProfile.dnsServiceIP", "10.9.0.10"),
		step{"PUT", testCluster, cluster("location", "westeurope"), 409, "InvalidResourceLocation", 0},
		step{"PUT", testCluster + "/agentPools/system", object{"properties": object{"vnetSubnetID": ""}}, 400, "PropertyChangeNotAllowed", 0},
		step{"PUT", testCluster + "/agentPools/system", object{"properties": object{"vmSize": "Standard_E2_v3"}}, 400, "VMSizeNotSupported", 0},
	)
}
