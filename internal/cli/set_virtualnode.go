package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
)

type virtualNodeOptions struct {
	namespace     string
	enabled, wait bool
	timeout       time.Duration
}

func newSetVirtualNode(d *Deps) *cobra.Command {
	var o virtualNodeOptions
	cmd := &cobra.Command{
		Use:     "virtualnode CLUSTER",
		Aliases: []string{virtualNodeFlag, "virtualnodes"},
		Short:   "Switch a cluster's virtual node on or off, which runs pods without machines (clusters of AKS)",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSetVirtualNode(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.BoolVar(&o.enabled, "enabled", true, "false switches it off")
	flags.BoolVar(&o.wait, "wait", true, "wait until the cloud has followed, and do there what is left to do then")
	bindTimeout(flags, &o.timeout)
	completeFirst(cmd, d.clusterNames)
	return cmd
}

func runSetVirtualNode(ctx context.Context, d *Deps, name string, o virtualNodeOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	p, err := d.presentCluster(ctx, o.namespace, name)
	if err != nil {
		return err
	}
	wanted, edit, err := p.switched(ctx, virtualNodeFlag, o.enabled)
	if err != nil {
		return err
	}
	op := phase.Edit(phase.EditInput{
		Client: p.client, Cluster: p.key, Edit: edit, Gate: wanted.values.Gate, Cloud: wanted.cloudWork(),
		Holder: holder("set virtualnode " + name), Wait: o.wait, Resume: d.commandLine(),
	})
	word := map[bool]string{true: "on", false: "off"}[o.enabled]
	if err := d.operate(ctx, fmt.Sprintf("Switching the virtual node of cluster %s %s", name, word), op); err != nil {
		return err
	}
	if !o.wait {
		d.View.Info("The virtual node of cluster %s is being switched %s; follow it with: %s describe cluster %s", name, word, d.typed(), name)
		d.sayRemaining(ctx, wanted)
		return nil
	}
	d.View.Info("The virtual node of cluster %s is %s.", name, word)
	return nil
}

// switched resolves what a switch of create cluster changes about a cluster that is there.
func (p *presentCluster) switched(ctx context.Context, flag string, on bool) (*wantedCluster, kube.TopologyEdit, error) {
	all := clusterVariableFlags()
	v := all[slices.IndexFunc(all, func(v variableFlag) bool { return v.name == flag })]
	ask := func(on bool) (*wantedCluster, error) {
		return p.ask(map[string]string{v.variable: strconv.FormatBool(on)}, map[string]string{v.variable: "--" + flag})
	}
	infrastructure, err := p.infrastructure()
	if err != nil {
		return nil, kube.TopologyEdit{}, err
	}
	if owners := p.deps.infrastructuresOf(v.variable); !slices.Contains(owners, infrastructure) {
		return nil, kube.TopologyEdit{}, &uerr.Error{
			Code: uerr.Usage, What: "the cluster is on " + infrastructure + ", which has no " + strings.ReplaceAll(flag, "-", " "), Object: kube.ClusterName(p.key),
			Next: "it is for clusters on " + strings.Join(owners, ", "),
		}
	}
	wanted, err := ask(on)
	if err != nil {
		return nil, kube.TopologyEdit{}, err
	}
	other, err := ask(!on)
	if err != nil {
		return nil, kube.TopologyEdit{}, err
	}
	edit, err := p.difference(ctx, other, wanted)
	return wanted, opened(edit, wanted.values), err
}
