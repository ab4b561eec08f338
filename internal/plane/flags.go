package plane

import (
	"flag"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// leastMemory is room for Cluster API's and CAPV's types, which need about 700 MiB.
const leastMemory = 1 << 30

// defaultMemory is a soft limit for the plane's own heap, a quarter of the machine's memory. A heap that comes near its
// limit is collected all the time: with 40 clusters and a limit of 1 GiB that was a third of the plane's work.
func defaultMemory() int64 { return max(leastMemory, machineMemory()/4) }

// machineMemory is in bytes: what the machine has, or the container may take; 0 where it cannot be read.
func machineMemory() int64 {
	proc, err := procfs.NewDefaultFS()
	if err != nil { // not Linux
		return 0
	}
	memory, err := proc.Meminfo()
	if err != nil || memory.MemTotalBytes == nil {
		return 0
	}
	total := int64(*memory.MemTotalBytes) //nolint:gosec // no machine has so much
	raw, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if limit, notSet := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil && notSet == nil {
		return min(total, limit)
	}
	return total
}

// ParseFlags reads the command line of slipway-plane.
func ParseFlags(args []string, out io.Writer) (Options, error) {
	var o Options
	flags := flag.NewFlagSet("slipway-plane", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.Dir, "dir", "", "folder that the plane keeps everything in")
	flags.StringVar(&o.Repository, "repository", "", "folder of the providers: LABEL/VERSION/manager")
	flags.StringVar(&o.Name, "name", defaultName, "name of the management cluster; its context is NAME-admin@NAME")
	flags.BoolVar(&o.NoFsync, "no-fsync", false, "do not wait for the disk; only for planes that are thrown away")
	flags.Int64Var(&o.MemoryLimit, "memory-limit", defaultMemory(), "bytes that the plane's own heap should stay under, unless GOMEMLIMIT is set")
	return o, flags.Parse(args)
}
