package cli

import (
	"cmp"
	"sync"
	"time"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/view"
)

// fleetReport tells how the work on many clusters goes: on a terminal a table with a row for each, elsewhere a line of JSON
// for each phase.
type fleetReport struct {
	board  *view.Board  // nil where nobody looks
	events *view.Events // nil on a terminal
	rows   map[*fleet.Item]*view.Row

	record func(begun time.Time, r *fleet.Result)
	now    func() time.Time

	mu      sync.Mutex
	started map[*fleet.Item]time.Time // those that are worked on
}

func (d *Deps) newFleetReport(items []*fleet.Item, record func(time.Time, *fleet.Result)) *fleetReport {
	r := &fleetReport{started: map[*fleet.Item]time.Time{}, rows: map[*fleet.Item]*view.Row{}, record: record, now: d.Now}
	if !view.IsTerminal(d.Streams.Out) {
		r.events = view.NewEvents(d.Streams.Out, d.Now)
	}
	if r.events == nil || view.IsTerminal(d.Streams.Err) {
		r.fill(d.View, items)
	}
	return r
}

// fill makes the table. Where the clusters are, is shown when they are in several places.
func (r *fleetReport) fill(console *view.Console, items []*fleet.Item) {
	columns := []fleetColumn{{"CLUSTER", (*fleet.Item).Title}}
	for _, c := range []fleetColumn{
		{"MANAGEMENT", func(i *fleet.Item) string { return i.Management }},
		{"CLOUD", (*fleet.Item).Infrastructure},
	} {
		if c.differs(items) {
			columns = append(columns, c)
		}
	}
	columns = append(columns, fleetColumn{"ACTION", func(i *fleet.Item) string { return string(i.Action) }})
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	r.board = console.Board("Applying", names...)
	for _, item := range items {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = c.of(item)
		}
		r.rows[item] = r.board.Row(cells...)
	}
}

// fleetColumn is a column of the table.
type fleetColumn struct {
	name string
	of   func(*fleet.Item) string
}

// differs says whether there is more than one value. A cluster that goes may not say where it is.
func (c fleetColumn) differs(items []*fleet.Item) bool {
	seen := ""
	for _, item := range items {
		value := c.of(item)
		if seen != "" && value != "" && value != seen {
			return true
		}
		seen = cmp.Or(seen, value)
	}
	return false
}

func (r *fleetReport) close() {
	if r.board != nil {
		r.board.Close()
	}
}

// of is the reporter of one cluster's phases.
func (r *fleetReport) of(item *fleet.Item) phase.Reporter {
	r.mu.Lock()
	r.started[item] = r.now()
	r.mu.Unlock()
	if row := r.rows[item]; row != nil {
		row.Start()
	}
	r.tell(item, "", "started", string(item.Action))
	return clusterReport{report: r, item: item, row: r.rows[item]}
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
	if row := r.rows[item]; row != nil {
		row.End(outcome(result))
	}
}

// outcome is how a row ends. What stopped all of them is said once, below the table.
func outcome(result *fleet.Result) (view.Outcome, string) {
	switch result.Status {
	case fleet.Done:
		return view.Done, ""
	case fleet.Stopped:
		return view.Stopped, ""
	case fleet.Skipped:
		return view.NotBegun, ""
	}
	if result.Item.Action == fleet.Refuse {
		return view.Failed, result.Item.Why
	}
	return view.Failed, result.Err.Error()
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
	row    *view.Row // nil where there is no table
}

func (c clusterReport) Start(name string) {
	c.note(name, "")
	c.report.tell(c.item, name, "started", "")
}

func (c clusterReport) Note(name, text string) {
	c.note(name, text)
	c.report.tell(c.item, name, "waiting", text)
}

func (c clusterReport) Done(name string) { c.report.tell(c.item, name, "done", "") }

func (c clusterReport) Skip(name, why string) { c.report.tell(c.item, name, "skipped", why) }

func (c clusterReport) Fail(name string) { c.report.tell(c.item, name, "failed", "") }

func (c clusterReport) note(step, text string) {
	if c.row != nil {
		c.row.Note(step, text)
	}
}
