package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Run says how the work of a plan is done.
type Run struct {
	Parallel        int // clusters worked on at once in each cloud
	Wait            bool
	Prune           bool
	ContinueOnError bool // go on with other clusters when one fails
	Confirmed       bool // whatever it is: also what was unknown when the plan was shown
	Holder          kube.Holder
	Resume          string                          // the command line that goes on
	Kubeconfig      string                          // from which contexts of deleted clusters are taken
	Reporter        func(item *Item) phase.Reporter // of one cluster's phases
	Ended           func(item *Item, r *Result)     // called once for each result, from any goroutine
}

// Status is how it ended for one cluster.
type Status string

// How it may end.
const (
	Done    Status = "done"
	Failed  Status = "failed"
	Stopped Status = "stopped" // from outside, half way; what was begun may go on by itself
	Skipped Status = "skipped" // not begun, because another one failed or the run was stopped
)

// Result is how it ended for one cluster.
type Result struct {
	Item   *Item
	Status Status
	Err    error
}

// work is one run of a plan.
type work struct {
	Run
	limits *limits

	mu     sync.Mutex
	failed bool
}

// Apply does what a plan says, and gives a result for each item that there was something to do about, in the order of the
// plan. Deletions come last, when nothing failed that may have been meant to take their place.
func Apply(ctx context.Context, p *Plan, run Run) []*Result {
	w := &work{Run: run, limits: newLimits(run.Parallel)}
	items := p.Work(run.Prune)
	defer share(items, run.Parallel)()
	var results []*Result
	for _, deletions := range []bool{false, true} {
		var all sync.WaitGroup
		for _, item := range items {
			if (item.Action == Delete) != deletions {
				continue
			}
			r := &Result{Item: item}
			results = append(results, r)
			var queued *place
			if item.Action != Unknown { // which would hold up those behind it
				queued = w.limits.queue(item.cloud())
			}
			all.Go(func() { w.one(ctx, r, queued) })
		}
		all.Wait()
	}
	return results
}

// many clusters that are waited for at once cost their management cluster less when the waits look at one copy of it.
const many = 8

// share is about the management clusters with so many. stop ends it.
func share(items []*Item, parallel int) (stop func()) {
	namespaces := map[*kube.Client][]string{}
	for _, i := range items {
		namespaces[i.client] = append(namespaces[i.client], i.Namespace)
	}
	var stops []func()
	for client, of := range namespaces {
		if min(len(of), parallel) >= many { // or more, of several clouds
			stops = append(stops, client.Share(of...))
		}
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// one does the work on one cluster in a slot of its cloud.
func (w *work) one(ctx context.Context, r *Result, queued *place) {
	late := r.Item.Action == Unknown
	err := r.Item.await(ctx) // outside of the slots: others of its cloud may have been answered
	var give func()
	if err == nil {
		if late {
			queued = w.limits.queue(r.Item.cloud())
		}
		give, err = queued.take(ctx)
	}
	switch {
	case err != nil:
		r.Status, r.Err = Skipped, err
	case r.Item.Action == Refuse:
		r.Status, r.Err = Failed, r.Item.findings
	case w.stopped():
		r.Status = Skipped
	case late && r.Item.Replaces && !w.Confirmed:
		r.Status, r.Err = Failed, r.Item.unseen()
	case ctx.Err() != nil:
		r.Status, r.Err = Skipped, context.Cause(ctx)
	default:
		r.Err = w.do(ctx, r.Item)
		r.Status = statusOf(ctx, r.Err)
	}
	if r.Status == Failed { // before the slot is free, or the next one begins
		w.mu.Lock()
		w.failed = true
		w.mu.Unlock()
	}
	if give != nil {
		give()
	}
	w.Ended(r.Item, r)
}

// cloud is whose slots the work on a cluster takes.
func (i *Item) cloud() string {
	if i.desired == nil {
		return "deletions of " + i.Management
	}
	return i.desired.Limits.Cloud
}

func statusOf(ctx context.Context, err error) Status {
	switch {
	case err == nil:
		return Done
	case errors.Is(ctx.Err(), context.Canceled): // one that had no time left has failed to come up in it
		return Stopped
	}
	return Failed
}

func (w *work) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed && !w.ContinueOnError
}

func (w *work) do(ctx context.Context, item *Item) error {
	if item.Action == Delete {
		return w.delete(ctx, item)
	}
	d := item.desired
	if item.Action == Create {
		if err := w.limits.creation(ctx, d.Limits); err != nil {
			return err
		}
	}
	if item.resolved == nil {
		err := w.limits.ask(ctx, d.Limits.Cloud, func(ctx context.Context) (err error) {
			item.resolved, err = d.Resolve(ctx, nil)
			return err
		})
		if err != nil {
			return err
		}
	}
	o := item.resolved.Objects
	if o.Identity != nil && d.Secrets != nil {
		kube.Seal(o.Identity, o.Secrets, item.beside.Secret(item.identity()), d.Secrets)
	}
	applied, err := kube.SpecOf(o.Cluster)
	if err != nil {
		return err
	}
	return phase.Run(ctx, w.Reporter(item), phase.Create(phase.CreateInput{
		Client: item.client, Objects: o, Cloud: item.resolved.Cloud, Holder: w.Holder, NoWait: !w.Wait, Resume: w.Resume,
		Update: item.live != nil, RemovePools: item.remove,
		Mark: &kube.FleetMark{Family: d.Family, Labels: d.Labels, Protect: d.Protect, Applied: applied, Objects: besideOf(o), Asked: d.Asked},
	}))
}

// delete looks once more before it does: a cluster may have been protected, or taken over, since the plan was made.
func (w *work) delete(ctx context.Context, item *Item) error {
	now, err := item.client.Cluster(ctx, item.Key())
	if uerr.ExitCode(err) == uerr.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if was, is := kube.Mark(item.live), kube.Mark(now); now.UID != item.live.UID || is.Protect || is.Family != was.Family {
		return &uerr.Error{
			Code: uerr.Failure, What: "the cluster is not the one any more that was to go", Object: kube.ClusterName(item.Key()),
			Cause: errors.New("it was made again, protected or taken into another fleet meanwhile"), Next: "type the same command again to see what it is now",
		}
	}
	err = phase.Run(ctx, w.Reporter(item), phase.Delete(phase.DeleteInput{
		Client: item.client, Cluster: item.Key(), Holder: w.Holder, Wait: w.Wait, Kubeconfig: w.Kubeconfig, Resume: w.Resume,
	}))
	if uerr.ExitCode(err) == uerr.NotFound {
		return nil
	}
	return err
}

// Verdict is the error of a run: nil when every cluster is what was asked for. Its exit code tells whether any is.
func Verdict(p *Plan, results []*Result, resume string) error {
	bad := len(p.unread)
	for _, r := range results {
		if r.Status != Done {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	e := &uerr.Error{
		Code: uerr.Failure, What: fmt.Sprintf("%d of %d clusters are not as they are asked for", bad, len(results)+p.Count(Leave)),
		Next: "mend what is named above; the same command goes on with the rest: " + resume,
	}
	if bad-len(p.unread) == len(results) {
		e.Code = uerr.NoneDone
	}
	return e
}
