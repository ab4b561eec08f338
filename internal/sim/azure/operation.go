package azure

import (
	"net/http"
	"slices"
	"time"
)

// The states of an operation.
const (
	running   = "InProgress"
	succeeded = "Succeeded"
	failed    = "Failed"
)

// operation is work that a call began and that ends by itself. Time passes when somebody asks (see settle).
type operation struct {
	id, action   string
	base         string // below which it is polled; groups have only a Location
	about        *resource
	parts        []*resource   // that fail with it
	render       func() object // what its Location answers in the end; nil if nothing is left
	finish       func() *refusal
	started, due time.Time
	status       string
	failure      *refusal
}

// begin starts an operation on a resource, which is busy until the operation ends.
func (c *Cloud) begin(r *request, about *resource, delay time.Duration, finish func() *refusal) *operation {
	now := c.now()
	o := &operation{
		id: guid(), action: r.action, about: about, finish: finish, started: now, due: now.Add(delay), status: running,
		base: "/subscriptions/" + c.inventory.Subscription,
	}
	if ns := namespace(r.action); ns != resources {
		where := about.body.text("location")
		if up := c.find(parent(about.id)); where == "" && up != nil {
			where = up.body.text("location")
		}
		o.base += "/providers/" + ns + "/locations/" + where
	}
	if o.failure = c.broken[r.action]; o.failure != nil {
		delete(c.broken, r.action)
	}
	about.operation = o
	c.operations[o.id] = o
	return o
}

// settle ends what is due, in order, and has the nodes follow.
func (c *Cloud) settle() {
	now := c.now()
	var due []*operation
	for _, o := range c.operations {
		if o.status == running && !o.due.After(now) {
			due = append(due, o)
		}
	}
	slices.SortFunc(due, func(a, b *operation) int { return a.due.Compare(b.due) })
	for _, o := range due {
		o.status = succeeded
		if o.failure != nil {
			for _, r := range append(o.parts, o.about) {
				r.state(failed)
			}
		} else {
			o.failure = o.finish()
		}
		if o.failure != nil {
			o.status = failed
		}
	}
	for _, p := range c.providers {
		p.settle(now)
	}
	if c.options.Follow != nil {
		c.options.Follow(c.clusters())
	}
}

// announce tells a client where to poll: Location goes with 202 only, and groups have nothing else.
func (o *operation) announce(h http.Header, status int, version string) {
	suffix := o.id + "?api-version=" + version
	if o.base != "/subscriptions/"+part(o.base, "subscriptions") {
		h.Set("Azure-Asyncoperation", "https://"+HostManagement+o.base+"/operations/"+suffix)
	}
	if status == http.StatusAccepted {
		h.Set("Location", "https://"+HostManagement+o.base+"/operationresults/"+suffix)
	}
}

// operationStatus answers the poll of an Azure-AsyncOperation.
func (c *Cloud) operationStatus(r *request) (answer, *refusal) {
	o := c.operations[r.vars["operation"]]
	if o == nil {
		return answer{}, operationMissing(r)
	}
	body := object{"id": r.path, "name": o.id, "status": o.status, "startTime": o.started.UTC().Format(time.RFC3339)}
	if o.status != running {
		body["endTime"] = o.due.UTC().Format(time.RFC3339)
	}
	if o.status == failed {
		body["error"] = o.failure.detail()
	}
	return answer{status: http.StatusOK, body: body, again: o.status == running}, nil
}

// operationResult answers the poll of a Location: 202 until the end, then what the call itself would have said.
func (c *Cloud) operationResult(r *request) (answer, *refusal) {
	o := c.operations[r.vars["operation"]]
	switch {
	case o == nil:
		return answer{}, operationMissing(r)
	case o.status == running:
		return answer{status: http.StatusAccepted, operation: o}, nil
	case o.status == failed:
		return answer{}, o.failure
	case c.find(o.about.id) != o.about || o.render == nil:
		return answer{status: http.StatusNoContent}, nil
	}
	return ok(o.render()), nil
}

func operationMissing(r *request) *refusal {
	return refuse(http.StatusNotFound, "NotFound", "The operation '%s' was not found.", r.vars["operation"])
}
