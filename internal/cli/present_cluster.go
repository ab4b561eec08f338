package cli

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strconv"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/plans"
	"github.com/slipway-sh/slipway/providers"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// presentCluster is a cluster that is there, to be changed: asked for once as it is and once with what is to change, the
// difference between the two is the change. Nothing else about the cluster changes with the configuration of today.
type presentCluster struct {
	deps    *Deps
	client  *kube.Client
	cluster *clusterv1.Cluster
	key     kube.Key
}

func (d *Deps) presentCluster(ctx context.Context, namespace, name string) (*presentCluster, error) {
	client, key, err := d.onCluster(namespace, name)
	if err != nil {
		return nil, err
	}
	cluster, err := client.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, kube.DeletingError(key)
	}
	if !cluster.Spec.Topology.IsDefined() {
		return nil, &uerr.Error{
			Code: uerr.Failure, What: "the cluster has no topology to change", Object: kube.ClusterName(key),
			Next: "change it with the tool that made it",
		}
	}
	return &presentCluster{deps: d, client: client, cluster: cluster, key: key}, nil
}

// ask makes the request of the cluster as it is, but for the values of some variables. names says by which flag each was
// given.
func (p *presentCluster) ask(values, names map[string]string) (*wantedCluster, error) {
	all, from := p.identity()
	maps.Copy(all, values)
	maps.Copy(from, names)
	w, err := p.deps.want(p.deps.configOptions(all, from), func(*wantedCluster, plans.Plan) uerr.Findings { return nil })
	if err != nil {
		return nil, err
	}
	version := w.request.KubernetesVersion
	if _, given := values["KUBERNETES_VERSION"]; !given {
		version = p.cluster.Spec.Topology.Version
	}
	if err := w.keep(p.cluster); err != nil {
		return nil, err
	}
	w.request.KubernetesVersion = version
	return w, nil
}

// infrastructure is where the cluster runs, or where the configuration would have it when the Cluster does not say.
func (p *presentCluster) infrastructure() (string, error) {
	if name := p.cluster.Labels[render.LabelInfrastructure]; name != "" {
		return name, nil
	}
	cfg, err := p.deps.configuration(nil, nil)
	if err != nil {
		return "", err
	}
	return infrastructureOf(cfg), nil
}

// identity is what the Cluster itself says of how it was asked for, and where each value is from.
func (p *presentCluster) identity() (values, from map[string]string) {
	labels := p.cluster.Labels
	values = map[string]string{"CLUSTER_NAME": p.key.Name, "NAMESPACE": p.key.Namespace}
	for variable, label := range map[string]string{"CLUSTER_PLAN": render.LabelPlan, "INFRASTRUCTURE_PROVIDER": render.LabelInfrastructure} {
		if labels[label] != "" {
			values[variable] = labels[label]
		}
	}
	if n := p.cluster.Spec.Topology.ControlPlane.Replicas; n != nil {
		values["CONTROL_PLANE_MACHINE_COUNT"] = strconv.Itoa(int(*n))
	}
	values["WORKER_MACHINE_COUNT"] = strconv.Itoa(int(kube.WorkerCount(p.cluster).Desired))
	from = map[string]string{}
	for variable := range values {
		from[variable] = kube.ClusterName(p.key)
	}
	return values, from
}

// difference is what changes between two requests of the cluster. The cloud may not be able to give it as it is any more,
// such as with a version that is retired: the live Cluster stands in, and a warning says so.
func (p *presentCluster) difference(ctx context.Context, before, after *wantedCluster) (kube.TopologyEdit, error) {
	var err error
	if after.values, err = after.provider.Values(ctx, after.request); err != nil {
		return kube.TopologyEdit{}, err
	}
	before.values, err = before.provider.Values(ctx, before.request)
	if ctx.Err() != nil {
		return kube.TopologyEdit{}, context.Cause(ctx)
	}
	if err != nil {
		p.deps.View.Warn("%s cannot be resolved as it is now (%v), so all that differs from it changes", kube.ClusterName(p.key), err)
		before.values = providers.Values{Variables: before.request.Current}
	}
	return difference(before.values, after.values)
}

func difference(before, after providers.Values) (kube.TopologyEdit, error) {
	edit := kube.TopologyEdit{}
	var err error
	if edit.Variables, err = changedVariables(before.Variables, after.Variables); err != nil {
		return edit, err
	}
	had := map[string]providers.Pool{}
	for _, pool := range before.Pools {
		had[pool.Name] = pool
	}
	for _, pool := range after.Pools {
		old, ok := had[pool.Name]
		if !ok {
			continue // pools are added and removed by commands of their own
		}
		changed, err := changedVariables(old.Variables, pool.Variables)
		if err != nil {
			return edit, fmt.Errorf("pool %s: %w", pool.Name, err)
		}
		if len(changed) > 0 {
			if edit.Pools == nil {
				edit.Pools = map[string]map[string]any{}
			}
			edit.Pools[pool.Name] = changed
		}
	}
	return edit, nil
}

// opened is an edit with the values that the variables of a gate have once it is open, because the gate replaces them.
func opened(edit kube.TopologyEdit, values providers.Values) kube.TopologyEdit {
	open := map[string]any{}
	for name := range values.Gate.Closed {
		open[name] = values.Variables[name]
	}
	return edit.With(open)
}

// changedVariables gives the new values of those that differ; nil is a value that is no more.
func changedVariables(before, after map[string]any) (map[string]any, error) {
	old, err := render.Variables(before)
	if err != nil {
		return nil, err
	}
	wanted, err := render.Variables(after)
	if err != nil {
		return nil, err
	}
	changed := map[string]any{}
	for name := range old {
		if _, still := wanted[name]; !still {
			changed[name] = nil
		}
	}
	for name, value := range wanted {
		if !reflect.DeepEqual(old[name], value) {
			changed[name] = value
		}
	}
	return changed, nil
}
