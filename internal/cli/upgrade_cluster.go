package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/version"
)

type upgradeOptions struct {
	clusterFlags
	namespace string
	wait, yes bool
	timeout   time.Duration
}

// upgradeVariableFlags are TKG's: the version, and which image of it.
func upgradeVariableFlags() []variableFlag {
	return []variableFlag{
		{variable: "KUBERNETES_VERSION", name: "kubernetes-version", usage: "Kubernetes version to upgrade to (default the newest that is one minor version away)"},
		{variable: "KUBERNETES_VERSION", name: "tkr", usage: "the same, as TKG 1.3 spelled it", hidden: true},
		{variable: "VSPHERE_TEMPLATE", name: "vsphere-vm-template-name", usage: "VM template with the version, on vSphere, when there are several"},
		{variable: "OS_NAME", name: "os-name", usage: "operating system of the node image, when there are several"},
		{variable: "OS_VERSION", name: "os-version", usage: "its version"},
		{variable: "OS_ARCH", name: "os-arch", usage: "its processor architecture"},
	}
}

func newUpgradeCluster(d *Deps) *cobra.Command {
	var o upgradeOptions
	cmd := &cobra.Command{
		Use:     "cluster NAME",
		Aliases: []string{"clusters"},
		Short:   "Change the Kubernetes version of a cluster: its control plane first, then its workers",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runUpgradeCluster(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	o.set, o.all = flags, upgradeVariableFlags()
	o.bindVariables(cmd, d)
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.BoolVar(&o.wait, "wait", true, "wait until every machine has the version")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	bindTimeout(flags, &o.timeout)
	completeFirst(cmd, d.clusterNames)
	return cmd
}

func runUpgradeCluster(ctx context.Context, d *Deps, name string, o upgradeOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	p, err := d.presentCluster(ctx, o.namespace, name)
	if err != nil {
		return err
	}
	o.read()
	edit, err := p.upgrade(ctx, o.values, o.names)
	if err != nil {
		return err
	}
	from := p.cluster.Spec.Topology.Version
	if from != edit.Version {
		if err := d.confirm(ctx, fmt.Sprintf("Upgrade cluster %s from %s to %s?", name, from, edit.Version), o.yes); err != nil {
			return err
		}
	}
	op := phase.Upgrade(phase.UpgradeInput{
		Client: p.client, Cluster: p.key, Edit: edit, Holder: holder("upgrade cluster " + name), Wait: o.wait,
		Resume: o.resume(d.commandLine(), edit.Version),
	})
	if err := d.operate(ctx, fmt.Sprintf("Upgrading cluster %s to %s", name, edit.Version), op); err != nil {
		return err
	}
	if !o.wait && (from != edit.Version || !kube.Settled(p.cluster)) {
		d.View.Info("Cluster %s is being upgraded to %s; follow it with: %s describe cluster %s", name, edit.Version, d.typed(), name)
		return nil
	}
	d.View.Info("Cluster %s has %s.", name, edit.Version)
	return nil
}

// resume is the command line with the version that was chosen: typed again without it, it would choose the one after that.
func (o upgradeOptions) resume(typed, version string) string {
	if o.values["KUBERNETES_VERSION"] != "" {
		return typed
	}
	return typed + " --kubernetes-version " + version
}

// upgrade resolves what the version asked for, or the newest within reach, changes.
func (p *presentCluster) upgrade(ctx context.Context, values, names map[string]string) (kube.TopologyEdit, error) {
	now, err := p.ask(nil, nil)
	if err != nil {
		return kube.TopologyEdit{}, err
	}
	wanted, err := p.ask(values, names)
	if err != nil {
		return kube.TopologyEdit{}, err
	}
	if values["KUBERNETES_VERSION"] == "" {
		if wanted.request.KubernetesVersion, err = p.newest(ctx, wanted, values["VSPHERE_TEMPLATE"] != ""); err != nil {
			return kube.TopologyEdit{}, err
		}
	} else if err := phase.CheckUpgrade(p.key, p.cluster.Spec.Topology.Version, wanted.request.KubernetesVersion); err != nil {
		return kube.TopologyEdit{}, err
	}
	edit, err := p.difference(ctx, now, wanted)
	edit.Version = wholeVersion(wanted.values.KubernetesVersion)
	return edit, err
}

// newest is the newest version of the infrastructure that the cluster can go to at once. Without a list of versions, or
// with an image that decides, it is for the adapter to choose.
func (p *presentCluster) newest(ctx context.Context, w *wantedCluster, image bool) (string, error) {
	lister, ok := w.provider.(VersionLister)
	if !ok || image {
		return "", nil
	}
	versions, err := lister.KubernetesVersions(ctx, providers.Request{
		Config: w.request.Config, Name: w.request.Name, Namespace: w.request.Namespace, Current: w.request.Current,
	})
	if err != nil {
		return "", err
	}
	best, beyond := p.within(versions)
	if best == "" {
		return "", &uerr.Error{
			Code: uerr.Failure, What: "there is no version to upgrade to", Object: kube.ClusterName(p.key),
			Cause: errors.New("the infrastructure has " + strings.Join(versions, ", ")), Next: "slipway get kubernetesversions",
		}
	}
	if beyond != "" {
		p.deps.View.Info("%s is out of reach at once: upgrade to %s now, and again after it", beyond, best)
	}
	return best, nil
}

// within gives the newest version that the cluster can go to, or has, and the newest one beyond that.
func (p *presentCluster) within(versions []string) (best, beyond string) {
	for _, v := range versions {
		switch {
		case phase.CheckUpgrade(p.key, p.cluster.Spec.Topology.Version, wholeVersion(v)) == nil:
			best = newer(best, v)
		default:
			beyond = newer(beyond, v)
		}
	}
	if newer(best, beyond) == best {
		beyond = ""
	}
	return best, beyond
}

// newer gives the newer of two versions; anything is newer than none.
func newer(a, b string) string {
	first, err := version.ParseGeneric(a)
	if err != nil {
		return b
	}
	second, err := version.ParseGeneric(b)
	if err != nil || !first.LessThan(second) {
		return a
	}
	return b
}

// wholeVersion is a version as a topology has it: with a v, and with a patch level even where a cloud leaves that out.
func wholeVersion(text string) string {
	text = "v" + strings.TrimPrefix(text, "v")
	if strings.Count(text, ".") == 1 {
		return text + ".0"
	}
	return text
}

func newUpgradeManagementCluster(*Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "management-cluster [NAME]",
		Aliases: managementAliases(),
		Short:   "Upgrade the management cluster (not built yet)",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(*cobra.Command, []string) error {
			return uerr.Findings{{
				Where: "upgrade management-cluster", Problem: "not built yet; a management cluster on this machine has the version that comes with the program",
				Next: "slipway version",
			}}
		},
	}
	flags := cmd.Flags()
	ignoreSwitch(flags, "yes", "y", "nothing is done yet")
	for _, name := range []string{"timeout", "vsphere-vm-template-name", "os-name", "os-version", "os-arch"} {
		short := map[string]string{"timeout": "t"}[name]
		ignoreFlag(flags, name, short, "nothing is done yet")
	}
	return cmd
}
