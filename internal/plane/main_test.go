package plane_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/plane/planetest"
)

var (
	shared         planetest.Shared
	regexpDocument = regexp.MustCompile(`(?m)^---\n`)
)

func TestMain(m *testing.M) {
	if planetest.IsManager() {
		os.Exit(planetest.RunManager())
	}
	os.Exit(shared.Main(m))
}

// patience is for a machine that is busy with everything else; nothing here takes a tenth of it.
const patience = time.Minute

func newClient(t *testing.T, p *planetest.Plane) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	builder := runtime.NewSchemeBuilder(corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme, admissionv1.AddToScheme, apiextensionsv1.AddToScheme)
	if err := builder.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(p.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// create reads objects from testdata and creates them in the namespace; $NAMESPACE in a value stands for it.
func create(t *testing.T, c client.Client, namespace, file string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	text := os.Expand(string(raw), func(name string) string {
		if name == "NAMESPACE" {
			return namespace
		}
		return "$(" + name + ")"
	})
	for _, document := range splitYAML(text) {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
		}
		if object.GetNamespace() == "" {
			t.Cleanup(func() { _ = c.Delete(context.Background(), object) })
		}
	}
}

func splitYAML(text string) []string {
	var out []string
	for _, document := range regexpDocument.Split(text, -1) {
		if document != "" {
			out = append(out, document)
		}
	}
	return out
}

// eventually fails the test with what the last look said.
func eventually(t *testing.T, what string, look func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ok, said := look()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so, at last: %s", what, said)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func gone(c client.Client, o client.Object) func() (bool, string) {
	return func() (bool, string) {
		err := c.Get(context.Background(), client.ObjectKeyFromObject(o), o)
		if err == nil {
			return false, "it is there"
		}
		return client.IgnoreNotFound(err) == nil, err.Error()
	}
}

func configMap(namespace, name string, owners ...metav1.OwnerReference) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, OwnerReferences: owners}}
}
