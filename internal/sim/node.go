package sim

import (
	"context"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	cloudv1 "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/cloud/api/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// node is one machine as its cluster sees it.
type node struct {
	name, providerID, version, address string
	labels                             map[string]string
	taints                             []corev1.Taint
	data                               *userData // nil where a cloud runs the control plane
}

func nodeObject(n node) *corev1.Node {
	now := metav1.Now()
	conditions := []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastTransitionTime: now, LastHeartbeatTime: now}}
	for _, pressure := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		conditions = append(conditions, corev1.NodeCondition{Type: pressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficient", LastTransitionTime: now, LastHeartbeatTime: now})
	}
	o := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.name, UID: uuid.NewUUID(), Labels: map[string]string{
			corev1.LabelHostname: n.name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		}},
		Spec: corev1.NodeSpec{ProviderID: n.providerID, Taints: n.taints},
		Status: corev1.NodeStatus{
			NodeInfo:   corev1.NodeSystemInfo{KubeletVersion: n.version, OperatingSystem: "linux", Architecture: "amd64"},
			Conditions: conditions,
			Addresses:  []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: n.name}},
		},
	}
	if n.address != "" {
		o.Status.Addresses = append(o.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: n.address})
	}
	maps.Copy(o.Labels, n.labels)
	if n.data != nil && n.data.controlPlane() {
		o.Labels["node-role.kubernetes.io/control-plane"] = ""
		o.Spec.Taints = []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}
	}
	return o
}

func staticPod(component string, n node) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceSystem, Name: component + "-" + n.name,
			Labels:      map[string]string{"component": component, "tier": "control-plane"},
			Annotations: map[string]string{corev1.MirrorPodAnnotationKey: "played"}, // a drain leaves it alone
		},
		Spec: corev1.PodSpec{NodeName: n.name},
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
}

// etcdPod carries what the in-memory etcd needs to know as annotations: the cluster, this member, and who leads.
func etcdPod(ctx context.Context, api inmemoryclient, n node) (*corev1.Pod, error) {
	pod := staticPod("etcd", n)
	var members corev1.PodList
	if err := api.List(ctx, &members, client.InNamespace(metav1.NamespaceSystem), client.MatchingLabels{"component": "etcd"}); err != nil {
		return nil, err
	}
	cluster, leads := "", time.Now().Format(time.RFC3339)
	for i := range members.Items {
		cluster = members.Items[i].Annotations[cloudv1.EtcdClusterIDAnnotationName]
		leads = ""
	}
	if cluster == "" {
		cluster = strconv.Itoa(int(rand.Uint32()) + 1)
	}
	pod.Annotations[cloudv1.EtcdClusterIDAnnotationName] = cluster
	pod.Annotations[cloudv1.EtcdMemberIDAnnotationName] = strconv.Itoa(int(rand.Uint32()) + 1)
	if leads != "" {
		pod.Annotations[cloudv1.EtcdLeaderFromAnnotationName] = leads
	}
	return pod, nil
}

// controlPlaneObjects is what kubeadm init leaves in a cluster, as far as Cluster API looks at it.
func controlPlaneObjects(n node) []client.Object {
	system := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: name}
	}
	version := strings.TrimPrefix(n.version, "v")
	return []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceSystem}}, // a drain looks for that of each pod
		staticPod("kube-apiserver", n), staticPod("kube-controller-manager", n), staticPod("kube-scheduler", n),
		&corev1.ConfigMap{ObjectMeta: system("kubeadm-config"), Data: map[string]string{"ClusterConfiguration": ""}},
		&rbacv1.Role{ObjectMeta: system("kubeadm:kubelet-config-" + version)},
		&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "kubeadm:get-nodes"}},
		&corev1.ConfigMap{ObjectMeta: system("coredns"), Data: map[string]string{"Corefile": "ANG"}},
		&appsv1.Deployment{ObjectMeta: system("coredns"), Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "coredns", Image: "registry.k8s.io/coredns/coredns:v1.8.3"}}}}}},
		&appsv1.DaemonSet{ObjectMeta: system("kube-proxy"), Spec: appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "kube-proxy", Image: "registry.k8s.io/kube-proxy:" + n.version}}}}}},
	}
}
