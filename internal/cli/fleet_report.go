package cli

import (
	"sync"
	"time"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/view"
)

// fleetReport tells how the work on many clusters goes: on a terminal a line for each that is worked on, elsewhere a line
// of JSON for each phase.
type fleetReport struct {
	progress *view.Progress // nil off a terminal
	events   *view.Events   // nil on a terminal

	record func(begun time.Time, r *fleet.Result)
	now    func() time.Time

	mu      sync.Mutex
	started map[*fleet.Item]time.Time // those that are worked on
}

func (d *Deps) newFleetReport(record func(time.Time, *fleet.Result)) *fleetReport {
	r := &fleetReport{started: map[*fleet.Item]time.Time{}, record: record, now: d.Now}
	if view.IsTerminal(d.Streams.Err) {
		r.progress = d.View.Progress("Applying")
	}
	if !view.IsTerminal(d.Streams.Out) {
		r.events = view.NewEvents(d.Streams.Out, d.Now)
	}
	return r
}

func (r *fleetReport) close() {
	if r.progress != nil {
		r.progress.Close()
	}
}

// of is the reporter of one cluster's phases.
func (r *fleetReport) of(item *fleet.Item) phase.Reporter {
	name := lineOf(item)
	r.mu.Lock()
	r.started[item] = r.now()
	r.mu.Unlock()
	if r.progress != nil {
		r.progress.Start(name)
	}
	r.tell(item, "", "started", string(item.Action))
	return clusterReport{report: r, item: item, line: name}
}

// lineOf names a cluster in its one line; two management clusters may have one of the same name.
func lineOf(item *fleet.Item) string {
	if item.Management == "" {
		return item.Title()
	}
	return item.Title() + " (" + item.Management + ")"
}

func (r *fleetReport) ended(item *fleet.Item, result *fleet.Result) {
	message := ""
	if result.Err != nil {
		message = oneError(result.Err)
	}
	r.tell(item, "", string(result.Status), message)
	r.mu.Lock()
	begun, started := r.started[item]
	r.mu.Unlock()
	if !started {
		begun = r.now()
	}
	r.record(begun, result)
	if r.progress == nil || !started {
		return
	}
	if result.Status == fleet.Done {
		r.progress.Done(lineOf(item))
	} else {
		r.progress.Fail(lineOf(item))
	}
}

func (r *fleetReport) tell(item *fleet.Item, phaseName, status, message string) {
	if r.events != nil {
		r.events.Tell(view.Event{Cluster: item.Title(), Phase: phaseName, Status: status, Message: message})
	}
}

// clusterReport is told of the phases of one cluster.
type clusterReport struct {
	report *fleetReport
	item   *fleet.Item
	line   string
}

func (c clusterReport) Start(name string) {
	c.note(name)
	c.report.tell(c.item, name, "started", "")
}

func (c clusterReport) Note(name, text string) {
	c.note(name + ": " + text)
	c.report.tell(c.item, name, "waiting", text)
}

func (c clusterReport) Done(name string) { c.report.tell(c.item, name, "done", "") }

func (c clusterReport) Skip(name, why string) { c.report.tell(c.item, name, "skipped", why) }

func (c clusterReport) Fail(name string) { c.report.tell(c.item, name, "failed", "") }

func (c clusterReport) note(text string) {
	if c.report.progress != nil {
		c.report.progress.Note(c.line, text)
	}
}
