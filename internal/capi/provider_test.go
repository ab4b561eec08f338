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

func TestManagerImage(t *testing.T) {
	got, err := managerImage(components("registry.example/capv:v1"))
	if err != nil || got != "registry.example/capv:v1" {
		t.Errorf("image is %q, %v", got, err)
	}
	if _, err := managerImage([]byte("kind: Namespace\napiVersion: v1\nmetadata: {name: x}\n")); err == nil {
		t.Error("components without a Deployment were accepted")
	}
}
