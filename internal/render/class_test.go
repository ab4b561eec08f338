package render_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	bootstrapv1 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	controlplanev1 "sigs.k8s.io/cluster-api/api/controlplane/kubeadm/v1beta2"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	runtimehooksv1 "sigs.k8s.io/cluster-api/api/runtime/hooks/v1alpha1"
	"sigs.k8s.io/cluster-api/core/reconcilers/topology/cluster/patches/inline"
	patchvariables "sigs.k8s.io/cluster-api/core/reconcilers/topology/cluster/patches/variables"
	"sigs.k8s.io/cluster-api/core/webhooks/admission"
	"sigs.k8s.io/cluster-api/feature"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/render"
)

// The tests of this file put the ClusterClass through upstream's own code: its webhook, its variables, its patches.
// That an API server admits the result is tested in e2e.

func TestWebhookAdmitsTheClass(t *testing.T) {
	if err := feature.MutableGates.Set("ClusterTopology=true"); err != nil {
		t.Fatal(err)
	}
	for name, input := range classes() {
		class := typedClass(t, rendered(t, input(t)))
		if _, err := (&admission.ClusterClass{}).ValidateCreate(t.Context(), class); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// classes is a cluster of each class.
func classes() map[string]func(testing.TB) render.Input {
	return map[string]func(testing.TB) render.Input{"vSphere": dev, "AWS": awsDev, "EKS": eks, "AKS": aks, "Azure VMs": azureDev, "in memory": memoryDev}
}

func TestPatchedGolden(t *testing.T) {
	withPassword := func(t testing.TB) render.Input {
		in := prod(t)
		in.Values.Variables["proxy"] = map[string]any{"secretName": "prod1-vsphere"}
		in.Values.Variables["registry"] = map[string]any{"mirror": "https://harbor.example.org:5000/", "insecure": true}
		return in
	}
	for name, input := range map[string]func(testing.TB) render.Input{
		"vsphere/dev": dev, "vsphere/prod": prod, "vsphere/proxy-password": withPassword,
		"aws/dev": awsDev, "aws/prod": awsProd, "aws/eks": eks, "azure/aks": aks, "azure/aks-prod": aksProd, "azure/aks-virtual": aksVirtual,
		"azure/dev": azureDev, "azure/prod": azureProd, "docker/dev": memoryDev,
	} {
		t.Run(name, func(t *testing.T) {
			patched := patch(t, rendered(t, input(t)))
			golden(t, filepath.Join("testdata", filepath.FromSlash(name), "patched.yaml"), documents(t, patched))
		})
	}
}

func TestPatchedTemplatesAreWhatUpstreamReads(t *testing.T) {
	for _, object := range slices.Concat(patch(t, rendered(t, prod(t))), patch(t, rendered(t, awsProd(t))), patch(t, rendered(t, azureProd(t)))) {
		into := map[string]any{
			"KubeadmControlPlaneTemplate": &controlplanev1.KubeadmControlPlaneTemplate{},
			"KubeadmConfigTemplate":       &bootstrapv1.KubeadmConfigTemplate{},
		}[object.GetKind()]
		if into == nil {
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(document(t, object)), into); err != nil {
			t.Errorf("%s: %v", object.GetKind(), err)
		}
	}
}

func TestEveryVariableIsUsedAndEveryUsedOneIsDefined(t *testing.T) {
	for name, input := range classes() {
		t.Run(name, func(t *testing.T) { variablesAreUsed(t, typedClass(t, rendered(t, input(t)))) })
	}
}

func variablesAreUsed(t *testing.T, class *clusterv1.ClusterClass) {
	defined, used := map[string]bool{}, map[string]bool{}
	for _, v := range class.Spec.Variables {
		defined[v.Name] = true
		if v.Schema.OpenAPIV3Schema.Description == "" {
			t.Errorf("variable %s has no description", v.Name)
		}
	}
	inTemplate := regexp.MustCompile(`[\s({]\.([A-Za-z][A-Za-z0-9]*)`)
	for _, p := range class.Spec.Patches {
		texts := []string{p.EnabledIf}
		for _, d := range p.Definitions {
			for _, j := range d.JSONPatches {
				if j.ValueFrom != nil {
					texts = append(texts, j.ValueFrom.Template)
					used[strings.Split(j.ValueFrom.Variable, ".")[0]] = true
				}
			}
		}
		for _, action := range regexp.MustCompile(`{{.*?}}`).FindAllString(strings.Join(texts, "\n"), -1) {
			for _, m := range inTemplate.FindAllStringSubmatch(action, -1) {
				used[m[1]] = true
			}
		}
	}
	delete(used, "builtin")
	delete(used, "")
	for name := range used {
		if !defined[name] {
			t.Errorf("a patch uses %s, which is not defined", name)
		}
	}
	for name := range defined {
		if !used[name] {
			t.Errorf("variable %s is defined, and no patch uses it", name)
		}
	}
}

func TestRefusalsNameTheVariable(t *testing.T) {
	for name, tc := range map[string]struct {
		variable string
		value    any
	}{
		"vCenter with a path":          {"server", "vc.example.org/sdk"},
		"half a thumbprint":            {"thumbprint", "AA:BB"},
		"clone mode of another world":  {"cloneMode", "copy"},
		"endpoint with its port":       {"controlPlaneEndpoint", map[string]any{"host": "10.0.0.1:6443"}},
		"endpoint without a host":      {"controlPlaneEndpoint", map[string]any{"port": 6443}},
		"port out of range":            {"controlPlaneEndpoint", map[string]any{"host": "10.0.0.1", "port": 70000}},
		"private key":                  {"sshKey", "-----BEGIN OPENSSH PRIVATE KEY-----"},
		"too few CPUs":                 {"controlPlane", map[string]any{"numCPUs": 1}},
		"memory as text":               {"worker", map[string]any{"memoryMiB": "4096"}},
		"misspelt size":                {"worker", map[string]any{"cpus": 2}},
		"proxy without a scheme":       {"proxy", map[string]any{"http": "proxy:3128"}},
		"proxy with a password":        {"proxy", map[string]any{"http": "http://user:pw@proxy:3128"}},
		"certificate still in base64":  {"registry", map[string]any{"mirror": "h", "ca": "LS0t"}},
		"registry without the mirror":  {"registry", map[string]any{"insecure": true}},
		"interface with a blank":       {"vipInterface", "eth 0"},
		"network that is not a string": {"network", 7},
	} {
		t.Run(name, func(t *testing.T) { refused(t, prod(t), tc.variable, tc.value) })
	}
}

// refused wants Cluster API to refuse a value, and to say of which variable.
func refused(t *testing.T, in render.Input, variable string, value any) {
	t.Helper()
	if _, err := defaulted(t, rendered(t, in)); err != nil {
		t.Fatalf("refused without %s: %v", variable, err)
	}
	in.Values.Variables[variable] = value
	_, err := defaulted(t, rendered(t, in))
	if err == nil || !strings.Contains(err.Error(), `"`+variable+`"`) && !strings.Contains(err.Error(), "["+variable+"]") {
		t.Errorf("refusal does not name %s: %v", variable, err)
	}
}

// defaulted gives the Cluster as the webhook would store it, or the webhook's refusal.
func defaulted(t *testing.T, objects *render.Objects) (*clusterv1.Cluster, error) {
	t.Helper()
	class := typedClass(t, objects)
	for _, v := range class.Spec.Variables {
		class.Status.Variables = append(class.Status.Variables, clusterv1.ClusterClassStatusVariable{
			Name: v.Name,
			Definitions: []clusterv1.ClusterClassStatusVariableDefinition{{
				From: clusterv1.VariableDefinitionFromInline, Required: v.Required, Schema: v.Schema,
			}},
		})
	}
	cluster := objects.Cluster.DeepCopy()
	return cluster, (&admission.Cluster{}).DefaultAndValidateVariables(t.Context(), cluster, nil, class).ToAggregate()
}

// patch gives the templates as the topology controller would make them for the Cluster.
func patch(t *testing.T, objects *render.Objects) []*unstructured.Unstructured {
	t.Helper()
	cluster, err := defaulted(t, objects)
	if err != nil {
		t.Fatal(err)
	}
	class := typedClass(t, objects)
	names := map[string]bool{runtimehooksv1.BuiltinsName: true}
	for _, v := range class.Spec.Variables {
		names[v.Name] = true
	}
	global, err := patchvariables.Global(cluster.Spec.Topology, cluster, names)
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for _, template := range objects.Class[:len(objects.Class)-1] {
		if template.GetKind() == "CustomResourceDefinition" {
			continue
		}
		item := requestItem(template)
		for i := range class.Spec.Patches {
			item.Object.Object = applyPatch(t, &class.Spec.Patches[i], global, item)
		}
		out = append(out, item.Object.Object.(*unstructured.Unstructured))
	}
	return out
}

// requestItem says where a template hangs in the cluster, which is what patches select by.
func requestItem(template *unstructured.Unstructured) runtimehooksv1.GeneratePatchesRequestItem {
	item := runtimehooksv1.GeneratePatchesRequestItem{
		UID: types.UID(template.GetName()), Object: runtime.RawExtension{Object: template.DeepCopy()},
	}
	worker, builtin := "MachineDeployment", "machineDeployment"
	if kind := template.GetKind(); strings.HasSuffix(kind, "ManagedMachinePoolTemplate") || kind == "NodeadmConfigTemplate" {
		worker, builtin = "MachinePool", "machinePool"
	}
	builtins := func(json string) []runtimehooksv1.Variable {
		return []runtimehooksv1.Variable{{Name: runtimehooksv1.BuiltinsName, Value: apiextensionsv1.JSON{Raw: []byte(json)}}}
	}
	variables := builtins(`{"` + builtin + `":{"class":"worker","topologyName":"user1","infrastructureRef":{"name":"machine-template"}}}`)
	reference := &item.HolderReference
	switch kind := template.GetKind(); {
	case strings.HasSuffix(kind, "ClusterTemplate"):
		reference.Kind, reference.FieldPath = "Cluster", "spec.infrastructureRef"
	case strings.HasSuffix(kind, "ControlPlaneTemplate"):
		reference.Kind, reference.FieldPath = "Cluster", "spec.controlPlaneRef"
		item.Variables = builtins(`{"controlPlane":{"machineTemplate":{"infrastructureRef":{"name":"machine-template"}}}}`)
	case strings.HasSuffix(kind, "ConfigTemplate"):
		reference.Kind, reference.FieldPath = worker, "spec.template.spec.bootstrap.configRef"
		item.Variables = variables
	case strings.Contains(template.GetName(), "control-plane"):
		reference.Kind, reference.FieldPath = "KubeadmControlPlane", "spec.machineTemplate.spec.infrastructureRef"
	default:
		reference.Kind, reference.FieldPath = worker, "spec.template.spec.infrastructureRef"
		item.Variables = variables
	}
	return item
}

func applyPatch(t *testing.T, p *clusterv1.ClusterClassPatch, global []runtimehooksv1.Variable, item runtimehooksv1.GeneratePatchesRequestItem) *unstructured.Unstructured {
	t.Helper()
	response, err := inline.NewGenerator(p).Generate(context.Background(), nil, &runtimehooksv1.GeneratePatchesRequest{
		Variables: global, Items: []runtimehooksv1.GeneratePatchesRequestItem{item},
	})
	if err != nil {
		t.Fatalf("patch %s: %v", p.Name, err)
	}
	object := item.Object.Object.(*unstructured.Unstructured)
	for _, r := range response.Items {
		operations, err := jsonpatch.DecodePatch(r.Patch)
		if err != nil {
			t.Fatalf("patch %s: %v", p.Name, err)
		}
		before, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		after, err := operations.Apply(before)
		if err != nil {
			t.Fatalf("patch %s on %s: %v", p.Name, object.GetKind(), err)
		}
		object = &unstructured.Unstructured{}
		if err := json.Unmarshal(after, object); err != nil {
			t.Fatal(err)
		}
	}
	return object
}

func typedClass(t *testing.T, objects *render.Objects) *clusterv1.ClusterClass {
	t.Helper()
	class := &clusterv1.ClusterClass{}
	root := objects.Class[len(objects.Class)-1]
	if err := yaml.UnmarshalStrict([]byte(document(t, root)), class); err != nil {
		t.Fatal(fmt.Errorf("ClusterClass: %w (kinds %v)", err, slices.Sorted(maps.Keys(root.Object))))
	}
	return class
}
