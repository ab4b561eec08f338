package kubetest

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
)

// ClassName is the name of Class's ClusterClass.
const ClassName = "slipway-test-abc123"

// Cluster asks for one control plane machine and one worker in pool md-0.
func Cluster(namespace, name string) *clusterv1.Cluster {
	one := int32(1)
	return &clusterv1.Cluster{
		TypeMeta:   metav1.TypeMeta{APIVersion: clusterv1.GroupVersion.String(), Kind: "Cluster"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: owned(name)},
		Spec: clusterv1.ClusterSpec{Topology: clusterv1.Topology{
			ClassRef: clusterv1.ClusterClassRef{Name: ClassName}, Version: "v1.36.3",
			ControlPlane: clusterv1.ControlPlaneTopology{Replicas: &one},
			Workers: clusterv1.WorkersTopology{MachineDeployments: []clusterv1.MachineDeploymentTopology{
				{Class: "worker", Name: "md-0", Replicas: &one},
			}},
		}},
	}
}

// Identity is a Secret with credentials.
func Identity(namespace, cluster string) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: cluster + "-test", Labels: owned(cluster)},
		Data:       map[string][]byte{"username": []byte("u"), "password": []byte("hunter2")},
	}
}

// Class is a template and a ClusterClass that names it. Its workers of class worker are machine deployments, those of
// class system machine pools.
func Class(namespace string) []*unstructured.Unstructured {
	template := Infra("TestCluster", namespace, ClassName, "")
	template.SetLabels(map[string]string{kube.ManagedByLabel: kube.FieldOwner})
	class := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"infrastructure": map[string]any{"templateRef": ref("TestClusterTemplate")},
		"controlPlane":   map[string]any{"templateRef": ref("TestControlPlaneTemplate")},
		"workers": map[string]any{
			"machineDeployments": []any{workers(kube.WorkerClass)}, "machinePools": []any{workers(kube.SystemClass)},
		},
	}}}
	class.SetGroupVersionKind(clusterv1.GroupVersion.WithKind("ClusterClass"))
	class.SetNamespace(namespace)
	class.SetName(ClassName)
	class.SetLabels(template.GetLabels())
	return []*unstructured.Unstructured{template, class}
}

// Infra is an object of the test infrastructure; with a cluster's name it is one of that cluster's.
func Infra(kind, namespace, name, cluster string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(schema.GroupVersionKind{Group: InfraGroup, Version: "v1beta1", Kind: kind})
	object.SetNamespace(namespace)
	object.SetName(name)
	if cluster != "" {
		object.SetLabels(map[string]string{clusterv1.ClusterNameLabel: cluster})
	}
	return object
}

func ref(kind string) map[string]any {
	return map[string]any{"apiVersion": InfraGroup + "/v1beta1", "kind": kind, "name": ClassName}
}

func workers(class string) map[string]any {
	return map[string]any{
		"class": class, "bootstrap": map[string]any{"templateRef": ref("TestConfigTemplate")},
		"infrastructure": map[string]any{"templateRef": ref("TestMachineTemplate")},
	}
}

func owned(cluster string) map[string]string {
	return map[string]string{kube.ManagedByLabel: kube.FieldOwner, clusterv1.ClusterNameLabel: cluster}
}
