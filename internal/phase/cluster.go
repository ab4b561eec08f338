package phase

import (
	"context"
	"errors"
	"strings"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// applyCluster applies the Cluster, from which the management cluster does all the rest. A cluster that came up before
// is not changed by creating it again; one that never did takes the new settings, so that a mistake can be corrected.
type applyCluster struct {
	client  *kube.Client
	key     kube.Key
	desired *clusterv1.Cluster
	closed  *clusterv1.Cluster // desired while the gate is closed
	gate    *gate              // nil when nothing is held back
	update  bool               // a cluster that came up before is changed, too
}

func (applyCluster) Name() string { return "cluster" }

func (p applyCluster) Check(ctx context.Context) ([]Change, error) {
	current, err := p.client.Cluster(ctx, p.key)
	if uerr.ExitCode(err) == uerr.NotFound {
		return []Change{{Object: kube.ClusterName(p.key), To: "create"}}, nil
	}
	if err != nil {
		return nil, err
	}
	if current.DeletionTimestamp != nil {
		return nil, kube.DeletingError(p.key)
	}
	desired, err := p.form(ctx, current, false)
	if err != nil {
		return nil, err
	}
	changes, err := p.client.Diff(ctx, desired)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	if !p.update && initialized(current) {
		return nil, differsError(p.key, changes)
	}
	return changes, nil
}

func initialized(cluster *clusterv1.Cluster) bool {
	is := cluster.Status.Initialization.ControlPlaneInitialized
	return is != nil && *is
}

// form is the Cluster as it has to be applied now. One that is there keeps its gate as it is: release opens it. Only a
// change that is made shuts an open one, when what it waits for is not ready.
func (p applyCluster) form(ctx context.Context, live *clusterv1.Cluster, changing bool) (*clusterv1.Cluster, error) {
	if live != nil && p.gate != nil && !p.gate.closedIn(live) && (!p.update || !changing) {
		return p.desired, nil
	}
	shut, err := p.gate.shut(ctx, live)
	if shut {
		return p.closed, err
	}
	return p.desired, err
}

func (p applyCluster) Apply(ctx context.Context, _ func(string)) error {
	current, err := p.client.Cluster(ctx, p.key)
	if err != nil && uerr.ExitCode(err) != uerr.NotFound {
		return err
	}
	desired, err := p.form(ctx, current, true)
	if err != nil {
		return err
	}
	if err := p.client.Apply(ctx, desired); err != nil {
		return err
	}
	operation := kube.OperationCreate
	if current != nil && initialized(current) {
		operation = kube.OperationUpdate
	}
	return p.client.SetOperation(ctx, p.key, operation)
}

func differsError(key kube.Key, changes []Change) error {
	var lines []string
	for _, c := range changes {
		lines = append(lines, strings.TrimPrefix(c.String(), c.Object+" "))
	}
	return &uerr.Error{
		Code: uerr.Failure, What: "there is a cluster of this name with other settings", Object: kube.ClusterName(key),
		Cause: errors.New(strings.Join(lines, "; ")),
		Next:  "use another name, or slipway scale cluster to change its size, or delete it first",
	}
}
