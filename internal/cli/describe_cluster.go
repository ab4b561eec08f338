package cli

import (
	"context"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

type describeOptions struct {
	namespace     string
	allConditions string // "", "all", or the name of an object
	details       bool
	members       bool
}

func newDescribeCluster(d *Deps) *cobra.Command {
	var o describeOptions
	cmd := &cobra.Command{
		Use:     "cluster NAME",
		Aliases: []string{"clusters"},
		Short:   "Show what a cluster is made of, and what each part that is not ready waits for",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDescribeCluster(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.StringVar(&o.allConditions, "show-all-conditions", "", "every condition of the objects of these kinds or Kind/name, comma separated; all for all")
	flags.Lookup("show-all-conditions").NoOptDefVal = "all"
	flags.BoolVar(&o.details, "show-details", false, "also the infrastructure and bootstrap objects of each machine")
	flags.BoolVar(&o.members, "show-group-members", false, "each machine on a line of its own, ready or not")
	completeFirst(cmd, d.clusterNames)
	bindOutput(cmd, d)
	return cmd
}

func runDescribeCluster(ctx context.Context, d *Deps, name string, o describeOptions) error {
	client, key, err := d.onCluster(o.namespace, name)
	if err != nil {
		return err
	}
	tree, err := client.Tree(ctx, key.Namespace, key.Name)
	if err != nil {
		return err
	}
	lines := treeLines{options: o, now: d.Now(), wide: d.format == view.WideFormat}
	lines.add(tree, "", "")
	if err := d.print(view.Result{
		Columns: append(view.Columns("NAME", "READY", "SINCE", "MESSAGE"),
			view.Column{Name: "PHASE", Wide: true}, view.Column{Name: "VERSION", Wide: true}),
		Rows:  lines.rows,
		Data:  tree,
		Names: lines.names,
	}); err != nil {
		return err
	}
	d.View.Findings(stoppedFindings(tree))
	return nil
}

// stoppedFindings tells in full what stopped and what to do about it, which no column has room for.
func stoppedFindings(tree *kube.Node) uerr.Findings {
	var out uerr.Findings
	for _, n := range tree.Stop() {
		out = append(out, uerr.Finding{
			Severity: uerr.Warning, Where: n.Object(), Problem: "stopped, and is not tried again by itself: " + n.Blocking.String(), Next: n.Remedy,
		})
	}
	return out
}
