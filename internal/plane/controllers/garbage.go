package controllers

import (
	"context"
	"sync"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
)

const (
	garbageWorkers = 10
	garbageSync    = 30 * time.Second // how long the start waits for all watches

	// Upstream asks discovery every 30 s, too slow for an object whose kind was installed seconds ago. Here discovery
	// is asked again only when a CustomResourceDefinition changed, so that looking every second costs nothing.
	discoveryPoll = time.Second
)

// garbage is the garbage collector with a discovery that follows CustomResourceDefinitions.
type garbage struct {
	collector *garbagecollector.GarbageCollector
	discovery *following
	started   chan struct{}
	factories informerfactory.InformerFactory
}

func newGarbage(ctx context.Context, config *rest.Config, typed informers.SharedInformerFactory) (*garbage, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	untyped := metadatainformer.NewSharedInformerFactory(meta, 0)
	g := &garbage{
		discovery: &following{ServerResourcesInterface: client.Discovery(), stale: staleLooks},
		started:   make(chan struct{}),
		factories: informerfactory.NewInformerFactory(typed, untyped),
	}
	definitions := untyped.ForResource(apiextensionsv1.SchemeGroupVersion.WithResource("customresourcedefinitions"))
	if _, err := definitions.Informer().AddEventHandler(g.discovery.handler()); err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	g.collector, err = garbagecollector.NewGarbageCollector(ctx, client, meta, mapper,
		garbagecollector.DefaultIgnoredResources(), g.factories, g.started)
	return g, err
}

func (g *garbage) run(ctx context.Context) {
	g.factories.Start(ctx.Done())
	close(g.started)
	var group sync.WaitGroup
	group.Go(func() { g.collector.Run(ctx, garbageWorkers, garbageSync) })
	group.Go(func() { g.collector.Sync(ctx, g.discovery, discoveryPoll) })
	group.Wait()
}

// following is a discovery that asks the API server only after a change of a CustomResourceDefinition, and then a few
// times: the API server publishes a new kind a moment after it accepted its definition.
type following struct {
	discovery.ServerResourcesInterface

	mu    sync.Mutex
	stale int // looks until the last answer counts as current
	last  []*metav1.APIResourceList
}

const staleLooks = 5

// ServerPreferredResources is the only question that the collector asks.
func (f *following) ServerPreferredResources() ([]*metav1.APIResourceList, error) {
	f.mu.Lock()
	if f.stale == 0 && f.last != nil {
		defer f.mu.Unlock()
		return f.last, nil
	}
	f.stale = max(f.stale-1, 0)
	f.mu.Unlock()
	lists, err := f.ServerResourcesInterface.ServerPreferredResources()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last = lists; err != nil {
		f.stale = staleLooks
	}
	return lists, err
}

func (f *following) handler() cache.ResourceEventHandler {
	mark := func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.stale = staleLooks
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { mark() },
		UpdateFunc: func(any, any) { mark() },
		DeleteFunc: func(any) { mark() },
	}
}
