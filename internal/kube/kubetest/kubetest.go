// Package kubetest gives tests a management cluster to talk to: a real API server with Cluster API's types in it, and a
// stand-in for Cluster API's controllers where a test needs their answers. No controller of Cluster API runs; that is
// the rehearsal tier's.
package kubetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/kube"
)

// InfraGroup is the API group of the infrastructure provider that exists only in tests.
const InfraGroup = "infrastructure.cluster.x-k8s.io"

// Client connects to a management cluster and installs Cluster API's types and those of a test infrastructure.
func Client(t testing.TB, config *rest.Config) *kube.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	must(t, apiextensionsv1.AddToScheme(scheme))
	api, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)
	var crds []*apiextensionsv1.CustomResourceDefinition
	for _, folder := range []string{"core", "controlplane/kubeadm", "bootstrap/kubeadm"} {
		crds = append(crds, readCRDs(t, filepath.Join(moduleDir(t, "sigs.k8s.io/cluster-api"), folder, "config/crd/bases"))...)
	}
	for _, kind := range []string{"TestCluster", "TestMachine", "TestMachinePool"} {
		crds = append(crds, testCRD(kind, "v1beta1"))
	}
	crds = append(crds, resourceCRD())
	install(t, api, crds)
	c, err := kube.ForConfig(config)
	must(t, err)
	return c
}

// Infrastructure installs types of an infrastructure that take any content, for templates of a real one.
func Infrastructure(t testing.TB, config *rest.Config, version string, kinds ...string) {
	t.Helper()
	scheme := runtime.NewScheme()
	must(t, apiextensionsv1.AddToScheme(scheme))
	api, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)
	var crds []*apiextensionsv1.CustomResourceDefinition
	for _, kind := range kinds {
		crds = append(crds, testCRD(kind, version))
	}
	install(t, api, crds)
}

func install(t testing.TB, api client.Client, crds []*apiextensionsv1.CustomResourceDefinition) {
	t.Helper()
	for _, crd := range crds {
		if err := api.Create(t.Context(), crd); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	for _, crd := range crds {
		awaitServed(t, api, crd.Name)
	}
}

func readCRDs(t testing.TB, folder string) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	must(t, err)
	if len(files) == 0 {
		t.Fatalf("no CRDs in %s", folder)
	}
	var out []*apiextensionsv1.CustomResourceDefinition
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		crd := &apiextensionsv1.CustomResourceDefinition{}
		must(t, yaml.Unmarshal(raw, crd))
		out = append(out, crd)
	}
	return out
}

// testCRD is a type that takes any content.
func testCRD(kind, version string) *apiextensionsv1.CustomResourceDefinition {
	yes, plural := true, strings.ToLower(kind)+"s"
	anything := &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &yes}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + InfraGroup},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: InfraGroup, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Kind: kind, ListKind: kind + "List"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: anything},
			}},
		},
	}
}

func awaitServed(t testing.TB, api client.Client, name string) {
	t.Helper()
	Eventually(t, "CRD "+name+" served", func(ctx context.Context) (bool, error) {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := api.Get(ctx, client.ObjectKey{Name: name}, crd); err != nil {
			return false, err
		}
		for _, c := range crd.Status.Conditions {
			if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
}

// Eventually looks until see says yes, and fails the test after a minute, which is far more than anything here takes.
func Eventually(t testing.TB, what string, see func(ctx context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		ok, err := see(ctx)
		if err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: still not so (last error: %v)", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func moduleDir(t testing.TB, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("set up: %w", err))
	}
}
