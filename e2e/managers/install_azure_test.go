//go:build e2e

package managers

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/capi"
	"github.com/slipway-sh/slipway/internal/planectl"
	"github.com/slipway-sh/slipway/providers/azure"
)

const operator = "azureserviceoperator-controller-manager"

// TestInstallAzureRunsTheOperatorToo installs the provider of two programs and has the operator convert objects between
// versions and fill them in, which only its own webhooks do.
func TestInstallAzureRunsTheOperatorToo(t *testing.T) {
	program, err := filepath.Abs("../../bin/slipway-plane")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	plane := planectl.Plane{Dir: filepath.Join(t.TempDir(), "plane"), Program: program, Repository: repository()}
	state, err := plane.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := plane.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	i := &capi.Installer{
		Kubeconfig: state.Kubeconfig, Infrastructure: "azure", Version: azure.ControllerVersion,
		Artifacts: &capi.Artifacts{Folder: repository()},
	}
	if err := i.Install(ctx, func(text string) { t.Log(text) }); err != nil {
		t.Fatal(err)
	}
	if missing, err := i.Missing(ctx); err != nil || len(missing) != 0 {
		t.Errorf("missing after the installation: %v %v", missing, err)
	}
	ready(t, plane, "capz-controller-manager", operator)

	cfg, err := clientcmd.BuildConfigFromFlags("", state.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(cfg, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("an old version is filled in and stored as a new one", func(t *testing.T) {
		old := azureObject("network.azure.com", "v1api20201101", "VirtualNetwork", "old", map[string]any{
			"location": "westeurope", "owner": map[string]any{"name": "group"},
			"addressSpace": map[string]any{"addressPrefixes": []any{"10.0.0.0/16"}},
		})
		stored(t, c, old, "v1api20240301storage", map[string]any{
			"azureName": "old", "location": "westeurope", "originalVersion": "v1api20201101",
		})
	})
	t.Run("the stored version is read as the public one", func(t *testing.T) {
		group := azureObject("resources.azure.com", "v1api20200601storage", "ResourceGroup", "stored", map[string]any{
			"azureName": "Given", "location": "westeurope", "originalVersion": "v1api20200601",
		})
		stored(t, c, group, "v1api20200601", map[string]any{"azureName": "Given", "location": "westeurope"})
	})
}

// azureObject is one that the operator leaves alone: there is no Azure here.
func azureObject(group, version, kind, name string, spec map[string]any) *unstructured.Unstructured {
	obj := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	obj.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: version, Kind: kind})
	obj.SetNamespace("default")
	obj.SetName(name)
	obj.SetAnnotations(map[string]string{"serviceoperator.azure.com/reconcile-policy": "skip"})
	return obj
}

// stored creates an object and compares the fields of its specification in another version.
func stored(t *testing.T, c client.Client, obj *unstructured.Unstructured, version string, want map[string]any) {
	t.Helper()
	if err := c.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	kind := obj.GroupVersionKind()
	kind.Version = version
	converted := &unstructured.Unstructured{}
	converted.SetGroupVersionKind(kind)
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(obj), converted); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for field := range want {
		got[field], _, _ = unstructured.NestedFieldNoCopy(converted.Object, "spec", field)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// ready expects each of these controllers to run, and to have been started once.
func ready(t *testing.T, plane planectl.Plane, names ...string) {
	t.Helper()
	state, err := plane.Status()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]planectl.Controller{}
	for _, c := range state.Controllers {
		found[c.Name] = c
	}
	for _, name := range names {
		c := found[name]
		t.Logf("%s %s uses %d MiB, restarts %d", name, c.Version, c.RSSBytes>>20, c.Restarts)
		if !c.Ready || c.Restarts != 0 {
			log, err := os.ReadFile(c.Log)
			t.Errorf("%s is not well: %+v\n%s%v", name, c, log, err)
		}
	}
}
