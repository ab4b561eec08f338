// Package azure is the simulated Azure of a rehearsal: an emulator of Entra ID's tokens and of the part of Azure Resource
// Manager that AKS clusters need. It ends TLS for both hosts, checks who asks and whether they may, runs operations that
// take their time, refuses in Azure's words what Azure refuses, keeps a log of calls and plays faults. What it does not
// know it refuses. Nodes are not played here (see Clusters), and no Azure SDK belongs here.
package azure

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/face"
)

// The hosts that this cloud answers for.
const (
	HostLogin      = "login.microsoftonline.com"
	HostManagement = "management.azure.com"
)

// Options of one simulated Azure. Kubeconfig and Follow must not call the Cloud, which waits for them.
type Options struct {
	Inventory   Inventory
	Certificate face.Issue                               // made anew for each host that a client names
	Kubeconfig  func(cluster Cluster) ([]byte, error)    // for https://FQDN:443 of a cluster
	Follow      func(clusters []Cluster)                 // is told of every cluster before a call is answered, so that nobody is ahead of the nodes
	Hold        func(ctx context.Context, action string) // keeps a call up, which is in the log by then
	ShortDelay  time.Duration                            // of networks and registrations; zero ends them by the next call
	LongDelay   time.Duration                            // of clusters, pools and the deletion of groups
	Throttle    bool                                     // limits the PUTs of clusters as Azure does, see throttle.go
	Now         func() time.Time                         // the clock, time.Now if nil
}

// Call is one call of an API. It holds no argument, and so no secret.
type Call struct {
	Time   time.Time
	Method string // the action in Azure's words: "Microsoft.ContainerService/managedClusters/write", "token", "unknown:GET"
	Object string // the path that was called
}

// Cloud is a running simulation.
type Cloud struct {
	options   Options
	inventory Inventory
	now       func() time.Time
	routes    []route
	face      *face.Face

	mu         sync.Mutex // one call at a time
	calls      []Call
	faults     map[string]int      // action -> how often it is refused from now on
	broken     map[string]*refusal // action -> what its next operation ends with
	tokens     map[string]token    // by the token itself
	resources  map[string]*resource
	operations map[string]*operation
	brought    map[string]bool      // ids of what the inventory brought
	providers  map[string]*provider // by the lower-cased namespace
	bucket     bucket
}

// Start brings the cloud up and fills it with the inventory.
func Start(o Options) (*Cloud, error) {
	c := &Cloud{
		options: o, inventory: o.Inventory.withDefaults(), now: o.Now,
		faults: map[string]int{}, broken: map[string]*refusal{}, tokens: map[string]token{},
		resources: map[string]*resource{}, operations: map[string]*operation{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.routes = c.allRoutes()
	c.providers = c.inventory.providers()
	c.bucket = bucket{left: burst, filled: c.now()}
	c.furnish()
	c.brought = map[string]bool{}
	for id := range c.resources {
		c.brought[id] = true
	}
	var err error
	c.face, err = face.Open(c, isHost, o.Certificate)
	return c, err
}

func isHost(name string) bool { return name == HostLogin || name == HostManagement }

// Address is where the face of the cloud listens: a loopback address that speaks TLS.
func (c *Cloud) Address() string { return c.face.Address() }

// Stop ends the cloud and forgets everything in it.
func (c *Cloud) Stop() error { return c.face.Close() }

// Calls lists every call since the start.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Call{}, c.calls...)
}

// Fail makes the next calls of an action be refused as an overloaded API does; zero lifts the fault.
func (c *Cloud) Fail(action string, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[action] = max(times, 0)
}

// Break lets the next operation of an action begin well and end Failed, with this code and message.
func (c *Cloud) Break(action, code, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken[action] = refuse(http.StatusBadRequest, code, "%s", message)
}
