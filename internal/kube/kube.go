// Package kube is Slipway's view of a management cluster: server-side apply, diff by dry-run, waits that can say what
// they wait for, condition trees, the kubeconfig file and the lock of a cluster. It sees the cluster as a kubeconfig
// and no more; what an operation does with it, and in which order, is internal/phase's.
package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	bootstrapv1 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	controlplanev1 "sigs.k8s.io/cluster-api/api/controlplane/kubeadm/v1beta2"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// FieldOwner is the name under which Slipway applies; names that begin with it and a dash are Slipway's too.
const FieldOwner = "slipway"

// Labels and annotations that Slipway reads and writes on its objects.
const (
	ManagedByLabel      = "app.kubernetes.io/managed-by" // value FieldOwner, on every object of ours
	PlanLabel           = "slipway.sh/plan"              // on the Cluster: the plan it was asked with
	OperationAnnotation = "slipway.sh/operation"         // on the Cluster: "create" or "update", the last one begun
	RoleLabelPrefix     = "cluster-role.tkg.tanzu.vmware.com/"
)

// A client of ours is one person's, not a controller's: the server's own fairness is throttle enough.
const (
	clientQPS   = 200
	clientBurst = 400
)

func clusterKind() schema.GroupVersionKind { return clusterv1.GroupVersion.WithKind("Cluster") }

// Key names an object.
type Key = client.ObjectKey

// Client talks to one management cluster. It is safe for concurrent use.
type Client struct {
	api    client.WithWatch
	config *rest.Config
	now    func() time.Time

	waiting atomic.Int64 // waits under way, which share what the server can do
	shared  atomic.Pointer[shared]
}

// Connect makes a client from a kubeconfig file; an empty path means kubectl's rules ($KUBECONFIG, then ~/.kube/config)
// and an empty context means the file's current one. It makes no request: Ping does.
func Connect(kubeconfig, contextName string) (*Client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: contextName}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, &uerr.Error{
			Code: uerr.NotFound, What: "no management cluster to talk to", Cause: err,
			Next: "slipway get management-cluster, then slipway set management-cluster NAME",
		}
	}
	return ForConfig(config)
}

// ForConfig is Connect for a configuration that is already in memory. The configuration is copied.
func ForConfig(config *rest.Config) (*Client, error) {
	ctrllog.SetLogger(logr.Discard()) // or controller-runtime prints a stack trace about it after 30 s
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = clientQPS, clientBurst
	config.WarningHandler = rest.NoWarnings{}
	config.UserAgent = FieldOwner
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	api, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("client of %s: %w", config.Host, err)
	}
	return &Client{api: patient{api}, config: config, now: time.Now}, nil
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	err := errors.Join(
		clientgoscheme.AddToScheme(scheme),
		clusterv1.AddToScheme(scheme),
		controlplanev1.AddToScheme(scheme),
		bootstrapv1.AddToScheme(scheme),
	)
	return scheme, err
}

// API gives the controller-runtime client, for requests this package has no word for.
func (c *Client) API() client.WithWatch { return c.api }

// Config gives a copy of the connection's configuration.
func (c *Client) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Server is the management cluster's URL.
func (c *Client) Server() string { return c.config.Host }

// Ping asks the server's version, and explains in the user's words why it does not answer.
func (c *Client) Ping(ctx context.Context) (string, error) {
	httpClient, err := rest.HTTPClientFor(c.config)
	if err != nil {
		return "", fmt.Errorf("connection to %s: %w", c.config.Host, err)
	}
	disco, err := discovery.NewDiscoveryClientForConfigAndClient(c.config, httpClient)
	if err != nil {
		return "", fmt.Errorf("connection to %s: %w", c.config.Host, err)
	}
	raw, err := disco.RESTClient().Get().AbsPath("/version").DoRaw(ctx)
	if err != nil {
		return "", c.explain(ctx, err)
	}
	var info version.Info
	if err := json.Unmarshal(raw, &info); err != nil {
		return "", fmt.Errorf("version of %s: %w", c.config.Host, err)
	}
	return info.GitVersion, nil
}

// Cluster reads one Cluster; the error of one that is not there has the exit code of "not found".
func (c *Client) Cluster(ctx context.Context, key Key) (*clusterv1.Cluster, error) {
	cluster := &clusterv1.Cluster{}
	err := c.api.Get(ctx, key, cluster)
	if apierrors.IsNotFound(err) {
		return nil, noSuchCluster(key)
	}
	if err != nil {
		return nil, c.explain(ctx, fmt.Errorf("read %s: %w", ClusterName(key), err))
	}
	return cluster, nil
}

func noSuchCluster(key Key) error {
	return &uerr.Error{
		Code: uerr.NotFound, What: "no such cluster", Object: ClusterName(key),
		Next: "slipway get clusters, or name its namespace with -n",
	}
}

// ClusterName is how messages name a Cluster.
func ClusterName(key Key) string { return "Cluster " + key.Namespace + "/" + key.Name }

// EnsureNamespace creates the namespace when it is not there.
func (c *Client) EnsureNamespace(ctx context.Context, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	err := c.api.Create(ctx, namespace, client.FieldOwner(FieldOwner))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return c.explain(ctx, fmt.Errorf("create Namespace %s: %w", name, err))
	}
	return nil
}

// explain adds what to type next to the errors of a server that does not answer or does not let us in.
func (c *Client) explain(ctx context.Context, err error) error {
	var known *uerr.Error
	switch {
	case err == nil || errors.As(err, &known) || ctx.Err() != nil:
		return err
	case apierrors.IsUnauthorized(err):
		return &uerr.Error{
			Code: uerr.Credentials, What: "the management cluster refuses these credentials", Object: c.config.Host, Cause: err,
			Next: "check the kubeconfig and its context; slipway get management-cluster shows which are in use",
		}
	case unreachable(err):
		return &uerr.Error{
			Code: uerr.Failure, What: "the management cluster does not answer", Object: c.config.Host, Cause: err,
			Next: "slipway management-cluster status; slipway management-cluster start",
		}
	}
	return err
}

// unreachable tells an outage, which a wait may outlive, from an answer.
func unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err)
}
