// Package hook tells other programs how the work on clusters ended: webhooks by CloudEvents over HTTP, local commands by
// the same event on their stdin. Telling never holds up the work, and what cannot be told is reported and no error.
//
// Which hooks there are is internal/config's, and what happened internal/cli's to know.
package hook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
)

// typePrefix stands before the name of an event in its type: CloudEvents wants the reversed domain of who defines it.
const typePrefix = "sh.slipway."

// Event is what happened to one cluster. No text of it may hold a secret.
type Event struct {
	Name   string // config.HookReady and the like
	Time   time.Time
	Family string // decides which hooks are told
	Data   Data
}

// Data is what a receiver gets to know beside the kind, the time and the source.
type Data struct {
	Cluster           string  `json:"cluster"`
	Namespace         string  `json:"namespace"`
	ManagementCluster string  `json:"managementCluster,omitempty"`
	Infrastructure    string  `json:"infrastructure,omitempty"`
	Fleet             string  `json:"fleet,omitempty"`
	Action            string  `json:"action"` // create, change, finish, delete or refuse
	Status            string  `json:"status"` // done or failed
	Message           string  `json:"message,omitempty"`
	Seconds           float64 `json:"seconds"`
}

// Title is the event for people: "cluster.ready of default/dev1".
func (e Event) Title() string { return e.Name + " of " + e.Data.Namespace + "/" + e.Data.Cluster }

// message is an event on its way: the same bytes and the same id to all hooks, and each time again.
type message struct {
	Event
	id   string
	body []byte
}

// encode writes the event in CloudEvents' structured mode: what is signed is the body, and everything is in it.
func encode(e Event) (message, error) {
	m := message{Event: e, id: uuid.NewString()}
	ce := event.New()
	ce.SetID(m.id)
	ce.SetType(typePrefix + e.Name)
	ce.SetSource((&url.URL{Path: "/management-clusters/" + e.Data.ManagementCluster}).EscapedPath())
	ce.SetSubject(e.Data.Namespace + "/" + e.Data.Cluster)
	ce.SetTime(e.Time)
	if err := ce.SetData(event.ApplicationJSON, e.Data); err != nil {
		return m, fmt.Errorf("write %s: %w", e.Title(), err)
	}
	var err error
	if m.body, err = json.Marshal(ce); err != nil {
		return m, fmt.Errorf("write %s: %w", e.Title(), err)
	}
	return m, nil
}
