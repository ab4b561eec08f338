// Package runner plays kubelet and deployment controller for the providers' own controllers, and for nothing else: it
// runs the program of each Deployment that clusterctl labelled as a provider's as a child process with the rights of
// its service account, and tells the Deployment how that goes.
package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/slipway-sh/slipway/internal/plane/pki"
)

// ProviderLabel is set by clusterctl on all that belongs to a provider; its value is the folder in the repository.
const ProviderLabel = "cluster.x-k8s.io/provider"

const (
	workers   = 8
	lookAgain = 2 * time.Second // for what no watch tells, such as a program that is put into the repository
	fieldName = "slipway-plane"
)

// Options of a runner.
type Options struct {
	Admin      *rest.Config
	Authority  *pki.Authority // certifies the children's identities
	Dir        string         // of the plane; logs/ and run/ in it are the runner's
	Repository string
	Environ    []string // what children inherit, as far as they may
	Services   *Services
}

// Runner owns the children.
type Runner struct {
	options   Options
	client    client.Client
	live      client.Reader
	discovery discovery.ServerResourcesInterface
	events    events.EventRecorder
	starter   *starter
	programs  *programs
	wake      chan event.GenericEvent
	closed    chan struct{}
	changed   chan struct{}

	mu       sync.Mutex
	children map[types.NamespacedName]*child
}

// Add registers the runner with the manager. Close ends its children after the manager has ended.
func Add(mgr ctrl.Manager, o Options) (*Runner, error) {
	run := filepath.Join(o.Dir, "run")
	if err := errors.Join(os.RemoveAll(run), os.MkdirAll(run, 0o700), os.MkdirAll(filepath.Join(o.Dir, "logs"), 0o700)); err != nil {
		return nil, err
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(o.Admin)
	if err != nil {
		return nil, err
	}
	r := &Runner{
		discovery: kinds,
		options:   o,
		client:    mgr.GetClient(),
		live:      mgr.GetAPIReader(),
		events:    mgr.GetEventRecorder(fieldName),
		starter:   newStarter(),
		programs:  &programs{repository: o.Repository, known: map[string]flags{}},
		wake:      make(chan event.GenericEvent),
		closed:    make(chan struct{}),
		changed:   make(chan struct{}, 1),
		children:  map[types.NamespacedName]*child{},
	}
	o.Services.use(r)
	return r, ctrl.NewControllerManagedBy(mgr).
		Named("runner").
		For(&appsv1.Deployment{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}))).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.inNamespace)).
		WatchesMetadata(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.inNamespace)).
		Watches(&corev1.Service{}, handler.Funcs{}). // only so that they are cached for the resolver
		WatchesRawSource(source.Channel(r.wake, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
}

// inNamespace looks at every Deployment beside a Secret or ConfigMap: there are few, and each tells by a hash whether
// anything that it uses has changed.
func (r *Runner) inNamespace(ctx context.Context, o client.Object) []reconcile.Request {
	var list appsv1.DeploymentList
	if err := r.client.List(ctx, &list, client.InNamespace(o.GetNamespace())); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// Reconcile makes the child what the Deployment asks for, then the Deployment's status what the child is.
func (r *Runner) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	d := &appsv1.Deployment{}
	if err := r.client.Get(ctx, request.NamespacedName, d); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.end(request.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if d.DeletionTimestamp != nil || replicas(d) == 0 {
		r.end(request.NamespacedName)
		return reconcile.Result{}, r.report(ctx, d, observation{})
	}
	l, err := r.plan(ctx, d)
	if err == nil && !r.has(request.NamespacedName) {
		err = r.awaitKinds(ctx, d)
	}
	var blocked *blockedError
	if errors.As(err, &blocked) {
		r.end(request.NamespacedName)
		r.tell(d, blocked)
		return reconcile.Result{RequeueAfter: blocked.again}, r.report(ctx, d, observation{reason: blocked.reason, message: blocked.message})
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("deployment %s: %w", request, err)
	}
	return reconcile.Result{}, r.report(ctx, d, r.ensure(l).observe())
}

// ensure returns the child of this launch, after ending one of another launch.
func (r *Runner) ensure(l *launch) *child {
	r.mu.Lock()
	old := r.children[l.key]
	r.mu.Unlock()
	if old != nil && old.launch.hash == l.hash {
		return old
	}
	if old != nil {
		old.stop()
	}
	c := newChild(l, r)
	r.mu.Lock()
	r.children[l.key] = c
	r.mu.Unlock()
	r.publish()
	go c.supervise()
	return c
}

func (r *Runner) end(key types.NamespacedName) {
	r.mu.Lock()
	c := r.children[key]
	delete(r.children, key)
	r.mu.Unlock()
	if c != nil {
		c.stop()
		r.publish()
	}
}

// Close ends all children at once and returns when none is left.
func (r *Runner) Close() {
	close(r.closed)
	r.mu.Lock()
	children := r.children
	r.children = map[types.NamespacedName]*child{}
	r.mu.Unlock()
	var group sync.WaitGroup
	for _, c := range children {
		group.Go(c.stop)
	}
	group.Wait()
	r.starter.close()
	_ = os.RemoveAll(filepath.Join(r.options.Dir, "run"))
}

// Changed tells that Controllers would answer differently now.
func (r *Runner) Changed() <-chan struct{} { return r.changed }

func (r *Runner) publish() {
	select {
	case r.changed <- struct{}{}:
	default: // the reader has yet to see the last one
	}
}

// notify has the Deployment looked at again.
func (r *Runner) notify(key types.NamespacedName) {
	r.publish()
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = key.Namespace, key.Name
	select {
	case r.wake <- event.GenericEvent{Object: d}:
	case <-r.closed:
	}
}

// tell makes an event of what the Deployment's status does not say yet.
func (r *Runner) tell(d *appsv1.Deployment, b *blockedError) {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentAvailable && c.Message == b.message {
			return
		}
	}
	r.events.Eventf(d, nil, corev1.EventTypeWarning, b.reason, "Run", "%s", b.message)
}

func (r *Runner) has(key types.NamespacedName) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.children[key] != nil
}

// Controller is one child as state.json shows it.
type Controller struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Provider  string `json:"provider"`
	Version   string `json:"version"`
	PID       int    `json:"pid"` // zero between two runs
	Restarts  int    `json:"restarts"`
	RSSBytes  int64  `json:"rssBytes"`
	Ready     bool   `json:"ready"`
	Message   string `json:"message,omitempty"` // why it is not ready
	Log       string `json:"log"`
}

// Controllers are the children now, by name.
func (r *Runner) Controllers() []Controller {
	out := []Controller{}
	for _, c := range r.snapshot() {
		out = append(out, c.controller())
	}
	slices.SortFunc(out, func(a, b Controller) int {
		return strings.Compare(a.Name+"/"+a.Namespace, b.Name+"/"+b.Namespace)
	})
	return out
}

func (r *Runner) snapshot() []*child {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*child
	for _, c := range r.children {
		out = append(out, c)
	}
	return out
}

func replicas(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}
