package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// variableFlag is a flag that stands for a variable of config.yaml: given, it is the strongest source of its value.
type variableFlag struct {
	variable, name, short, usage string
	hidden                       bool
	isSwitch                     bool // --name and --name=false, refused where the infrastructure has no such variable
}

// virtualNodeFlag switches virtual nodes on, where an infrastructure has them.
const virtualNodeFlag = "virtual-node"

// clusterVariableFlags are the flags that create cluster and config cluster share. Two flags of one variable are two
// spellings of TKG's.
func clusterVariableFlags() []variableFlag {
	return []variableFlag{
		{variable: "CLUSTER_PLAN", name: "plan", short: "p", usage: "plan: dev, prod or one of your own (default dev)"},
		{variable: "CLUSTER_TYPE", name: "type", usage: "kind of cluster, where the infrastructure has several (default the usual one)"},
		{variable: "CONTROL_PLANE_MACHINE_COUNT", name: "controlplane-machine-count", short: "c", usage: "control plane machines, an odd number (default the plan's)"},
		{variable: "WORKER_MACHINE_COUNT", name: "worker-machine-count", short: "w", usage: "worker machines (default the plan's)"},
		{variable: "NAMESPACE", name: "namespace", short: "n", usage: "namespace in the management cluster (default default)"},
		{variable: "KUBERNETES_VERSION", name: "kubernetes-version", usage: "Kubernetes version (default the newest there is an image of)"},
		{variable: "KUBERNETES_VERSION", name: "tkr", usage: "Kubernetes version, as TKG 1.3 spelled it", hidden: true},
		{variable: "CNI", name: "cni", usage: "pod network: antrea, calico or none"},
		{variable: "SIZE", name: "size", usage: "size of all machines: small, medium, large, extra-large"},
		{variable: "CONTROLPLANE_SIZE", name: "controlplane-size", usage: "size of control plane machines"},
		{variable: "WORKER_SIZE", name: "worker-size", usage: "size of worker machines"},
		{variable: "VSPHERE_CONTROL_PLANE_ENDPOINT", name: "vsphere-controlplane-endpoint", usage: "address of the cluster's API on vSphere"},
		{variable: "VSPHERE_CONTROL_PLANE_ENDPOINT", name: "vsphere-controlplane-endpoint-ip", usage: "the same, as TKG 1.2 spelled it", hidden: true},
		{variable: "AZURE_VIRTUAL_NODE_ENABLED", name: virtualNodeFlag, isSwitch: true, usage: "a virtual node, which runs pods without machines (clusters of AKS)"},
		{variable: "INFRASTRUCTURE_PROVIDER", name: "infrastructure", short: "i", usage: "infrastructure provider (default vsphere)"},
	}
}

// clusterFlags are these flags after parsing.
type clusterFlags struct {
	values     map[string]string // variable -> value, of the flags that were given
	names      map[string]string // variable -> "--flag", of all
	configFile string            // --file: a configuration for this cluster alone
	set        *pflag.FlagSet
	all        []variableFlag
}

func (f *clusterFlags) bind(cmd *cobra.Command, d *Deps) {
	f.set, f.all = cmd.Flags(), clusterVariableFlags()
	f.bindVariables(cmd, d)
	f.set.StringVar(&f.configFile, "file", "", "configuration of this cluster, in place of config.yaml")
	ignoreFlag(f.set, "enable-cluster-options", "", "write ENABLE_CLUSTER_OPTIONS's variables, such as ENABLE_OIDC, into config.yaml")
}

func (f *clusterFlags) bindVariables(cmd *cobra.Command, d *Deps) {
	for _, v := range f.all {
		if v.isSwitch {
			f.set.BoolP(v.name, v.short, false, v.usage)
		} else {
			f.set.StringP(v.name, v.short, "", v.usage)
		}
		if v.hidden {
			hide(f.set, v.name)
		}
		if words := d.wordsFor(v.variable); words != nil {
			completeFlag(cmd, v.name, words)
		}
	}
}

// wordsFor offers values of a variable; nil where there are none to offer.
func (d *Deps) wordsFor(variable string) candidates {
	switch variable {
	case "CLUSTER_PLAN":
		return d.planNames
	case "KUBERNETES_VERSION":
		return d.kubernetesVersions
	case "INFRASTRUCTURE_PROVIDER":
		return d.providerNames
	case "SIZE", "CONTROLPLANE_SIZE", "WORKER_SIZE":
		return func(string) []string { return []string{"small", "medium", "large", "extra-large"} }
	case "CNI":
		return func(string) []string { return []string{"antrea", "calico", "none"} }
	}
	return nil
}

// read collects what was typed.
func (f *clusterFlags) read() {
	f.values, f.names = map[string]string{}, map[string]string{}
	for _, v := range f.all {
		given := f.set.Changed(v.name)
		if given {
			f.values[v.variable] = f.set.Lookup(v.name).Value.String()
		}
		if given || f.names[v.variable] == "" {
			f.names[v.variable] = "--" + v.name
		}
	}
}

// given lists the flags that were typed.
func (f *clusterFlags) given() []variableFlag {
	var out []variableFlag
	for _, v := range f.all {
		if f.set.Changed(v.name) {
			out = append(out, v)
		}
	}
	return out
}

// strangers refuses switches of another infrastructure: a cluster without what was asked for would be a surprise.
func (d *Deps) strangers(given []variableFlag, infrastructure string) uerr.Findings {
	var out uerr.Findings
	for _, v := range given {
		if owners := d.infrastructuresOf(v.variable); v.isSwitch && !slices.Contains(owners, infrastructure) {
			out = append(out, uerr.Finding{
				Where: "--" + v.name, Problem: "clusters on " + infrastructure + " have no such thing",
				Next: "leave it out; it is for clusters on " + strings.Join(owners, ", "),
			})
		}
	}
	return out
}

// infrastructuresOf names the infrastructures that have a variable of their own.
func (d *Deps) infrastructuresOf(variable string) []string {
	var out []string
	for _, table := range d.Tables() {
		for _, v := range table.Variables {
			if v.Name == variable && table.Provider != "" {
				out = append(out, table.Provider)
			}
		}
	}
	return out
}

// defaultTimeout is TKG's.
const defaultTimeout = 30 * time.Minute

func bindTimeout(flags *pflag.FlagSet, timeout *time.Duration) {
	flags.DurationVarP(timeout, "timeout", "t", defaultTimeout, "how long the whole operation may take")
}
