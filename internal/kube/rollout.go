package kube

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// AwaitReplaced is Await for a change that may replace machines: it ends when done says so and RolloutBehind finds nothing.
func (c *Client) AwaitReplaced(ctx context.Context, key Key, what string, done func(*clusterv1.Cluster) bool, note func(string)) error {
	return c.await(ctx, key, what, func(ctx context.Context, cluster *clusterv1.Cluster) (bool, error) {
		if !done(cluster) {
			return false, nil
		}
		behind, err := c.RolloutBehind(ctx, cluster)
		return err == nil && behind == nil, err
	}, note)
}

// RolloutBehind gives a part of a cluster that still has machines of before a change, or has not asked for those after it,
// although the Cluster's status says that all is done; nil when there is none. The numbers in that status pass through
// Machine, MachineSet and MachineDeployment, and for a second or two after a change they are those of before.
func (c *Client) RolloutBehind(ctx context.Context, cluster *clusterv1.Cluster) (*Unready, error) {
	if !Settled(cluster) {
		return nil, nil //nolint:nilnil // the numbers tell by themselves
	}
	behind, err := c.controlPlaneBehind(ctx, cluster)
	if behind != nil || err != nil {
		return behind, err
	}
	deployments, sets := &clusterv1.MachineDeploymentList{}, &clusterv1.MachineSetList{}
	of := []client.ListOption{client.InNamespace(cluster.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: cluster.Name}}
	for _, list := range []client.ObjectList{deployments, sets} {
		if err := c.api.List(ctx, list, of...); err != nil && !absent(err) {
			return nil, c.explain(ctx, fmt.Errorf("list machines of %s: %w", ClusterName(client.ObjectKeyFromObject(cluster)), err))
		}
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		if why := deploymentBehind(d, sets.Items); why != "" {
			kind := clusterv1.GroupVersion.WithKind("MachineDeployment")
			return &Unready{Object: Object{Kind: kind, Key: client.ObjectKeyFromObject(d)}, Why: why}, nil
		}
	}
	return nil, nil //nolint:nilnil // nothing is behind
}

// deploymentBehind goes by the templates of a deployment's sets, from which its controller concludes what to replace.
func deploymentBehind(d *clusterv1.MachineDeployment, sets []clusterv1.MachineSet) string {
	asked := value(d.Spec.Replicas) == 0
	for i := range sets {
		set := &sets[i]
		switch {
		case set.Labels[clusterv1.MachineDeploymentNameLabel] != d.Name:
		case sameMachines(set.Spec.Template.Spec, d.Spec.Template.Spec):
			asked = true
		case value(set.Spec.Replicas) > 0 || value(set.Status.Replicas) > 0:
			return "machines of before the change are there"
		}
	}
	if !asked {
		return "the machines are not asked for yet"
	}
	return ""
}

// sameMachines compares what a change of a topology changes: a template that changes gets another name.
func sameMachines(a, b clusterv1.MachineSpec) bool {
	return a.Version == b.Version && a.FailureDomain == b.FailureDomain &&
		a.InfrastructureRef.Name == b.InfrastructureRef.Name && a.Bootstrap.ConfigRef.Name == b.Bootstrap.ConfigRef.Name
}

// controlPlaneBehind goes by the generation that the control plane's controller has looked at. One that counts no machines
// has none to replace.
func (c *Client) controlPlaneBehind(ctx context.Context, cluster *clusterv1.Cluster) (*Unready, error) {
	ref := cluster.Spec.ControlPlaneRef
	if !ref.IsDefined() {
		return nil, nil //nolint:nilnil // nothing is behind
	}
	kind, err := c.api.RESTMapper().RESTMapping(schema.GroupKind{Group: ref.APIGroup, Kind: ref.Kind})
	if absent(err) {
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, c.explain(ctx, fmt.Errorf("find kind %s: %w", ref.Kind, err))
	}
	have, err := c.live(ctx, kind.GroupVersionKind, Key{Namespace: cluster.Namespace, Name: ref.Name})
	if err != nil || have == nil {
		return nil, err
	}
	looked, looks, _ := unstructured.NestedInt64(have.Object, "status", "observedGeneration") // what is no number counts nothing
	wanted, counts, _ := unstructured.NestedInt64(have.Object, "spec", "replicas")
	latest, known, _ := unstructured.NestedInt64(have.Object, "status", "upToDateReplicas")
	if counts && looks && looked < have.GetGeneration() || counts && known && latest < wanted {
		return &Unready{Object: objectOf(have), Why: "machines of before the change are there"}, nil
	}
	return nil, nil //nolint:nilnil // as above
}
