package azure

import (
	"slices"
	"testing"
)

func TestFixed(t *testing.T) {
	for name, classes := range map[string]map[string]bool{ // variable -> class -> fixed
		"location":                 {"": true, classVM: true},
		"subscription":             {"": true, classVM: true},
		"resourceGroup":            {"": true, classVM: true},
		"network":                  {"": true, classVM: true},
		"privateCluster":           {"": true, classVM: true},
		"frontendIP":               {"": false, classVM: true},
		"environment":              {"": false, classVM: true},
		"kubernetes.networkPlugin": {"": true, classVM: false},
		"kubernetes.serviceCidr":   {"": true, classVM: false},
		"kubernetes.dnsServiceIP":  {"": true, classVM: false},
		"pool.vmSize":              {"": true, classVM: false},
		"pool.zones":               {"": true, classVM: false},
		"pool.taints":              {"": false, classVM: false},
		"tier":                     {"": false, classVM: false},
		"tags":                     {"": false, classVM: false},
		"identity":                 {"": false, classVM: false},
	} {
		for class, want := range classes {
			if got := slices.Contains((&Provider{}).Fixed(class), name); got != want {
				t.Errorf("%s of class %q: %v", name, class, got)
			}
		}
	}
}
