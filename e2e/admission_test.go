//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/capi"
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/azure"
	"github.com/slipway-sh/slipway/providers/vsphere"
	"github.com/slipway-sh/slipway/templates"
)

// TestAdmission applies what is rendered to a plane with the real controllers and their webhooks, without any vCenter,
// and looks at what the topology controller makes of it.
func TestAdmission(t *testing.T) {
	t.Parallel()
	api := managementPlane(t, "vsphere")
	t.Run("every variable", func(t *testing.T) { admitEveryVariable(t, api) })
	t.Run("required variables only", func(t *testing.T) { admitRequiredOnly(t, api) })
	t.Run("refusals name the variable", func(t *testing.T) { refuseByName(t, api) })
}

func admitEveryVariable(t *testing.T, api *kube.Client) {
	const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
	size := func(cpus int) map[string]any {
		return map[string]any{"numCPUs": cpus, "memoryMiB": 16384, "diskGiB": 80}
	}
	objects := clusterObjects(t, "full", "team-a", nil, map[string]any{
		"thumbprint": "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD", "datastore": "/DC0/datastore/ssd",
		"folder": "/DC0/vm/clusters", "resourcePool": "/DC0/host/C0/Resources/k8s", "cloneMode": "linkedClone",
		"storagePolicy": "gold", "vipInterface": "eth0", "sshKey": "ssh-ed25519 AAAAC3Nz user@example.org",
		"controlPlane": size(4), "worker": size(6),
		"controlPlaneEndpoint": map[string]any{"host": "10.20.0.6", "port": 8443},
		"proxy":                map[string]any{"secretName": "full-vsphere", "ca": certificate},
		"registry":             map[string]any{"mirror": "harbor.example.org/k8s", "ca": certificate},
	})
	pools := &objects.Cluster.Spec.Topology.Workers.MachineDeployments
	*pools = append(*pools, clusterv1.MachineDeploymentTopology{
		Class: render.PoolClass, Name: "large", Replicas: new(int32),
		Variables: clusterv1.MachineDeploymentVariables{Overrides: []clusterv1.ClusterVariable{
			{Name: "worker", Value: apiextensionsv1.JSON{Raw: []byte(`{"numCPUs":16}`)}},
		}},
	})
	apply(t, api, objects)
	reconciled(t, api, objects)

	wantHealthChecks(t, api, "team-a", 3) // the control plane's and one of each pool
	vsphere := get(t, api, "VSphereCluster", "full", objects)
	want(t, vsphere, "full-vsphere", "spec", "identityRef", "name")
	want(t, vsphere, int64(8443), "spec", "controlPlaneEndpoint", "port")
	kubeadm := get(t, api, "KubeadmControlPlane", "full-control-plane", objects)
	want(t, kubeadm, int64(8443), "spec", "kubeadmConfigSpec", "initConfiguration", "localAPIEndpoint", "bindPort")
	for pool, cpus := range map[string]int64{"md-0": 6, "large": 16} {
		deployment := get(t, api, "MachineDeployment", "full-"+pool, objects)
		name, _, _ := unstructured.NestedString(deployment.Object, "spec", "template", "spec", "infrastructureRef", "name")
		want(t, get(t, api, "VSphereMachineTemplate", name, objects), cpus, "spec", "template", "spec", "numCPUs")
	}
}

func admitRequiredOnly(t *testing.T, api *kube.Client) {
	objects := clusterObjects(t, "small", "default", map[string]string{"ENABLE_MHC": "false"}, nil)
	apply(t, api, objects)
	reconciled(t, api, objects)
	name, _, _ := unstructured.NestedString(get(t, api, "KubeadmControlPlane", "small-control-plane", objects).Object,
		"spec", "machineTemplate", "spec", "infrastructureRef", "name")
	machine := get(t, api, "VSphereMachineTemplate", name, objects)
	want(t, machine, "fullClone", "spec", "template", "spec", "cloneMode")
	want(t, machine, int64(8192), "spec", "template", "spec", "memoryMiB")
	wantHealthChecks(t, api, "default", 0)
}

func wantHealthChecks(t *testing.T, api *kube.Client, namespace string, count int) {
	t.Helper()
	checks := &unstructured.UnstructuredList{}
	checks.SetGroupVersionKind(clusterv1.GroupVersion.WithKind("MachineHealthCheckList"))
	if err := api.API().List(t.Context(), checks, client.InNamespace(namespace)); err != nil || len(checks.Items) != count {
		t.Errorf("%d health checks in %s, not %d (%v)", len(checks.Items), namespace, count, err)
	}
}

func refuseByName(t *testing.T, api *kube.Client) {
	for variable, value := range map[string]any{
		"server": "https://vc.example.org", "thumbprint": "AA", "cloneMode": "copy", "network": 7,
		"controlPlane": map[string]any{"numCPUs": 1}, "registry": map[string]any{"insecure": true},
	} {
		refuse(t, api, clusterObjects(t, "refused", "default", nil, nil), variable, value)
	}
}

// refuse wants the API server to refuse a Cluster with this value, and to name the variable.
func refuse(t *testing.T, api *kube.Client, objects *render.Objects, variable string, value any) {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	variables := &objects.Cluster.Spec.Topology.Variables
	kept := (*variables)[:0]
	for _, v := range *variables {
		if v.Name != variable {
			kept = append(kept, v)
		}
	}
	*variables = append(kept, clusterv1.ClusterVariable{Name: variable, Value: apiextensionsv1.JSON{Raw: raw}})
	err = api.Apply(t.Context(), objects.Cluster)
	if err == nil || !strings.Contains(err.Error(), variable) {
		t.Errorf("refusal of %s = %s does not name it: %v", variable, raw, err)
	}
}

func clusterObjects(t *testing.T, name, namespace string, configuration map[string]string, variables map[string]any) *render.Objects {
	t.Helper()
	c, err := config.Load(config.Options{Home: t.TempDir(), Flags: configuration})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{
		"server": "vc.example.invalid", "datacenter": "/DC0", "network": "VM Network", "template": "ubuntu-2404-kube-v1.36.3",
		"controlPlaneEndpoint": map[string]any{"host": "10.20.0.5"},
	}
	maps.Copy(values, variables)
	objects, err := render.Cluster(render.Input{
		Infrastructure: "vsphere", Templates: templates.FS(),
		Request: providers.Request{Config: c, Name: name, Namespace: namespace, Plan: "dev", ControlPlane: 1, Workers: 1},
		Values: providers.Values{
			KubernetesVersion: "v1.36.3", Variables: values,
			Credentials: map[string][]byte{"username": []byte("user"), "password": []byte("pass")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func apply(t *testing.T, api *kube.Client, objects *render.Objects) {
	t.Helper()
	if err := api.EnsureNamespace(t.Context(), objects.Cluster.Namespace); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := api.ApplyClass(ctx, objects.Class); err != nil {
		t.Fatal(err)
	}
	if err := api.Apply(ctx, objects.ApplyOrder()...); err != nil {
		t.Fatal(err)
	}
}

// reconciled waits until the topology controller has made every object of the topology.
func reconciled(t *testing.T, api *kube.Client, objects *render.Objects) {
	t.Helper()
	eventually(t, time.Minute, func() (string, bool) {
		cluster, err := api.Cluster(t.Context(), client.ObjectKeyFromObject(objects.Cluster))
		if err != nil {
			return err.Error(), false
		}
		for _, c := range cluster.Status.Conditions {
			if c.Type == clusterv1.ClusterTopologyReconciledCondition {
				return c.Message, c.Status == "True" && c.ObservedGeneration == cluster.Generation
			}
		}
		return "no condition TopologyReconciled", false
	})
}

func get(t *testing.T, api *kube.Client, kind, name string, objects *render.Objects) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(map[string]string{
		"VSphereCluster":         "infrastructure.cluster.x-k8s.io/v1beta1",
		"VSphereMachineTemplate": "infrastructure.cluster.x-k8s.io/v1beta1",
		"AWSCluster":             "infrastructure.cluster.x-k8s.io/v1beta2",
		"AWSMachineTemplate":     "infrastructure.cluster.x-k8s.io/v1beta2",
		"AWSManagedControlPlane": "controlplane.cluster.x-k8s.io/v1beta2",
		"AWSManagedMachinePool":  "infrastructure.cluster.x-k8s.io/v1beta2",
		"AzureCluster":           azureAPI, "AzureMachineTemplate": azureAPI,
		"AzureASOManagedCluster": azureAPI, "AzureASOManagedControlPlane": azureAPI, "AzureASOManagedMachinePool": azureAPI,
		"KubeadmControlPlane": "controlplane.cluster.x-k8s.io/v1beta2",
		"MachineDeployment":   clusterv1.GroupVersion.String(),
		"MachinePool":         clusterv1.GroupVersion.String(),
	}[kind])
	object.SetKind(kind)
	key := client.ObjectKey{Namespace: objects.Cluster.Namespace, Name: name}
	if err := api.API().Get(t.Context(), key, object); err != nil {
		t.Fatal(err)
	}
	return object
}

func want(t *testing.T, object *unstructured.Unstructured, value any, path ...string) {
	t.Helper()
	got, _, err := unstructured.NestedFieldNoCopy(object.Object, path...)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(value) {
		t.Errorf("%s %s: %s is %v, not %v (%v)", object.GetKind(), object.GetName(), strings.Join(path, "."), got, value, err)
	}
}

// managementPlane starts a plane of its own and installs the providers of an infrastructure into it.
func managementPlane(t *testing.T, infrastructure string) *kube.Client {
	t.Helper()
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "plane.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program("slipway-plane"), "--dir", dir, "--repository", repository(t))
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("run make build first: %v", err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the plane: %v", err)
		}
		if raw, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s", raw[max(0, len(raw)-5000):])
		}
	})
	kubeconfig := filepath.Join(dir, "admin.kubeconfig")
	eventually(t, time.Minute, func() (string, bool) {
		_, err := os.Stat(filepath.Join(dir, "state.json"))
		return "the plane is not up", err == nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	installer := &capi.Installer{
		Kubeconfig: kubeconfig, Infrastructure: infrastructure, Artifacts: &capi.Artifacts{Folder: repository(t)},
		Version:   map[string]string{"vsphere": vsphere.ControllerVersion, "aws": aws.ControllerVersion, "azure": azure.ControllerVersion}[infrastructure],
		Variables: map[string]string{"VSPHERE_USERNAME": "", "VSPHERE_PASSWORD": "", "AWS_B64ENCODED_CREDENTIALS": "", "EXP_MACHINE_POOL": "true"},
	}
	if err := installer.Install(ctx, func(m string) { t.Log(m) }); err != nil {
		t.Fatal(err)
	}
	api, err := kube.Connect(kubeconfig, "")
	if err != nil {
		t.Fatal(err)
	}
	return api
}
