package kube

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// The classes of workers that our ClusterClasses have. A system class is that of the pool which carries the cluster's
// own pods, where the infrastructure knows such a thing; every ClusterClass has WorkerClass.
const (
	WorkerClass = "worker"
	SystemClass = "system"
)

// addedAnnotation is on a pool of the topology that was not there when the cluster was created.
const addedAnnotation = "slipway.sh/added-pool"

// The lists of pools in a topology.
const (
	machineDeployments = "machineDeployments"
	machinePools       = "machinePools"
)

// Pool is one pool of workers in a Cluster's topology: a machine deployment, or a machine pool of the infrastructure's.
type Pool struct {
	Name, Class string
	MachinePool bool                        // the infrastructure keeps the machines, and replaces broken ones
	Zones       []string                    // failure domains; none leaves the choice to the infrastructure
	Replicas    *int32                      // nil: somebody else, such as the autoscaler, keeps the number
	Overrides   []clusterv1.ClusterVariable // variables that differ from the cluster's
	Added       bool                        // by set nodepool, after the cluster was created
}

// Pools lists the pools of a Cluster's topology, machine deployments first.
func Pools(cluster *clusterv1.Cluster) []Pool {
	var out []Pool
	workers := cluster.Spec.Topology.Workers
	for i := range workers.MachineDeployments {
		pool := &workers.MachineDeployments[i]
		p := Pool{Name: pool.Name, Class: pool.Class, Replicas: pool.Replicas, Overrides: pool.Variables.Overrides}
		if pool.FailureDomain != "" {
			p.Zones = []string{pool.FailureDomain}
		}
		_, p.Added = pool.Metadata.Annotations[addedAnnotation]
		out = append(out, p)
	}
	for i := range workers.MachinePools {
		pool := &workers.MachinePools[i]
		p := Pool{
			Name: pool.Name, Class: pool.Class, Replicas: pool.Replicas, Overrides: pool.Variables.Overrides,
			MachinePool: true, Zones: pool.FailureDomains,
		}
		_, p.Added = pool.Metadata.Annotations[addedAnnotation]
		out = append(out, p)
	}
	return out
}

// FindPool gives the pool of that name; the error of one that is not there has the exit code of "not found" and names
// those that are.
func FindPool(cluster *clusterv1.Cluster, name string) (Pool, error) {
	pools := Pools(cluster)
	for _, pool := range pools {
		if pool.Name == name {
			return pool, nil
		}
	}
	return Pool{}, &uerr.Error{
		Code: uerr.NotFound, What: "no such pool of workers: " + name, Object: ClusterName(client.ObjectKeyFromObject(cluster)),
		Cause: fmt.Errorf("its pools are %s", PoolNames(pools)), Next: "slipway get nodepools " + cluster.Name,
	}
}

// PoolNames is "md-0, md-1".
func PoolNames(pools []Pool) string {
	var names []string
	for _, pool := range pools {
		names = append(names, pool.Name)
	}
	return strings.Join(names, ", ")
}

// list is the field of a topology's workers that a pool is in.
func (p Pool) list() string {
	if p.MachinePool {
		return machinePools
	}
	return machineDeployments
}

// errWhichPool is why a number of workers alone does not say what to scale.
var errWhichPool = errors.New("which of them is to have that many?")

// scaledPools are the pools that a number of workers is about: the one that is named, the only one, or those of one
// class that stand for the same in different zones. Beside pools of other classes it is about the class worker.
func scaledPools(cluster *clusterv1.Cluster, name string) ([]Pool, error) {
	if name != "" {
		pool, err := FindPool(cluster, name)
		return []Pool{pool}, err
	}
	pools := Pools(cluster)
	if len(pools) == 0 {
		return nil, &uerr.Error{
			Code: uerr.Usage, What: "there is no pool of workers to scale", Object: ClusterName(client.ObjectKeyFromObject(cluster)),
			Next: "slipway describe cluster " + cluster.Name,
		}
	}
	if shareTotal(pools) {
		return pools, nil
	}
	workers := slices.DeleteFunc(slices.Clone(pools), func(p Pool) bool { return p.Class != WorkerClass })
	if len(workers) > 0 && shareTotal(workers) {
		return workers, nil
	}
	return nil, &uerr.Error{
		Code: uerr.Usage, What: "the cluster has several pools of workers: " + PoolNames(pools),
		Object: ClusterName(client.ObjectKeyFromObject(cluster)), Cause: errWhichPool, Next: "add --node-pool " + pools[0].Name,
	}
}

// shareTotal says whether pools are one set of workers spread over zones. A zone may have a type of machine of its own
// since the cluster was created; a pool that was added with variables of its own is there for something else.
func shareTotal(pools []Pool) bool {
	seen := map[string]bool{}
	for _, pool := range pools {
		zone := strings.Join(pool.Zones, ",")
		apart := zone == "" || seen[zone] || pool.Class != pools[0].Class || pool.Added && len(pool.Overrides) > 0
		if apart && len(pools) > 1 {
			return false
		}
		seen[zone] = true
	}
	return true
}

// resized gives all pools of a cluster with the numbers that a size asks for: a total is spread evenly over the pools it
// is about, the first ones taking what is left over.
func resized(cluster *clusterv1.Cluster, size Size) ([]Pool, error) {
	pools := Pools(cluster)
	if size.Workers == nil {
		return pools, nil
	}
	scaled, err := scaledPools(cluster, size.Pool)
	if err != nil {
		return nil, err
	}
	n := int32(len(scaled)) //nolint:gosec // the API admits at most 2000 pools
	for i := range pools {
		at := slices.IndexFunc(scaled, func(p Pool) bool { return p.Name == pools[i].Name })
		if at < 0 {
			continue
		}
		share := *size.Workers / n
		if int32(at) < *size.Workers%n { //nolint:gosec // as above
			share++
		}
		pools[i].Replicas = &share
	}
	return pools, nil
}

// CheckPools refuses a set of pools that a cluster cannot do with: none, or none left for the cluster's own pods.
func CheckPools(before, after []Pool) error {
	if len(after) == 0 {
		return errors.New("it is the cluster's only pool of workers")
	}
	if runsSystem(before) && !runsSystem(after) {
		return fmt.Errorf("no machine of class %s would be left, and the cluster's own pods run there", SystemClass)
	}
	return nil
}

// runsSystem says whether a pool of class system has machines.
func runsSystem(pools []Pool) bool {
	return slices.ContainsFunc(pools, func(p Pool) bool {
		return p.Class == SystemClass && (p.Replicas == nil || *p.Replicas > 0)
	})
}

// CheckSize says why a cluster's pools cannot be scaled like that; nil when they can.
func CheckSize(cluster *clusterv1.Cluster, size Size) error {
	after, err := resized(cluster, size)
	if err != nil || size.Workers == nil {
		return err
	}
	if wrong := CheckPools(Pools(cluster), after); wrong != nil {
		return &uerr.Error{
			Code: uerr.Usage, What: "the pools cannot be scaled like that", Object: ClusterName(client.ObjectKeyFromObject(cluster)),
			Cause: wrong, Next: "leave one machine or more",
		}
	}
	return nil
}
