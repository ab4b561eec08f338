package azure

import "testing"

func TestProviders(t *testing.T) {
	l := newLab(t, func(o *Options) { o.Inventory.Registered = nil })
	sub := "/subscriptions/" + testSubscription
	provider := sub + "/providers/microsoft.network"
	state := func(want string) {
		t.Helper()
		if got := l.read(provider).text("registrationState"); got != want {
			t.Errorf("state: %s, want %s", got, want)
		}
	}
	state(stateUnregistered)
	put := func(status int, code string) step {
		return step{"PUT", testNetwork, network1("10.1.0.0/16"), status, code, 0}
	}
	l.run(
		step{"PUT", testGroup, object{"location": "eastus"}, 201, "", 0},
		put(409, "MissingSubscriptionRegistration"),
		step{"GET", sub + "/providers/Microsoft.ContainerService/locations/eastus/kubernetesVersions", nil, 409, "MissingSubscriptionRegistration", 0},
		step{"GET", sub + "/providers/Microsoft.Compute/skus", nil, 409, "MissingSubscriptionRegistration", 0},
		step{"POST", provider + "/register", nil, 200, "", 0},
	)
	state(stateRegistering)
	l.run(put(409, "MissingSubscriptionRegistration"))
	l.clock.pass(shortTime)
	state(stateRegistered)
	l.run(
		put(201, ""),
		step{"POST", provider + "/unregister", nil, 409, "SubscriptionHasResourcesInNamespace", shortTime},
		step{"DELETE", testNetwork, nil, 202, "", shortTime},
		step{"POST", provider + "/unregister", nil, 200, "", 0},
	)
	state(stateUnregistering)
	l.clock.pass(shortTime)
	state(stateUnregistered)
	l.run(
		step{"GET", sub + "/providers/Microsoft.Nothing", nil, 404, "InvalidResourceNamespace", 0},
		step{"POST", sub + "/providers/Microsoft.Nothing/register", nil, 404, "InvalidResourceNamespace", 0},
	)
}

func TestOffersOfALocation(t *testing.T) {
	l := newLab(t)
	sub := "/subscriptions/" + testSubscription
	if got := l.read(sub); got.text("state") != "Enabled" || got.text("tenantId") != testTenant {
		t.Errorf("subscription: %v", got)
	}
	if got := l.names(sub + "/locations"); got != "eastus westeurope" {
		t.Errorf("locations: %s", got)
	}
	versions := l.read(sub + "/providers/Microsoft.ContainerService/locations/eastus/kubernetesVersions").objects("values")
	if len(versions) != 3 || versions[2].text("version") != "1.36" {
		t.Fatalf("versions: %v", versions)
	}
	if got := versions[1].texts("patchVersions", "1.35.4", "upgrades"); len(got) != 2 || got[1] != "1.36.3" {
		t.Errorf("upgrades of 1.35.4: %v", got)
	}
	skus := l.read(sub + "/providers/Microsoft.Compute/skus?api-version=2021-07-01&$filter=location%20eq%20'eastus'").objects("value")
	if len(skus) != 2 || len(skus[0].objects("restrictions")) != 0 || skus[1].objects("restrictions")[0].text("reasonCode") != "NotAvailableForSubscription" {
		t.Errorf("sizes: %v", skus)
	}
	aci := sub + "/providers/Microsoft.ContainerInstance/locations/"
	if got := l.read(aci + "eastus/capabilities").objects("value"); got[0].text("osType") != "Linux" {
		t.Errorf("capabilities: %v", got)
	}
	l.run(
		step{"GET", aci + "westeurope/capabilities", nil, 400, "LocationNotAvailableForResourceType", 0},
		step{"GET", sub + "/providers/Microsoft.Compute/locations/moon/usages", nil, 400, "NoRegisteredProviderFound", 0},
	)
	where := l.read(sub + "/providers/Microsoft.ContainerInstance").objects("resourceTypes")[0].texts("locations")
	if len(where) != 1 || where[0] != "eastus" {
		t.Errorf("container groups are at %v", where)
	}
}

func TestUsages(t *testing.T) {
	l := newLab(t)
	l.network()
	l.run(step{"PUT", testCluster, cluster(), 201, "", 0})
	for where, want := range map[string]int{"eastus": 4, "westeurope": 0} {
		for _, usage := range l.read("/subscriptions/" + testSubscription + "/providers/Microsoft.Compute/locations/" + where + "/usages").objects("value") {
			used, name := usage.number("currentValue"), usage.text("name", "value")
			if name == "standardEv3Family" && used != 0 || name != "standardEv3Family" && used != want || usage.number("limit") != 20 {
				t.Errorf("%s: %v", where, usage)
			}
		}
	}
}
