package sim

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	cloudv1 "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/cloud/api/v1alpha1"
	inmemoryruntime "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime/manager"
	inmemoryserver "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/server"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// stopGrace is how long clients may take to let go of an API server that stops.
const stopGrace = time.Second

// clusters plays the insides of workload clusters: one of Cluster API's in-memory API servers for each endpoint.
type clusters struct {
	proxy   *proxy
	manager inmemoryruntime.Manager
	mux     *inmemoryserver.WorkloadClustersMux

	mu    sync.Mutex
	nodes map[string]map[string]bool // endpoint -> node -> is control plane
	front map[string]*front          // by endpoint
}

func newClusters(ctx context.Context, p *proxy) (*clusters, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, cloudv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	manager := inmemoryruntime.New(scheme)
	if err := manager.Start(ctx); err != nil {
		return nil, err
	}
	debug, err := freePort()
	if err != nil {
		return nil, err
	}
	low, err := freePort()
	if err != nil {
		return nil, err
	}
	mux, err := inmemoryserver.NewWorkloadClustersMux(manager, "127.0.0.1",
		inmemoryserver.CustomPorts{MinPort: int32(low), MaxPort: int32(low) + 2000, DebugPort: int32(debug)})
	if err != nil {
		return nil, err
	}
	return &clusters{proxy: p, manager: manager, mux: mux, nodes: map[string]map[string]bool{}, front: map[string]*front{}}, nil
}

// stop ends every API server; clients that watch are cut off after a moment.
func (c *clusters) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	for _, f := range c.front {
		_ = f.close()
	}
	_ = c.mux.Shutdown(ctx)
}

// has says whether the endpoint's first control plane is up, so that others can join.
func (c *clusters) has(endpoint string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, isControlPlane := range c.nodes[endpoint] {
		if isControlPlane {
			return true
		}
	}
	return false
}

// node is one machine as its cluster sees it.
type node struct {
	name, providerID, version, address string
	data                               *userData
}

// boot plays a machine's first start: the kubelet joins, and on a control plane etcd and the API server come up.
func (c *clusters) boot(ctx context.Context, n node) error {
	endpoint := n.data.endpoint()
	if !n.data.joins {
		if err := c.listen(n.data); err != nil {
			return err
		}
	}
	api := c.manager.GetResourceGroup(endpoint).GetClient()
	if err := create(ctx, api, nodeObject(n)); err != nil {
		return err
	}
	if n.data.controlPlane() {
		if err := c.bootControlPlane(ctx, api, n); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nodes[endpoint] == nil {
		c.nodes[endpoint] = map[string]bool{}
	}
	c.nodes[endpoint][n.name] = n.data.controlPlane()
	return nil
}

// listen makes the endpoint reachable through the proxy. The API server behind it starts with its first member.
func (c *clusters) listen(u *userData) error {
	endpoint := u.endpoint()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.front[endpoint] != nil {
		return nil // an earlier attempt came as far as this
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return err
	}
	crt, key, err := u.authority("/etc/kubernetes/pki/ca")
	if err != nil {
		return err
	}
	c.manager.AddResourceGroup(endpoint)
	listener, err := c.mux.InitWorkloadClusterListener(endpoint, 0)
	if err != nil {
		return fmt.Errorf("API server of %s: %w", endpoint, err)
	}
	if err := c.mux.RegisterResourceGroup(endpoint, endpoint); err != nil {
		return err
	}
	f, err := newFront(host, net.JoinHostPort("127.0.0.1", strconv.Itoa(int(listener.Port()))), crt, key)
	if err != nil {
		return err
	}
	c.front[endpoint] = f
	c.proxy.route(endpoint, fixed(f.address()))
	return nil
}

func (c *clusters) bootControlPlane(ctx context.Context, api inmemoryclient, n node) error {
	endpoint := n.data.endpoint()
	etcd, err := etcdPod(ctx, api, n)
	if err != nil {
		return err
	}
	objects := append([]client.Object{etcd}, controlPlaneObjects(n)...)
	for _, o := range objects {
		if err := create(ctx, api, o); err != nil {
			return err
		}
	}
	crt, key, err := n.data.authority("/etc/kubernetes/pki/etcd/ca")
	if err != nil {
		return err
	}
	if err := c.mux.AddEtcdMember(endpoint, "etcd-"+n.name, crt, key); err != nil {
		return err
	}
	if crt, key, err = n.data.authority("/etc/kubernetes/pki/ca"); err != nil {
		return err
	}
	return c.mux.AddAPIServer(endpoint, "kube-apiserver-"+n.name, crt, key)
}

// remove plays the end of a machine. With its last control plane a cluster is gone.
func (c *clusters) remove(ctx context.Context, n node) error {
	endpoint := n.data.endpoint()
	c.mu.Lock()
	isControlPlane := c.nodes[endpoint][n.name]
	delete(c.nodes[endpoint], n.name)
	c.mu.Unlock()
	if isControlPlane && !c.has(endpoint) {
		c.proxy.route(endpoint, nil)
		return c.forget(endpoint)
	}
	api := c.manager.GetResourceGroup(endpoint).GetClient()
	gone := []client.Object{&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.name}}}
	if isControlPlane {
		for _, component := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
			gone = append(gone, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: component + "-" + n.name}})
		}
		if c.mux.HasEtcdMember(endpoint, "etcd-"+n.name) {
			if err := c.mux.DeleteEtcdMember(endpoint, "etcd-"+n.name); err != nil {
				return err
			}
		}
		if err := c.mux.DeleteAPIServer(endpoint, "kube-apiserver-"+n.name); err != nil {
			return err
		}
	}
	for _, o := range gone {
		if err := api.Delete(ctx, o); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// forget ends a cluster whose last control plane is gone.
func (c *clusters) forget(endpoint string) error {
	c.proxy.route(endpoint, nil)
	c.mu.Lock()
	f := c.front[endpoint]
	delete(c.front, endpoint)
	delete(c.nodes, endpoint)
	c.mu.Unlock()
	c.manager.DeleteResourceGroup(endpoint)
	return errors.Join(f.close(), c.mux.DeleteWorkloadClusterListener(endpoint))
}

// inmemoryclient is the part of a resource group's client that is used here.
type inmemoryclient interface {
	Create(ctx context.Context, obj client.Object) error
	Delete(ctx context.Context, obj client.Object) error
	List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error
}

func create(ctx context.Context, api inmemoryclient, o client.Object) error {
	if err := api.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("%T %s: %w", o, o.GetName(), err)
	}
	return nil
}

// authority reads a CA pair that the bootstrap provider put into the user data.
func (u *userData) authority(path string) (*x509.Certificate, *rsa.PrivateKey, error) {
	crt, err := certs.DecodeCertPEM([]byte(u.files[path+".crt"]))
	if err != nil || crt == nil {
		return nil, nil, fmt.Errorf("user data has no certificate %s.crt: %w", path, err)
	}
	key, err := certs.DecodePrivateKeyPEM([]byte(u.files[path+".key"]))
	if err != nil || key == nil {
		return nil, nil, fmt.Errorf("user data has no key %s.key: %w", path, err)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("%s.key is a %T; the in-memory API server takes RSA keys only", path, key)
	}
	return crt, rsaKey, nil
}

func nodeObject(n node) *corev1.Node {
	now := metav1.Now()
	conditions := []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastTransitionTime: now, LastHeartbeatTime: now}}
	for _, pressure := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		conditions = append(conditions, corev1.NodeCondition{Type: pressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficient", LastTransitionTime: now, LastHeartbeatTime: now})
	}
	o := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.name, Labels: map[string]string{
			corev1.LabelHostname: n.name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		}},
		Spec: corev1.NodeSpec{ProviderID: n.providerID},
		Status: corev1.NodeStatus{
			NodeInfo:   corev1.NodeSystemInfo{KubeletVersion: n.version, OperatingSystem: "linux", Architecture: "amd64"},
			Conditions: conditions,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeHostName, Address: n.name}, {Type: corev1.NodeInternalIP, Address: n.address},
			},
		},
	}
	if n.data.controlPlane() {
		o.Labels["node-role.kubernetes.io/control-plane"] = ""
		o.Spec.Taints = []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}
	}
	return o
}

func staticPod(component string, n node) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceSystem, Name: component + "-" + n.name,
			Labels: map[string]string{"component": component, "tier": "control-plane"},
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
	pod.Annotations = map[string]string{
		cloudv1.EtcdClusterIDAnnotationName: cluster,
		cloudv1.EtcdMemberIDAnnotationName:  strconv.Itoa(int(rand.Uint32()) + 1),
	}
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

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
