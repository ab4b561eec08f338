package render

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	addonsv1 "sigs.k8s.io/cluster-api/api/addons/v1beta2"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// maxConfigMap is what one ConfigMap may hold; the API server refuses more.
const maxConfigMap = 1 << 20

// addAddons adds one ClusterResourceSet with everything that is applied inside the cluster: the cloud provider, without
// which no node gets a provider ID, and the user's own manifests, of which one is the pod network.
//
// Where the cloud runs the control plane, the cloud provider and a pod network come with it. A cluster in which no pod
// runs gets nothing.
func (o *Objects) addAddons(in Input, class *class) error {
	if in.Values.NoAddons {
		return nil
	}
	manifests := map[string]string{}
	cloud, credentials, err := cloudProvider(in, class, o.Cluster.Spec.Topology.Version)
	if err != nil {
		return err
	}
	if cloud != "" {
		manifests["cloud-provider"] = cloud
	}
	own, err := userManifests(in.Addons)
	if err != nil {
		return err
	}
	maps.Copy(manifests, own)
	if !class.managed() {
		o.Findings = append(o.Findings, podNetworkFinding(in, own)...)
		o.Findings = append(o.Findings, cloudProviderFinding(in, cloud, own)...)
	}

	set := &addonsv1.ClusterResourceSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: addonsv1.GroupVersion.String(), Kind: "ClusterResourceSet"},
		ObjectMeta: metav1.ObjectMeta{Name: in.Request.Name + "-addons", Namespace: in.Request.Namespace, Labels: ownLabels(in)},
		Spec: addonsv1.ClusterResourceSetSpec{
			ClusterSelector: metav1.LabelSelector{MatchLabels: map[string]string{clusterv1.ClusterNameLabel: in.Request.Name}},
			Strategy:        string(addonsv1.ClusterResourceSetStrategyReconcile),
		},
	}
	if credentials != nil {
		o.Secrets = append(o.Secrets, credentials)
		set.Spec.Resources = append(set.Spec.Resources, addonsv1.ResourceRef{Kind: "Secret", Name: credentials.Name})
	}
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		configMap := &corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Name: in.Request.Name + "-" + name, Namespace: in.Request.Namespace, Labels: ownLabels(in)},
			Data:       map[string]string{name + ".yaml": manifests[name]},
		}
		if err := o.addAddon(configMap); err != nil {
			return err
		}
		set.Spec.Resources = append(set.Spec.Resources, addonsv1.ResourceRef{Kind: "ConfigMap", Name: configMap.Name})
	}
	if len(set.Spec.Resources) == 0 {
		return nil
	}
	return o.addAddon(set)
}

func (o *Objects) addAddon(object any) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return fmt.Errorf("write add-on: %w", err)
	}
	delete(content, "status")
	o.Addons = append(o.Addons, &unstructured.Unstructured{Object: content})
	return nil
}

// userManifests reads the user's add-ons: file name without its ending -> content.
func userManifests(addons fs.FS) (map[string]string, error) {
	out := map[string]string{}
	if addons == nil {
		return out, nil
	}
	names, err := fs.Glob(addons, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list add-ons: %w", err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(addons, name)
		if err != nil {
			return nil, fmt.Errorf("read add-on: %w", err)
		}
		if len(content) >= maxConfigMap {
			return nil, fmt.Errorf("add-on %s is %d KiB, and a ConfigMap holds %d: split it into several files",
				name, len(content)>>10, maxConfigMap>>10)
		}
		out["addon-"+strings.ToLower(strings.TrimSuffix(name, path.Ext(name)))] = string(content)
	}
	return out, nil
}

// podNetworkFinding warns when the configuration asks for a pod network whose manifest is not there.
func podNetworkFinding(in Input, own map[string]string) uerr.Findings {
	if in.Request.Config == nil {
		return nil
	}
	cni := in.Request.Config.String("CNI")
	if cni == "" || cni == "none" {
		return nil
	}
	for name := range own {
		if strings.Contains(name, cni) {
			return nil
		}
	}
	return uerr.Findings{{
		Severity: uerr.Warning,
		Where:    in.Request.Config.Origin("CNI").Where,
		Problem:  fmt.Sprintf("CNI is %s, and no manifest of it is in Slipway's home: nodes will not become ready by themselves", cni),
		Next:     fmt.Sprintf("save the manifest of %s as addons/%s.yaml in Slipway's home, or set CNI: none", cni, cni),
	}}
}

// joinManifests writes objects as one multi-document file.
func joinManifests(objects []*unstructured.Unstructured) (string, error) {
	var b bytes.Buffer
	for i, o := range objects {
		if i > 0 {
			b.WriteString("---\n")
		}
		document, err := marshal(o)
		if err != nil {
			return "", fmt.Errorf("write %s %s: %w", o.GetKind(), o.GetName(), err)
		}
		b.Write(document)
	}
	return b.String(), nil
}
