package kube

import (
	"context"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// shared is a copy of what many waits look at, which one watch of each kind keeps up to date. It lags behind the
// management cluster by as long as an event takes. Only objects of no Go type are kept, so that no kind is there twice.
type shared struct {
	kept       cache.Cache
	live       client.Reader // of kinds that are not listed yet, or cannot be
	namespaces []string      // sorted

	mu        sync.Mutex
	informers map[schema.GroupVersionKind]cache.Informer
}

// Share lets all waits of this client look at one copy of these namespaces, until stop, after which no wait may be under
// way. It is for many waits at once: a single one asks for less, since it watches nothing but its own cluster. A kind that
// they may not watch is asked for, when it is their turn.
func (c *Client) Share(namespaces ...string) (stop func()) {
	namespaces = slices.Compact(slices.Sorted(slices.Values(namespaces)))
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
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = kept.Start(ctx) }) // its only error is to be started twice
	s := &shared{kept: kept, live: c.api, namespaces: namespaces, informers: map[schema.GroupVersionKind]cache.Informer{}}
	for _, t := range clusterTargets(Key{}) {
		s.informer(ctx, t.gvk)
	}
	c.shared.Store(s)
	return func() {
		c.shared.Store(nil)
		cancel()
		running.Wait()
	}
}

// readers are where a wait for these targets looks as a rule, and where it looks now and then, to see that the management
// cluster is there and that no event of the Cluster was lost.
func (c *Client) readers(ctx context.Context, targets []target) (usual, nowAndThen client.Reader) {
	s := c.shared.Load()
	if s == nil {
		return c.api, c.api
	}
	for _, t := range targets {
		if !s.covers(t) || !s.has(ctx, t.gvk) {
			return c.api, c.api
		}
	}
	return s, asking{s}
}

// covers says whether a target is in the namespaces of the copy; what is in no namespace never is.
func (s *shared) covers(t target) bool {
	_, found := slices.BinarySearch(s.namespaces, t.namespace)
	return found
}

// asking asks for single objects, and lists what is in the copy.
type asking struct{ *shared }

// Get is client.Reader's.
func (a asking) Get(ctx context.Context, key Key, object client.Object, options ...client.GetOption) error {
	return a.live.Get(ctx, key, object, options...)
}

// Get is client.Reader's.
func (s *shared) Get(ctx context.Context, key Key, object client.Object, options ...client.GetOption) error {
	return s.reader(ctx, object.GetObjectKind().GroupVersionKind()).Get(ctx, key, object, options...)
}

// List is client.Reader's.
func (s *shared) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	kind := list.GetObjectKind().GroupVersionKind()
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	return s.reader(ctx, kind).List(ctx, list, options...)
}

func (s *shared) reader(ctx context.Context, kind schema.GroupVersionKind) client.Reader {
	if s.has(ctx, kind) {
		return s.kept
	}
	return s.live
}

// has says whether a kind is listed; the first to ask has it begun with.
func (s *shared) has(ctx context.Context, kind schema.GroupVersionKind) bool {
	informer := s.informer(ctx, kind)
	return informer != nil && informer.HasSynced()
}

// informer is nil for a kind that the management cluster does not know. Each is asked for once, because the library begins
// a goroutine with each answer.
func (s *shared) informer(ctx context.Context, kind schema.GroupVersionKind) cache.Informer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.informers[kind]; have != nil {
		return have
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	informer, err := s.kept.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return nil
	}
	s.informers[kind] = informer
	return informer
}

// tell signals changes of a target until ctx ends; false says that it cannot.
func (s *shared) tell(ctx context.Context, t target, out chan<- struct{}) bool {
	if !s.covers(t) {
		return false
	}
	informer := s.informer(ctx, t.gvk)
	if informer == nil {
		return false
	}
	handle, err := informer.AddEventHandler(toolscache.FilteringResourceEventHandler{
		FilterFunc: t.includes,
		Handler: toolscache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { signal(out) }, UpdateFunc: func(any, any) { signal(out) }, DeleteFunc: func(any) { signal(out) },
		},
	})
	if err != nil {
		return false
	}
	<-ctx.Done()
	_ = informer.RemoveEventHandler(handle) // its only error is that there is none
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
