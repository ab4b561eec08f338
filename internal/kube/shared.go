package kube

import (
	"context"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// firstList is what the first list of a kind may take before the waits do without a copy of it.
const firstList = 10 * time.Second

// shared is a copy of what many waits look at, which one watch of each kind keeps up to date. It lags behind the
// management cluster by as long as an event takes. Only objects of no Go type are kept, so that no kind is there twice.
type shared struct {
	kept       cache.Cache
	live       client.Reader
	namespaces []string
	barred     sync.Map // schema.GroupVersionKind of what cannot be watched
}

// Share lets all waits of this client look at one copy of these namespaces, until stop. It is for many waits at once: a
// single one asks for less, since it watches nothing but its own cluster. What cannot be watched they ask for, as they
// do without.
func (c *Client) Share(namespaces ...string) (stop func()) {
	slices.Sort(namespaces)
	options := cache.Options{
		Scheme: c.api.Scheme(), Mapper: c.api.RESTMapper(), DefaultTransform: cache.TransformStripManagedFields(),
		DefaultNamespaces: map[string]cache.Config{},
	}
	for _, namespace := range namespaces {
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	kept, err := cache.New(c.config, options)
	if err != nil {
		return func() {}
	}
	s := &shared{kept: kept, live: c.api, namespaces: slices.Compact(namespaces)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.kept.Start(ctx) }) // its only error is to be started twice
	c.shared.Store(s)
	return func() {
		c.shared.Store(nil)
		cancel()
		running.Wait()
	}
}

// glance is where a wait looks that an event has woken.
func (c *Client) glance() client.Reader {
	if s := c.shared.Load(); s != nil {
		return s
	}
	return c.api
}

// Get is client.Reader's.
func (s *shared) Get(ctx context.Context, key Key, object client.Object, options ...client.GetOption) error {
	return s.read(ctx, object.GetObjectKind().GroupVersionKind(), func(ctx context.Context, from client.Reader) error {
		return from.Get(ctx, key, object, options...)
	})
}

// List is client.Reader's.
func (s *shared) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	return s.read(ctx, list.GetObjectKind().GroupVersionKind(), func(ctx context.Context, from client.Reader) error {
		return from.List(ctx, list, options...)
	})
}

func (s *shared) read(ctx context.Context, kind schema.GroupVersionKind, ask func(context.Context, client.Reader) error) error {
	if _, barred := s.barred.Load(kind); barred {
		return ask(ctx, s.live)
	}
	within, cancel := context.WithTimeout(ctx, firstList)
	defer cancel()
	err := ask(within, s.kept)
	if err == nil || apierrors.IsNotFound(err) || ctx.Err() != nil {
		return err
	}
	s.barred.Store(kind, nil)
	return ask(ctx, s.live)
}

// tell signals changes of a target until ctx ends; false says that it cannot.
func (s *shared) tell(ctx context.Context, t target, out chan<- struct{}) bool {
	if _, found := slices.BinarySearch(s.namespaces, t.namespace); !found {
		return false
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(t.gvk)
	within, cancel := context.WithTimeout(ctx, firstList)
	defer cancel()
	informer, err := s.kept.GetInformer(within, object)
	if err != nil {
		return false
	}
	changed := func() { signal(out) }
	handle, err := informer.AddEventHandler(toolscache.FilteringResourceEventHandler{
		FilterFunc: t.includes,
		Handler: toolscache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { changed() }, UpdateFunc: func(any, any) { changed() }, DeleteFunc: func(any) { changed() },
		},
	})
	if err != nil {
		return false
	}
	<-ctx.Done()
	_ = informer.RemoveEventHandler(handle) // which has told all that it will
	return true
}

// includes says whether what an informer tells is of the target.
func (t target) includes(told any) bool {
	if gone, ok := told.(toolscache.DeletedFinalStateUnknown); ok {
		told = gone.Obj
	}
	object, ok := told.(client.Object)
	if !ok || object.GetNamespace() != t.namespace {
		return false
	}
	if t.name != "" {
		return object.GetName() == t.name
	}
	return object.GetLabels()[clusterv1.ClusterNameLabel] == t.cluster
}
