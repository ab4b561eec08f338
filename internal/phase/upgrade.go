package phase

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// UpgradeInput is what upgrading a cluster needs.
type UpgradeInput struct {
	Client  *kube.Client
	Cluster kube.Key
	Edit    kube.TopologyEdit // the version, and the variables that follow from it
	Holder  kube.Holder
	Wait    bool   // until every machine has the version, instead of returning once accepted
	Resume  string // the command line that goes on with it
}

// Upgrade changes the Kubernetes version of a cluster. Cluster API upgrades the control plane first and the pools of
// workers after it.
func Upgrade(in UpgradeInput) Operation {
	c, key := in.Client, in.Cluster
	phases := []Phase{
		checkVersion{client: c, key: key, want: in.Edit.Version},
		&lockCluster{client: c, key: key, holder: in.Holder},
		editTopology{client: c, key: key, edit: in.Edit},
	}
	if in.Wait {
		phases = append(phases, awaitVersion(c, key, in.Edit.Version)...)
	}
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("the management cluster goes on upgrading %s", key.Name),
		Resume:    in.Resume,
	}
}

// awaitVersion ends when every machine there is to be has the version.
func awaitVersion(c *kube.Client, key kube.Key, version string) []Phase {
	return []Phase{
		await{
			client: c, key: key, name: "control plane at " + version, what: "the control plane to be upgraded",
			count: kube.ControlPlaneCount, done: func(cluster *clusterv1.Cluster) bool {
				return kube.ControlPlaneReady(cluster) && kube.ControlPlaneAt(cluster, version)
			},
		},
		await{
			client: c, key: key, name: "workers at " + version, what: "the workers to be upgraded",
			count: kube.WorkerCount, done: func(cluster *clusterv1.Cluster) bool {
				return kube.Settled(cluster) && kube.WorkersAt(cluster, version)
			},
		},
	}
}

// checkVersion refuses versions that a cluster cannot go to.
type checkVersion struct {
	client *kube.Client
	key    kube.Key
	want   string
}

func (checkVersion) Name() string { return "request checked" }

func (checkVersion) asking() {}

func (p checkVersion) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil {
		return nil, err
	}
	if cluster.DeletionTimestamp != nil {
		return nil, kube.DeletingError(p.key)
	}
	return nil, CheckUpgrade(p.key, cluster.Spec.Topology.Version, p.want)
}

func (checkVersion) Apply(context.Context, func(string)) error { return nil }

// CheckUpgrade refuses a way from one Kubernetes version to another that the control plane cannot take: back, or over
// more than one minor version at once, which neither kubeadm nor a cloud that runs the control plane does.
func CheckUpgrade(key kube.Key, from, to string) error {
	const flag = "--kubernetes-version"
	refuse := func(problem, next string) error {
		return uerr.Findings{{Code: uerr.Usage, Where: flag, Problem: problem, Next: next}}
	}
	now, errNow := version.ParseSemantic(from)
	want, errWant := version.ParseSemantic(to)
	if err := errors.Join(errNow, errWant); err != nil {
		return refuse(fmt.Sprintf("from %q to %q: %v", from, to, err), "a version such as v1.36.3")
	}
	switch {
	case want.LessThan(now):
		return refuse(fmt.Sprintf("%s has %s, and Kubernetes cannot go back to %s", kube.ClusterName(key), from, to), "a version from "+from+" on")
	case want.Major() != now.Major() || want.Minor() > now.Minor()+1:
		return refuse(fmt.Sprintf("%s has %s, and an upgrade to %s would leave out a minor version", kube.ClusterName(key), from, to),
			fmt.Sprintf("upgrade to v%d.%d first", now.Major(), now.Minor()+1))
	}
	return nil
}
