package controllers

import (
	"context"
	"sync"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
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
	garbageSync    = 30 * time.Second // upstream's: how long the start waits for all watches, and how often discovery is asked
	settle         = time.Second
)

// garbage is the garbage collector with a discovery that follows CustomResourceDefinitions.
type garbage struct {
	collector *garbagecollector.GarbageCollector
	discovery discovery.ServerResourcesInterface
	changed   chan struct{} // a definition came, changed or went
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
		discovery: client.Discovery(),
		changed:   make(chan struct{}, 1),
		started:   make(chan struct{}),
		factories: informerfactory.NewInformerFactory(typed, untyped),
	}
	definitions := untyped.ForResource(apiextensionsv1.SchemeGroupVersion.WithResource("customresourcedefinitions"))
	if _, err := definitions.Informer().AddEventHandler(g.handler()); err != nil {
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
	group.Go(func() { g.sync(ctx) })
	group.Wait()
}

// sync has the collector look at discovery at once after each burst of changes. Upstream looks every 30 s, which is too
// late for an object that is deleted seconds after its kind was installed.
func (g *garbage) sync(ctx context.Context) {
	for ctx.Err() == nil {
		looking, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		group.Go(func() { g.collector.Sync(looking, g.discovery, garbageSync) })
		select {
		case <-ctx.Done():
		case <-g.changed:
			g.awaitQuiet(ctx)
		}
		stop()
		group.Wait()
	}
}

// awaitQuiet lets a burst of definitions pass, and the API server publish them.
func (g *garbage) awaitQuiet(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(settle):
			return
		case <-g.changed:
		}
	}
}

func (g *garbage) handler() cache.ResourceEventHandler {
	mark := func() {
		select {
		case g.changed <- struct{}{}:
		default:
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { mark() },
		UpdateFunc: func(any, any) { mark() },
		DeleteFunc: func(any) { mark() },
	}
}
