package cli

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// variableFlag is a flag that stands for a variable of config.yaml: given, it is the strongest source of its value.
type variableFlag struct {
	variable, name, short, usage string
	hidden                       bool
}

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
		{variable: "INFRASTRUCTURE_PROVIDER", name: "infrastructure", short: "i", usage: "infrastructure provider (default vsphere)"},
	}
}

// clusterFlags are these flags after parsing.
type clusterFlags struct {
	values     map[string]string // variable -> value, of the flags that were given
	names      map[string]string // variable -> "--flag", of all
	configFile string            // --file: a configuration for this cluster alone
	set        *pflag.FlagSet
}

func (f *clusterFlags) bind(cmd *cobra.Command, d *Deps) {
	f.set = cmd.Flags()
	for _, v := range clusterVariableFlags() {
		f.set.StringP(v.name, v.short, "", v.usage)
		if v.hidden {
			hide(f.set, v.name)
		}
		if words := d.wordsFor(v.variable); words != nil {
			completeFlag(cmd, v.name, words)
		}
	}
	f.set.StringVar(&f.configFile, "file", "", "configuration of this cluster, in place of config.yaml")
	ignoreFlag(f.set, "enable-cluster-options", "", "write ENABLE_CLUSTER_OPTIONS's variables, such as ENABLE_OIDC, into config.yaml")
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
	for _, v := range clusterVariableFlags() {
		given := f.set.Changed(v.name)
		if given {
			f.values[v.variable] = f.set.Lookup(v.name).Value.String()
		}
		if given || f.names[v.variable] == "" {
			f.names[v.variable] = "--" + v.name
		}
	}
}

// defaultTimeout is TKG's.
const defaultTimeout = 30 * time.Minute

func bindTimeout(flags *pflag.FlagSet, timeout *time.Duration) {
	flags.DurationVarP(timeout, "timeout", "t", defaultTimeout, "how long the whole operation may take")
}
