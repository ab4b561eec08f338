package vsphere

import (
	"slices"
	"testing"
)

func TestFixed(t *testing.T) {
	for name, want := range map[string]bool{
		"controlPlaneEndpoint": true, "server": true, "thumbprint": false, "datacenter": false, "network": false, "template": false, "worker": false,
	} {
		if got := slices.Contains((&Provider{}).Fixed(""), name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
