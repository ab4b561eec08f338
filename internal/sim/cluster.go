package sim

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	cloudv1 "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/cloud/api/v1alpha1"
	inmemoryruntime "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime/manager"
	inmemoryserver "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/server"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/sim/port"
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
	debug, err := port.Free()
	if err != nil {
		return nil, err
	}
	mux, err := inmemoryserver.NewWorkloadClustersMux(manager, "127.0.0.1", inmemoryserver.CustomPorts{DebugPort: int32(debug)})
	if err != nil {
		return nil, err
	}
	return &clusters{proxy: p, manager: manager, mux: mux, nodes: map[string]map[string]bool{}, front: map[string]*front{}}, nil
}

// stop ends every API server; clients that watch are cut off after a moment.
func (c *clusters) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
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

// boot plays a machine's first start: the kubelet joins, and on a control plane etcd and the API server come up.
func (c *clusters) boot(ctx context.Context, n node) error {
	endpoint := n.data.endpoint()
	if !n.data.joins {
		crt, key, err := n.data.authority("/etc/kubernetes/pki/ca")
		if err != nil {
			return err
		}
		if err := c.listen(endpoint, crt, key); err != nil {
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

// listen makes the endpoint reachable through the proxy, with a certificate of the cluster's CA. The API server behind it
// starts with its first member.
func (c *clusters) listen(endpoint string, crt *x509.Certificate, key *rsa.PrivateKey) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.front[endpoint] != nil {
		return nil // an earlier attempt came as far as this
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return err
	}
	own, err := port.Free() // the mux itself counts up, whoever has the port by then
	if err != nil {
		return err
	}
	c.manager.AddResourceGroup(endpoint)
	listener, err := c.mux.InitWorkloadClusterListener(endpoint, int32(own))
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

// forget ends a cluster whose last control plane is gone, or that was never open.
func (c *clusters) forget(endpoint string) error {
	c.proxy.route(endpoint, nil)
	c.mu.Lock()
	f := c.front[endpoint]
	delete(c.front, endpoint)
	delete(c.nodes, endpoint)
	c.mu.Unlock()
	if f == nil {
		return nil
	}
	c.manager.DeleteResourceGroup(endpoint)
	return errors.Join(f.close(), c.mux.DeleteWorkloadClusterListener(endpoint))
}

// inmemoryclient is the part of a resource group's client that is used here.
type inmemoryclient interface {
	Create(ctx context.Context, obj client.Object) error
	Delete(ctx context.Context, obj client.Object) error
	Get(ctx context.Context, key client.ObjectKey, obj client.Object) error
	Update(ctx context.Context, obj client.Object) error
	List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error
}

func create(ctx context.Context, api inmemoryclient, o client.Object) error {
	if err := api.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("%T %s: %w", o, o.GetName(), err)
	}
	return nil
}
