package sim

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/cluster-api/util/kubeconfig"
	"sigs.k8s.io/cluster-api/util/secret"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/sim/azure"
)

// aksDomain is where the API servers of AKS are.
const aksDomain = ".azmk8s.io"

// aks plays the insides of AKS clusters: an API server for each, and the nodes that its pools have.
type aks struct {
	inside *clusters

	mu       sync.Mutex
	clusters map[string]*aksCluster // by FQDN, which no later cluster of the same name has again
}

// aksCluster is one cluster that Azure knows. It is played once its CA is needed or its control plane runs.
type aksCluster struct {
	crt   *x509.Certificate
	key   *rsa.PrivateKey
	open  bool
	next  netip.Addr // of the nodes
	pools map[string]*scaleSet
	nodes map[string]node
}

func newAKS(inside *clusters) *aks { return &aks{inside: inside, clusters: map[string]*aksCluster{}} }

func aksEndpoint(fqdn string) string { return fqdn + ":443" }

// kubeconfig is an administrator's, with the cluster's CA.
func (a *aks) kubeconfig(k azure.Cluster) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, err := a.cluster(k.FQDN)
	if err != nil {
		return nil, err
	}
	config, err := kubeconfig.New(k.Name, "https://"+aksEndpoint(k.FQDN), c.crt, c.key)
	if err != nil {
		return nil, err
	}
	return clientcmd.Write(*config)
}

// cluster finds one by its name, or makes it with a CA of its own.
func (a *aks) cluster(fqdn string) (*aksCluster, error) {
	if c := a.clusters[fqdn]; c != nil {
		return c, nil
	}
	pair := &secret.Certificate{Purpose: secret.ClusterCA}
	if err := pair.Generate(); err != nil {
		return nil, err
	}
	crt, err := certs.DecodeCertPEM(pair.KeyPair.Cert)
	if err != nil {
		return nil, err
	}
	key, err := certs.DecodePrivateKeyPEM(pair.KeyPair.Key)
	if err != nil {
		return nil, err
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the CA's key is a %T; the in-memory API server takes RSA keys only", key)
	}
	c := &aksCluster{crt: crt, key: rsaKey, pools: map[string]*scaleSet{}, nodes: map[string]node{}, next: netip.MustParseAddr(firstAKSNode)}
	a.clusters[fqdn] = c
	return c, nil
}

// follow makes the insides what Azure says that they are now.
func (a *aks) follow(ctx context.Context, now []azure.Cluster) {
	a.mu.Lock()
	defer a.mu.Unlock()
	there := map[string]bool{}
	for _, k := range now {
		there[k.FQDN] = true
		if k.Version == "" {
			continue
		}
		if err := a.play(ctx, k); err != nil && ctx.Err() == nil {
			log.Printf("AKS cluster %s: %v", k.Name, err)
		}
	}
	for fqdn := range a.clusters {
		if there[fqdn] {
			continue
		}
		delete(a.clusters, fqdn)
		if err := a.inside.forget(aksEndpoint(fqdn)); err != nil {
			log.Printf("AKS cluster %s: %v", fqdn, err)
		}
	}
}

// play brings one cluster up to date: its API server first.
func (a *aks) play(ctx context.Context, k azure.Cluster) error {
	c, err := a.cluster(k.FQDN)
	if err != nil {
		return err
	}
	endpoint := aksEndpoint(k.FQDN)
	if !c.open {
		if err := a.inside.listen(endpoint, c.crt, c.key); err != nil {
			return err
		}
		if err := a.inside.mux.AddAPIServer(endpoint, "kube-apiserver", c.crt, c.key); err != nil {
			return err
		}
		c.open = true
	}
	wanted := c.wanted(k)
	api := a.inside.manager.GetResourceGroup(endpoint).GetClient()
	for name := range c.nodes {
		if _, stays := wanted[name]; !stays {
			if err := c.remove(ctx, api, name); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if err := c.make(ctx, api, wanted[name]); err != nil {
			return err
		}
	}
	return nil
}

// make lets a node be what it is to be. Another version means that the machine is set up anew, and joins anew.
func (c *aksCluster) make(ctx context.Context, api inmemoryclient, n node) error {
	old, joined := c.nodes[n.name]
	if joined && reflect.DeepEqual(old, n) {
		return nil
	}
	if joined && old.version == n.version {
		if err := relabel(ctx, api, old, n); err != nil {
			return err
		}
		c.nodes[n.name] = n
		return nil
	}
	if joined {
		if err := c.remove(ctx, api, n.name); err != nil {
			return err
		}
	}
	if err := create(ctx, api, nodeObject(n)); err != nil {
		return err
	}
	c.nodes[n.name] = n
	return nil
}

func (c *aksCluster) remove(ctx context.Context, api inmemoryclient, name string) error {
	err := api.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	delete(c.nodes, name)
	return nil
}

// relabel changes the labels and taints that come from the pool, and leaves those that others gave.
func relabel(ctx context.Context, api inmemoryclient, old, n node) error {
	var o corev1.Node
	if err := api.Get(ctx, client.ObjectKey{Name: n.name}, &o); err != nil {
		return client.IgnoreNotFound(err) // somebody deleted the node, and its machine does not join again by itself
	}
	for name := range old.labels {
		delete(o.Labels, name)
	}
	maps.Copy(o.Labels, n.labels)
	o.Spec.Taints = slices.DeleteFunc(o.Spec.Taints, func(t corev1.Taint) bool { return slices.Contains(old.taints, t) })
	o.Spec.Taints = append(o.Spec.Taints, n.taints...)
	return api.Update(ctx, &o)
}

// machines are those under the nodes; the virtual node has none.
func (a *aks) machines() []Machine {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := []Machine{}
	for _, c := range a.clusters {
		for _, n := range c.nodes {
			if n.providerID != "" {
				out = append(out, Machine{Name: n.name, Power: powerOn, Address: n.address, UUID: n.providerID})
			}
		}
	}
	slices.SortFunc(out, func(a, b Machine) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// noCluster answers for the API servers of AKS that are not there, or not any more.
func noCluster() (string, error) { return "", errors.New("AKS has no such cluster") }
