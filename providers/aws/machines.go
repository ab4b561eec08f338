package aws

import (
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables that say what machines are made of.
const (
	keyControlPlaneType = "CONTROL_PLANE_MACHINE_TYPE"
	keyWorkerType       = "NODE_MACHINE_TYPE"
	keyControlPlaneDisk = "AWS_CONTROL_PLANE_OS_DISK_SIZE_GIB"
	keyWorkerDisk       = "AWS_NODE_OS_DISK_SIZE_GIB"
	keyDiskType         = "AWS_OS_DISK_TYPE"
	keyWorkerCount      = "WORKER_MACHINE_COUNT"
)

// machine is the hardware of one role, in the spelling of the ClusterClass's variables.
type machine struct {
	InstanceType string     `json:"instanceType"`
	RootVolume   rootVolume `json:"rootVolume"`
}

type rootVolume struct {
	SizeGiB int    `json:"sizeGiB"`
	Type    string `json:"type,omitempty"` // EKS chooses it itself
}

func controlPlane(c *config.Config) (machine, error) {
	return machineOf(c, keyControlPlaneType, keyControlPlaneDisk)
}

func (i *inspection) worker(typeKey string) (machine, error) {
	m, err := machineOf(i.config(), typeKey, keyWorkerDisk)
	if i.clusterType() == typeEKS {
		m.RootVolume.Type = ""
	}
	return m, err
}

func machineOf(c *config.Config, typeKey, diskKey string) (machine, error) {
	gib, err := c.Int(diskKey)
	if err != nil {
		return machine{}, err
	}
	return machine{InstanceType: c.String(typeKey), RootVolume: rootVolume{SizeGiB: gib, Type: c.String(keyDiskType)}}, nil
}

// workerTypeKey is the variable that says the instance type of a zone's workers: its own when set, else the common one.
func workerTypeKey(c *config.Config, z zone) string {
	if own := z.key(keyWorkerType); c.String(own) != "" {
		return own
	}
	return keyWorkerType
}

// workersPerZone gives each zone its own count, or its part of what is left of the workers.
func workersPerZone(c *config.Config, zones []zone, workers int) ([]int, error) {
	var keys []string
	for _, z := range zones {
		keys = append(keys, zoneCountKey(z))
	}
	return preflight.WorkersPerZone(c, keys, workers)
}

// zoneCountKey is WORKER_MACHINE_COUNT_0 for the first zone, whose other variables bear no number.
func zoneCountKey(z zone) string {
	if z.suffix == "" {
		return keyWorkerCount + "_0"
	}
	return keyWorkerCount + z.suffix
}
