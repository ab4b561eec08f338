package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// changesCode is how diff ends when there is something to do, as diff programs do.
const changesCode uerr.Code = 2

// plainFailure marks a command whose every error is code 1, because its other codes mean something.
const plainFailure = "slipway_plain_failure"

type diffOptions struct {
	fleetFlags
	timeout time.Duration
}

func newDiff(d *Deps) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff [-f FILE|DIR|-]...",
		Short: "Show what apply would create, change and delete, and what somebody else has changed",
		Long: "Compare the clusters of files with those there are. Management clusters and clouds are only read.\n\n" +
			"Exit codes: 0 nothing to do, 1 failure, 2 there is something to do.",
		Args:        cobra.NoArgs,
		Annotations: map[string]string{plainFailure: ""},
		RunE:        func(cmd *cobra.Command, _ []string) error { return runDiff(cmd.Context(), d, o) },
	}
	o.bind(cmd)
	bindTimeout(cmd.Flags(), &o.timeout)
	bindOutput(cmd, d)
	return cmd
}

func runDiff(ctx context.Context, d *Deps, o diffOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	f, err := d.loadFleet(&o.fleetFlags)
	if err != nil {
		return err
	}
	plan, err := fleet.MakePlan(ctx, f.input)
	if err != nil {
		return err
	}
	if err := o.unmatched(len(plan.Items) + len(plan.Unread())); err != nil {
		return err
	}
	if err := d.print(planResult(plan)); err != nil {
		return err
	}
	if refused := plan.Findings().Err(); refused != nil {
		return refused
	}
	if plan.Count(fleet.Leave) < len(plan.Items) {
		d.outcome = changesCode
	}
	return nil
}

// planResult is a plan in every format; the table leaves out what is left alone.
func planResult(p *fleet.Plan) view.Result {
	r := view.Result{Data: map[string]any{"clusters": nonNil(p.Items), "summary": planSummary(p)}}
	r.Text = planText(p, false)
	r.Wide = planText(p, true)
	for _, i := range p.Items {
		r.Names = append(r.Names, string(i.Action)+" "+kube.ClusterName(i.Key()))
	}
	return r
}

func nonNil(items []*fleet.Item) []*fleet.Item {
	if items == nil {
		return []*fleet.Item{}
	}
	return items
}

func planSummary(p *fleet.Plan) map[string]int {
	out := map[string]int{}
	for _, action := range []fleet.Action{fleet.Create, fleet.Change, fleet.Delete, fleet.Finish, fleet.Leave, fleet.Refuse, fleet.Unknown} {
		out[string(action)] = p.Count(action)
	}
	return out
}

// planText is one paragraph for each cluster and a summary; all tells of clusters that are left alone, too.
func planText(p *fleet.Plan, all bool) string {
	var b strings.Builder
	for _, i := range p.Items {
		if i.Action == fleet.Leave && i.Why == "" && !all {
			continue
		}
		itemText(&b, i)
	}
	fmt.Fprintf(&b, "%d to create, %d to change, %d to delete, %d to finish, %d left alone", p.Count(fleet.Create), p.Count(fleet.Change),
		p.Count(fleet.Delete), p.Count(fleet.Finish), p.Count(fleet.Leave))
	if n := p.Count(fleet.Refuse); n > 0 {
		fmt.Fprintf(&b, ", %d refused", n)
	}
	if n := p.Count(fleet.Unknown); n > 0 {
		fmt.Fprintf(&b, ", %d not known yet", n)
	}
	b.WriteString("\n")
	return b.String()
}

func itemText(b *strings.Builder, i *fleet.Item) {
	head := fmt.Sprintf("%-7s %s", i.Action, i.Title())
	if i.Why != "" {
		head += ": " + i.Why
	}
	if i.Replaces {
		head += " (replaces machines)"
	}
	b.WriteString(head + "\n")
	drifted := map[string]bool{}
	for _, c := range i.Drift {
		drifted[c.Object+c.Field] = true
	}
	for _, c := range i.Changes {
		somebody := drifted[c.Object+c.Field]
		if c.Object == kube.ClusterName(i.Key()) {
			c.Object = ""
		}
		line := "        " + c.String()
		if somebody {
			line += "  (somebody else changed it)"
		}
		b.WriteString(line + "\n")
	}
}
