package view

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Event is one step of one cluster, as a line of JSON for programs.
type Event struct {
	Time    time.Time `json:"time"`
	Cluster string    `json:"cluster"`
	Phase   string    `json:"phase,omitempty"` // empty for the cluster as a whole
	Status  string    `json:"status"`
	Message string    `json:"message,omitempty"`
}

// Events writes each event as one line. It may be used by several goroutines at once.
type Events struct {
	mu  sync.Mutex
	out *json.Encoder
	now func() time.Time
}

// NewEvents writes to w.
func NewEvents(w io.Writer, now func() time.Time) *Events {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return &Events{out: out, now: now}
}

// Tell writes an event, with the time. A reader that went away is no reason to stop the work that is told about.
func (e *Events) Tell(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	event.Time = e.now().UTC()
	_ = e.out.Encode(event)
}
