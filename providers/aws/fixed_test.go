package aws

import (
	"slices"
	"testing"
)

func TestFixed(t *testing.T) {
	for name, classes := range map[string]map[string]bool{ // variable -> class -> fixed
		"region":          {"": true, classEKS: true},
		"network.vpcId":   {"": true, classEKS: true},
		"network.vpcCidr": {"": true, classEKS: true},
		"network":         {"": false, classEKS: false},
		"network.subnets": {"": false, classEKS: false},
		"loadBalancer":    {"": true, classEKS: false},
		"worker":          {"": false, classEKS: true},
		"tags":            {"": false, classEKS: false},
		"ami":             {"": false, classEKS: false},
	} {
		for class, want := range classes {
			if got := slices.Contains((&Provider{}).Fixed(class), name); got != want {
				t.Errorf("%s of class %q: %v", name, class, got)
			}
		}
	}
}
