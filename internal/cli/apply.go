package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// patience is how long apply waits for clouds that do not answer when it is to go on without them. A preflight of a cloud
// that is well, but far away, takes about as long; one that takes longer is only not shown in the plan.
const patience = 3 * time.Second

// defaultParallel is how many clusters of one cloud are worked on at once. Most of the time is waiting.
const defaultParallel = 50

type applyOptions struct {
	fleetFlags
	parallel                        int
	yes, prune, continueOnErr, wait bool
	timeout                         time.Duration
}

func newApply(d *Deps) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply [-f FILE|DIR|-]...",
		Short: "Make the clusters of files what the files say: create, change and, with --prune, delete them",
		Long: "Make the clusters of files what the files say. The difference is shown first, as diff shows it; on a terminal it is asked\n" +
			"for. Typed again it goes on where it was stopped, and does nothing where nothing differs.\n\n" +
			"Off a terminal stdout gets a line of JSON for each phase of each cluster: time, cluster, phase, status, message.\n\n" +
			"Exit codes: 0 every cluster is as asked for, 1 some are not, 7 none of those there was work on is.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runApply(cmd.Context(), d, o) },
	}
	o.bind(cmd)
	flags := cmd.Flags()
	flags.IntVar(&o.parallel, "parallel", defaultParallel, "clusters to work on at once in each cloud")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	flags.BoolVar(&o.prune, "prune", false, "delete clusters of the files' fleet that are in no file any more")
	flags.BoolVar(&o.continueOnErr, "continue-on-error", false, "go on with other clusters when one cannot be made what is asked for")
	flags.BoolVar(&o.wait, "wait", true, "wait until the clusters are ready; with --wait=false until they can become so by themselves")
	bindTimeout(flags, &o.timeout)
	return cmd
}

func runApply(ctx context.Context, d *Deps, o applyOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if o.parallel < 1 {
		return uerr.Findings{{Where: "--parallel", Problem: fmt.Sprintf("%d is no number of clusters", o.parallel), Next: "--parallel 50"}}
	}
	f, err := d.loadFleet(&o.fleetFlags)
	if err != nil {
		return err
	}
	if o.prune && len(f.input.Families) == 0 {
		return uerr.Findings{{
			Where: "--prune", Problem: "the files do not say whose their clusters are, so nothing can be said to be gone from them",
			Next: "write fleet: NAME at the top of the file, and apply it once without --prune",
		}}
	}
	f.input.Awaited = o.wait
	if o.continueOnErr {
		f.input.Patience = patience
	}
	plan, err := fleet.MakePlan(ctx, f.input)
	if err != nil {
		return err
	}
	if err := o.unmatched(len(plan.Items) + len(plan.Unread())); err != nil && !o.prune { // which may have been done before
		return err
	}
	if refused := plan.Findings().Err(); refused != nil && !o.continueOnErr {
		return refused
	}
	d.View.Findings(plan.Unread())
	d.sayPlan(plan, o.prune)
	if len(plan.Work(o.prune)) == 0 {
		return plan.Unread().Err()
	}
	if err := d.confirmPlan(ctx, plan, o); err != nil {
		return err
	}
	return d.applyPlan(ctx, plan, f, o)
}

// sayPlan shows the difference where messages go: stdout is the events'.
func (d *Deps) sayPlan(p *fleet.Plan, prune bool) {
	d.View.Info("%s", strings.TrimSuffix(planText(p, false), "\n"))
	if n := p.Count(fleet.Delete); n > 0 && !prune {
		d.View.Info("Nothing is deleted without --prune.")
	}
}

// confirmPlan asks a person. Where nobody can answer, only what takes machines away needs --yes.
func (d *Deps) confirmPlan(ctx context.Context, p *fleet.Plan, o applyOptions) error {
	var deleted, replaced []string
	for _, i := range p.Work(o.prune) {
		if i.Action == fleet.Delete {
			deleted = append(deleted, i.Title())
		} else if i.Replaces {
			replaced = append(replaced, i.Title())
		}
	}
	if len(deleted)+len(replaced) == 0 && !view.IsTerminal(d.Streams.In) {
		return nil
	}
	return d.confirm(ctx, applyQuestion(deleted, replaced), o.yes)
}

// mostNamed is how many clusters a question names.
const mostNamed = 10

// applyQuestion names what is lost: the top of a long plan is not on the screen any more.
func applyQuestion(deleted, replaced []string) string {
	question := "Apply this"
	for _, loss := range []struct {
		text  string
		names []string
	}{{"delete %s with all machines", deleted}, {"replace machines of %s", replaced}} {
		if n := len(loss.names); n > mostNamed {
			loss.names = append(slices.Clone(loss.names[:mostNamed]), fmt.Sprintf("%d more", n-mostNamed))
		}
		if len(loss.names) > 0 {
			question += ", and " + fmt.Sprintf(loss.text, strings.Join(loss.names, ", "))
		}
	}
	return question + "?"
}

func (d *Deps) applyPlan(ctx context.Context, plan *fleet.Plan, f *fleetOf, o applyOptions) error {
	begun := d.Now()
	d.recordBegun()
	clients := map[string]*kube.Client{}
	for _, m := range f.input.Managements {
		clients[m.Name] = m.Client
	}
	hooks := d.newFleetHooks(ctx, f.hooks, o.wait)
	report := d.newFleetReport(plan.Work(o.prune), func(begun time.Time, r *fleet.Result) {
		d.recordCluster(ctx, clients[r.Item.Management], begun, r)
		hooks.tell(begun, r)
	})
	results := fleet.Apply(ctx, plan, fleet.Run{
		Parallel: o.parallel, Wait: o.wait, Prune: o.prune, ContinueOnError: o.continueOnErr, Confirmed: o.yes,
		Holder: holder("apply"), Resume: d.commandLine(), Kubeconfig: kube.KubeconfigPath(d.Environ),
		Reporter: report.of, Ended: report.ended,
	})
	report.close()
	for _, r := range results {
		if r.Status == fleet.Failed {
			d.View.Warn("%s: %s", r.Item.Title(), oneError(r.Err))
		}
	}
	d.View.Info("%s; %s in all", applySummary(results, plan.Count(fleet.Leave)), view.Elapsed(d.Now().Sub(begun)))
	hooks.close(ctx)
	err := fleet.Verdict(plan, results, d.commandLine())
	if err != nil && ctx.Err() != nil {
		return d.stoppedApply(ctx)
	}
	return err
}

// applySummary counts: "3 done, 1 failed, 5 left alone".
func applySummary(results []*fleet.Result, alone int) string {
	counts := map[fleet.Status]int{}
	for _, r := range results {
		counts[r.Status]++
	}
	text := fmt.Sprintf("%d done, %d failed", counts[fleet.Done], counts[fleet.Failed])
	if n := counts[fleet.Stopped]; n > 0 {
		text += fmt.Sprintf(", %d stopped", n)
	}
	return text + fmt.Sprintf(", %d not begun, %d left alone", counts[fleet.Skipped], alone)
}

// stoppedApply is the error of a run that was interrupted, or had no time left.
func (d *Deps) stoppedApply(ctx context.Context) error {
	e := &uerr.Error{
		Code: uerr.Cancelled, What: "interrupted", Cause: context.Cause(ctx),
		Next: "what was begun goes on in the management clusters; to go on watching, type: " + d.commandLine(),
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Code, e.What = uerr.TimedOut, "the time is over, and not every cluster is as it is asked for"
	}
	return e
}

// oneError is an error with its remedy, for a line about one cluster of several.
func oneError(err error) string {
	var known *uerr.Error
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	next := ""
	if findings := (uerr.Findings{}); errors.As(err, &findings) && len(findings) == 1 {
		next = findings[0].Next
	} else if errors.As(err, &known) {
		next = known.Next
	}
	if next != "" {
		text += "; next: " + next
	}
	return text
}
