package capi

import (
	"strings"
	"testing"
)

// TestReleaseURL pins that clusterctl's list of providers still has the shape that a version is put into.
func TestReleaseURL(t *testing.T) {
	for _, infrastructure := range []string{"vsphere", "docker"} {
		for _, p := range Providers(infrastructure, "v1.2.3") {
			_, provider, err := releaseOf(t.Context(), p)
			if err != nil {
				t.Errorf("%s: %v", p, err)
				continue
			}
			if got := provider.URL(); !strings.Contains(got, "/releases/"+p.Version+"/") {
				t.Errorf("%s is looked for at %s, which does not name the version", p, got)
			}
		}
	}
}
