package azure

import (
	"strings"
	"testing"

	sim "github.com/slipway-sh/slipway/internal/sim/azure"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

func TestPreflightRefuses(t *testing.T) {
	shared := func(more map[string]string) map[string]string {
		settings := map[string]string{keyVNetGroup: "shared", keyVNet: "hub", keyNodeSubnet: "nodes"}
		for k, v := range more {
			settings[k] = v
		}
		return settings
	}
	for name, c := range map[string]struct {
		settings map[string]string
		want     [][3]string
	}{
		"a wrong tenant":         {map[string]string{keyTenant: labSubscription}, [][3]string{{keySecret, "Tenant '" + labSubscription + "' not found", "check " + keyTenant}}},
		"another subscription":   {map[string]string{keySubscription: labTenant}, [][3]string{{keySubscription, "is not there", labSubscription + " (rehearsal)"}}},
		"a location misspelt":    {map[string]string{keyLocation: "westeurop"}, [][3]string{{keyLocation, "no location westeurop", "to westeurope"}}},
		"no location":            {map[string]string{keyLocation: ""}, [][3]string{{keyLocation, "is not set", ""}}},
		"a cloud that is closed": {map[string]string{keyEnvironment: "AzureGermanCloud"}, [][3]string{{keyEnvironment, "any more", "AzurePublicCloud"}}},
		"a type unknown":         {map[string]string{keyClusterType: "ec2"}, [][3]string{{keyClusterType, `no type of cluster "ec2"`, "aks, vm"}}},
		"a size restricted":      {map[string]string{keyNodeType: "Standard_E2_v3"}, [][3]string{{keyNodeType, "by this subscription (NotAvailableForSubscription)", "Standard_D2s_v3"}}},
		"a size in other zones":  {map[string]string{keyNodeType: "Standard_D8s_v3", keyZone: "3"}, [][3]string{{keyZone, "is not in zone 3", "1, 2"}}},
		"a system size misspelt": {map[string]string{keySystemCount: "1", keySystemType: "Standard_D8s_v4"}, [][3]string{{keySystemType, "Standard_D8s_v4", "Standard_D8s_v3"}}},
		"too many cores": {map[string]string{keyNodeType: "Standard_D8s_v3", keySystemCount: "5", keyZone: "1"}, [][3]string{
			{keyNodeType, "needs 48 cores of Total Regional vCPUs", "quota"}, {keyNodeType, "needs 48 cores of standardDSv3Family", "quota"}}},
		"a small node subnet": {map[string]string{keyNodeCIDR: "10.0.1.0/27"}, [][3]string{{keyNodeCIDR, "has 27 addresses for machines, and 62 are needed", keyMaxPods}}},
		"subnets that overlap": {virtualNode(map[string]string{keyVirtualCIDR: "10.0.1.128/25"}), [][3]string{
			{keyVirtualCIDR, "overlaps 10.0.1.0/24 (nodes)", "another range"}}},
		"a virtual node outside":  {virtualNode(map[string]string{keyVirtualCIDR: "10.1.0.0/24"}), [][3]string{{keyVirtualCIDR, "is not in the virtual network's 10.0.0.0/16", ""}}},
		"services in the network": {map[string]string{keyServices: "10.0.128.0/20"}, [][3]string{{keyServices, "overlaps 10.0.0.0/16, virtual network prod", ""}}},
		"services that AKS keeps": {map[string]string{keyServices: "172.30.64.0/18"}, [][3]string{{keyServices, "overlaps 172.30.0.0/16, which AKS keeps for itself", ""}}},
		"nodes where AKS is":      {map[string]string{keyVNetCIDR: "172.31.0.0/16", keyNodeCIDR: "172.31.4.0/22"}, [][3]string{{keyNodeCIDR, "overlaps 172.31.0.0/16, which AKS keeps", ""}}},
		"pods among services": {map[string]string{keyPluginMode: modeOverlay, keyPods: "100.70.0.0/16"}, [][3]string{
			{keyPods, "100.70.0.0/16 (pods) overlaps 100.64.0.0/13 (services)", ""}}},
		"DNS outside":             {map[string]string{keyDNS: "10.0.0.10"}, [][3]string{{keyDNS, "no address for the cluster's DNS", "100.64.0.10"}}},
		"a network elsewhere":     {shared(map[string]string{keyLocation: "eastus"}), [][3]string{{keyVNet, "virtual network hub is in westeurope", "set AZURE_LOCATION to westeurope"}}},
		"a group not there":       {map[string]string{keyVNetGroup: "nowhere"}, [][3]string{{keyVNetGroup, "resource group nowhere is not there", "az group create"}}},
		"a delegated node subnet": {shared(map[string]string{keyNodeSubnet: "aci"}), [][3]string{{keyNodeSubnet, "is delegated to " + delegation, "another subnet"}}},
		"an undelegated virtual node subnet": {shared(virtualNode(map[string]string{keyVirtualName: "plain"})), [][3]string{
			{keyVirtualName, "subnet plain is not delegated", "az network vnet subnet update --resource-group shared --vnet-name hub --name plain --delegations " + delegation}}},
		"a new subnet over an old one": {shared(virtualNode(map[string]string{keyVirtualName: "new", keyVirtualCIDR: "172.20.9.0/25"})), [][3]string{
			{keyVirtualCIDR, "overlaps 172.20.9.0/24, subnet plain", "free range"}}},
		"one subnet for both":          {virtualNode(map[string]string{keyVirtualName: "node", keyVirtualCIDR: "10.0.2.0/24"}), [][3]string{{keyVirtualName, "is the nodes'", ""}}},
		"no virtual nodes here":        {virtualNode(map[string]string{keyLocation: "eastus"}), [][3]string{{keyVirtualNode, "no virtual nodes in eastus", "westeurope"}}},
		"a virtual node over overlay":  {virtualNode(map[string]string{keyPluginMode: modeOverlay}), [][3]string{{keyPluginMode, "do not go with pods", "out"}}},
		"a virtual node with kubenet":  {virtualNode(map[string]string{keyPlugin: pluginKubenet}), [][3]string{{keyPlugin, "network plugin kubenet", pluginAzure}}},
		"a login that only people use": {map[string]string{keyCertificate: "/nowhere/cert.pem", keySecret: ""}, [][3]string{{keyCertificate, "cannot be read: no such file", "PEM"}}},
		"two secrets":                  {map[string]string{keyFederated: "/nowhere"}, [][3]string{{keyFederated, "are both set", "take one"}}},
		"machines without a key":       {map[string]string{keyClusterType: typeVM, keyZone: "1"}, [][3]string{{keySSH, "machines need a key", "base64"}}},
		"half an image": {map[string]string{keyClusterType: typeVM, keyZone: "1", keySSH: "c3NoLWVkMjU1MTkgQUFBQSB5b3U=", "AZURE_IMAGE_NAME": "x"}, [][3]string{
			{"AZURE_IMAGE_GALLERY", "needs the gallery", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			refuses(t, l.preflight(l.request(c.settings)), c.want...)
		})
	}
}

func TestPreflightReportsAllThatIssueFourNamesAtOnce(t *testing.T) {
	l := newLab(t)
	refuses(t, l.preflight(l.request(virtualNode(map[string]string{
		keyVNetGroup: "shared", keyVNet: "hub", keyNodeSubnet: "new", keyNodeCIDR: "172.20.0.0/20", keyVirtualName: "plain", keyNodeType: "Standard_E2_v3",
	}))),
		[3]string{keyNodeType, "Standard_E2_v3 is not to be had", ""},
		[3]string{keyNodeCIDR, "overlaps 172.20.0.0/22, subnet nodes", ""},
		[3]string{keyNodeCIDR, "overlaps 172.20.8.0/24, subnet aci", ""},
		[3]string{keyVirtualCIDR, "172.20.9.0/24 (the virtual node) overlaps 172.20.0.0/20 (nodes)", ""},
		[3]string{keyVirtualName, "subnet plain is not delegated", ""},
	)
}

func TestAWrongSecretIsOneOfCredentials(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(map[string]string{keySecret: "wrong"}))
	if uerr.ExitCode(findings) != uerr.Credentials {
		t.Errorf("exit code %d of\n%s", uerr.ExitCode(findings), list(findings))
	}
	refuses(t, findings, [3]string{keySecret, "AADSTS7000215", "check " + keyTenant})
	if strings.Contains(list(findings), "Trace ID") {
		t.Errorf("too much of Entra's words: %s", list(findings))
	}
}

func TestNamesOfOthersAreRefused(t *testing.T) {
	l := newLab(t)
	l.make("prod", "other/prod")
	refuses(t, l.preflight(l.request(nil)),
		[3]string{keyGroup, "resource group prod is there already and is not cluster default/prod's", "set AZURE_RESOURCE_GROUP to prod"})
	refuses(t, l.preflight(l.request(map[string]string{keyGroup: "prod"})),
		[3]string{keyGroup, "has an AKS cluster prod already", "another name"},
		[3]string{keyVNet, "virtual network prod is there already", "set AZURE_VNET_NAME to prod"})
	own := newLab(t)
	own.make("prod", labOwner)
	refuses(t, own.preflight(own.request(nil)))
}

func TestAGroupOfTheClusterStaysWhereItWasMade(t *testing.T) {
	l := newLab(t)
	l.makeGroup("prod", owned(labOwner))
	refuses(t, l.preflight(l.request(nil)))
	refuses(t, l.preflight(l.request(map[string]string{keyLocation: "eastus"})), [3]string{keyLocation, "resource group prod was made in westeurope", "set AZURE_LOCATION to westeurope"})
}

func TestQuotasOfOtherFamiliesDoNotMatter(t *testing.T) {
	l := newLab(t, func(i *sim.Inventory) { i.Cores = -1 }) // as when a quota was lowered under what is used
	refuses(t, l.preflight(l.request(nil)),
		[3]string{keyNodeType, "needs 2 cores of Total Regional vCPUs in westeurope, and 0 of -1 are left", ""}, [3]string{keyNodeType, "2 cores of standardDSv3Family", ""})
}

func TestVersionsOfALocation(t *testing.T) {
	l := newLab(t)
	for asked, want := range map[string]string{"": "v1.36.3", "v1.35": "v1.35.4", "v1.36.2": "v1.36.2", "v1.36.3+vmware.1": "v1.36.3"} {
		r := l.request(nil)
		r.KubernetesVersion = asked
		v, err := l.provider.Values(t.Context(), r)
		if err != nil || v.KubernetesVersion != want {
			t.Errorf("%q: %s, %v; want %s", asked, v.KubernetesVersion, err, want)
		}
	}
	r := l.request(nil)
	r.KubernetesVersion = "v1.33.0"
	refuses(t, l.preflight(r), [3]string{keyVersion, "has no Kubernetes 1.33.0", "one of: v1.34.1"})
	l.make("prod", labOwner) // of 1.35.4
	r = l.request(nil)
	r.Current = map[string]any{"kubernetes": map[string]any{}}
	r.KubernetesVersion = "v1.34.1"
	refuses(t, l.preflight(r), [3]string{keyVersion, "does not go back to v1.34.1", "v1.35.4"})
	r.KubernetesVersion = "v1.36.3"
	refuses(t, l.preflight(r))
}

func TestResourceProvidersAreRegisteredFirst(t *testing.T) {
	l := newLab(t, func(i *sim.Inventory) { i.Registered = []string{networkProvider, computeProvider} })
	r := l.request(virtualNode(nil))
	findings := l.preflight(r)
	if err := findings.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{containerService, containerInstances} {
		if !strings.Contains(list(findings), "resource provider "+name+" is not registered") {
			t.Errorf("%s is not in\n%s", name, list(findings))
		}
	}
	v, err := l.provider.Values(t.Context(), r)
	if err != nil || len(v.Before) != 2 {
		t.Fatalf("tasks %v, %v", v.Before, err)
	}
	for _, task := range v.Before {
		if err := task.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if v, err = l.provider.Values(t.Context(), r); err != nil || len(v.Before) > 0 {
		t.Errorf("tasks still %v, %v", v.Before, err)
	}
	r.KubernetesVersion = ""
	unable := newLab(t, func(i *sim.Inventory) { i.Registered = nil })
	r.Config = unable.request(nil).Config
	refuses(t, unable.preflight(r), [3]string{keyVersion, "cannot be listed before", "az provider register"})
}

func TestWhatTheCallerMayNotDo(t *testing.T) {
	reader := newLab(t, func(i *sim.Inventory) {
		i.Role, i.Registered = "Reader", []string{networkProvider, computeProvider, containerService}
	})
	refuses(t, reader.preflight(reader.request(virtualNode(nil))),
		[3]string{keySubscription, containerInstances + " is not registered", "az provider register --wait --namespace " + containerInstances},
		[3]string{keyClient, "may not make clusters", `--role "Contributor"`})
	contributor := newLab(t, func(i *sim.Inventory) { i.Role = "Contributor" })
	refuses(t, contributor.preflight(contributor.request(virtualNode(nil))),
		[3]string{keyClient, "may not assign roles, and the virtual node's identity needs one", "Role Based Access Control Administrator"})
	findings := contributor.preflight(contributor.request(nil))
	refuses(t, findings)
	if !strings.Contains(list(findings), "may not assign roles") {
		t.Errorf("no warning about roles:\n%s", list(findings))
	}
}

func TestAPlaneNeedsNoWorkersAndAClusterOfAKSNeedsOne(t *testing.T) {
	l := newLab(t)
	r := l.request(nil)
	r.Workers = 0
	refuses(t, l.preflight(r), [3]string{keyWorkers, "needs a node at least", keySystemCount})
	refuses(t, l.preflight(providers.Request{Config: r.Config}))
}
