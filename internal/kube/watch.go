package kube

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The rhythm of a wait: events trigger a look, a look is never taken more often than lookEvery, and one is taken every
// lookAnyway, for the case that an event was lost with its connection.
const (
	lookEvery  = 100 * time.Millisecond
	lookAnyway = 5 * time.Second
	watchAgain = time.Second
)

// target is what is watched: one object by name, or all of a kind that carry a cluster's name.
type target struct {
	gvk       schema.GroupVersionKind
	namespace string
	name      string // one object
	cluster   string // or all of a cluster
}

func (t target) options() []client.ListOption {
	options := []client.ListOption{client.InNamespace(t.namespace)}
	if t.name != "" {
		return append(options, client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", t.name)})
	}
	return append(options, client.MatchingLabels{clusterv1.ClusterNameLabel: t.cluster})
}

// clusterTargets are the objects whose changes move a cluster's tree.
func clusterTargets(key Key) []target {
	core := func(kind string) schema.GroupVersionKind { return clusterv1.GroupVersion.WithKind(kind) }
	return []target{
		{gvk: clusterKind(), namespace: key.Namespace, name: key.Name},
		{gvk: core("MachineDeployment"), namespace: key.Namespace, cluster: key.Name},
		{gvk: core("Machine"), namespace: key.Namespace, cluster: key.Name},
	}
}

// watch sends on the channel whenever one of the targets changes; several changes may be one signal. stop ends it.
func (c *Client) watch(ctx context.Context, targets []target) (signals <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan struct{}, 1)
	var running sync.WaitGroup
	for _, t := range targets {
		running.Go(func() {
			if s := c.shared.Load(); s == nil || !s.tell(ctx, t, out) {
				c.watchTarget(ctx, t, out)
			}
		})
	}
	return out, func() {
		cancel()
		running.Wait()
	}
}

// watchTarget watches until ctx ends, through broken connections.
func (c *Client) watchTarget(ctx context.Context, t target, out chan<- struct{}) {
	for ctx.Err() == nil {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(t.gvk.GroupVersion().WithKind(t.gvk.Kind + "List"))
		w, err := c.api.Watch(ctx, list, t.options()...)
		if err == nil {
			for range w.ResultChan() {
				signal(out)
			}
			w.Stop()
			signal(out)
		}
		sleep(ctx, watchAgain)
	}
}

func signal(out chan<- struct{}) {
	select {
	case out <- struct{}{}:
	default:
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
