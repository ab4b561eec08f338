package vsphere

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// size is the hardware of one machine, in the spelling of the ClusterClass's variables.
type size struct {
	NumCPUs   int `json:"numCPUs"`
	MemoryMiB int `json:"memoryMiB"`
	DiskGiB   int `json:"diskGiB"`
}

// namedSizes are TKG's.
func namedSizes() map[string]size {
	return map[string]size{
		"small":       {2, 4096, 20},
		"medium":      {2, 8192, 40},
		"large":       {4, 16384, 40},
		"extra-large": {8, 32768, 80},
	}
}

// role is the machines that share a size.
type role struct {
	name    string
	sizeKey string
	prefix  string // of VSPHERE_..._NUM_CPUS, _MEM_MIB, _DISK_GIB
}

func controlPlaneRole() role {
	return role{name: "control plane", sizeKey: "CONTROLPLANE_SIZE", prefix: "VSPHERE_CONTROL_PLANE"}
}

func workerRole() role { return role{name: "worker", sizeKey: "WORKER_SIZE", prefix: "VSPHERE_WORKER"} }

// machineSize resolves a role's hardware, each number by itself. The strongest source wins (flag, environment, file,
// plan); within one source a named size wins over a number, as in TKG, and the role's own over the one for all machines.
func machineSize(c *config.Config, r role) (size, uerr.Findings) {
	var findings uerr.Findings
	number := func(suffix string, of func(size) int) int {
		n, problem := oneNumber(c, r, suffix, of)
		findings = append(findings, problem...)
		return n
	}
	s := size{
		NumCPUs:   number("_NUM_CPUS", func(s size) int { return s.NumCPUs }),
		MemoryMiB: number("_MEM_MIB", func(s size) int { return s.MemoryMiB }),
		DiskGiB:   number("_DISK_GIB", func(s size) int { return s.DiskGiB }),
	}
	return s, slices.CompactFunc(findings, func(a, b uerr.Finding) bool { return a == b })
}

func oneNumber(c *config.Config, r role, suffix string, of func(size) int) (int, uerr.Findings) {
	key := c.Strongest(r.sizeKey, "SIZE", r.prefix+suffix, "VSPHERE"+suffix)
	if key == "" {
		key = r.prefix + suffix // its default
	}
	if !strings.HasSuffix(key, "SIZE") {
		n, err := c.Int(key)
		if err != nil || n <= 0 {
			return 0, uerr.Findings{{Where: preflight.Where(c, key), Problem: fmt.Sprintf("%s is %q, not a number above zero", key, c.String(key)),
				Next: "set " + key + " to a whole number"}}
		}
		return n, nil
	}
	named, ok := namedSizes()[c.String(key)]
	if !ok {
		return 0, uerr.Findings{{Where: preflight.Where(c, key), Problem: fmt.Sprintf("%s %q is no size of a machine on vSphere", key, c.String(key)),
			Next: "use small, medium, large or extra-large"}}
	}
	return of(named), nil
}
