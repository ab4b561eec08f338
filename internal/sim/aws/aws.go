// Package aws is the simulated AWS of a rehearsal: moto, the emulator from PyPI, as a child process, and a face in front
// of it that ends TLS for the hosts of AWS, checks who asks, keeps a log of calls, plays faults, and corrects the few
// answers that a rehearsal needs otherwise (see corrections.go). What happens inside the machines is not played here.
package aws

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/face"
)

// Suffix ends the name of every host that this cloud answers for.
const Suffix = ".amazonaws.com"

// Options of one simulated AWS.
type Options struct {
	Program     string // moto_server
	Dir         string // for moto's files and log
	Inventory   Inventory
	Certificate face.Issue // made anew for each host that a client names
}

// Call is one call of an AWS API. It holds no argument, and so no secret.
type Call struct {
	Time   time.Time
	Method string // "ec2:RunInstances"
	Region string
}

// Cloud is a running simulation.
type Cloud struct {
	moto      *moto
	inventory Inventory
	face      *face.Face

	mu      sync.Mutex
	calls   []Call
	faults  map[string]int  // action -> how often it fails from now on
	regions map[string]bool // in which something was asked of EC2
	names   map[string]string
}

// Start brings the cloud up and fills it with the inventory.
func Start(ctx context.Context, o Options) (*Cloud, error) {
	c := &Cloud{inventory: o.Inventory.withDefaults(), faults: map[string]int{}, regions: map[string]bool{}, names: map[string]string{}}
	var err error
	if c.moto, err = startMoto(ctx, o.Program, o.Dir, c.inventory); err != nil {
		return nil, err
	}
	if err := c.furnish(ctx); err != nil {
		return nil, errors.Join(err, c.moto.stop())
	}
	if c.face, err = face.Open(c, func(host string) bool { return strings.HasSuffix(host, Suffix) }, o.Certificate); err != nil {
		return nil, errors.Join(err, c.moto.stop())
	}
	return c, nil
}

// Address is where the face of the cloud listens: a loopback address that speaks TLS.
func (c *Cloud) Address() string { return c.face.Address() }

// Stop ends the cloud and forgets everything in it.
func (c *Cloud) Stop() error { return errors.Join(c.face.Close(), c.moto.stop()) }

// Calls lists every call since the start.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Call{}, c.calls...)
}

// Fail makes the next calls of an action ("RunInstances") be refused as an overloaded API does; zero lifts the fault.
func (c *Cloud) Fail(action string, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[action] = max(times, 0)
}
