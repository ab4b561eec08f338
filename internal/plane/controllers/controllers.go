// Package controllers runs the three of kube-controller-manager's controllers that Cluster API and its providers rely
// on: garbage collection by owner reference, the end of namespaces, and the aggregation of cluster roles. Nothing that
// needs nodes or pods is here.
package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/namespace"
)

const (
	namespaceWorkers = 4
	roleWorkers      = 2
	namespaceResync  = 5 * time.Minute
)

// Run keeps them going until ctx ends.
func Run(ctx context.Context, admin *rest.Config) error {
	client, err := kubernetes.NewForConfig(named(admin, "controllers"))
	if err != nil {
		return err
	}
	meta, err := metadata.NewForConfig(named(admin, "controllers"))
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	namespaces := namespace.NewNamespaceController(ctx, client, meta, client.Discovery().ServerPreferredNamespacedResources,
		factory.Core().V1().Namespaces(), namespaceResync, corev1.FinalizerKubernetes)
	roles := clusterroleaggregation.NewClusterRoleAggregation(factory.Rbac().V1().ClusterRoles(), client.RbacV1())
	garbage, err := newGarbage(ctx, named(admin, "garbage-collector"), factory)
	if err != nil {
		return fmt.Errorf("garbage collector: %w", err)
	}
	var group sync.WaitGroup
	for _, run := range []func(){
		func() { namespaces.Run(ctx, namespaceWorkers) },
		func() { roles.Run(ctx, roleWorkers) },
		func() { garbage.run(ctx) },
	} {
		group.Go(run)
	}
	factory.Start(ctx.Done())
	group.Wait()
	factory.Shutdown()
	return nil
}

// named makes a controller recognisable in the API server's metrics and managed fields.
func named(admin *rest.Config, name string) *rest.Config {
	return rest.AddUserAgent(rest.CopyConfig(admin), name)
}
