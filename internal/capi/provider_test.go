package capi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProvidersNamesAsClusterctl(t *testing.T) {
	list := Providers("vsphere", "v1.14.0")
	var got [][2]string
	for _, p := range list {
		got = append(got, [2]string{p.Label(), p.ComponentsFile()})
	}
	want := [][2]string{
		{"cluster-api", "core-components.yaml"},
		{"bootstrap-kubeadm", "bootstrap-components.yaml"},
		{"control-plane-kubeadm", "control-plane-components.yaml"},
		{"infrastructure-vsphere", "infrastructure-components.yaml"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
