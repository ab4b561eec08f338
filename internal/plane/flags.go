package plane

import (
	"flag"
	"io"
)

// defaultMemory is a soft limit for the plane's own heap: Cluster API's and CAPV's types need about 700 MiB.
const defaultMemory = 1 << 30

// ParseFlags reads the command line of slipway-plane.
func ParseFlags(args []string, out io.Writer) (Options, error) {
	var o Options
	flags := flag.NewFlagSet("slipway-plane", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.Dir, "dir", "", "folder that the plane keeps everything in")
	flags.StringVar(&o.Repository, "repository", "", "folder of the providers: LABEL/VERSION/manager")
	flags.StringVar(&o.Name, "name", defaultName, "name of the management cluster; its context is NAME-admin@NAME")
	flags.BoolVar(&o.NoFsync, "no-fsync", false, "do not wait for the disk; only for planes that are thrown away")
	flags.Int64Var(&o.MemoryLimit, "memory-limit", defaultMemory, "bytes that the plane's own heap should stay under, unless GOMEMLIMIT is set")
	return o, flags.Parse(args)
}
