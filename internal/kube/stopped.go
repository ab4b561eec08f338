package kube

import (
	"errors"
	"fmt"
	"time"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Stop gives the nodes of a tree that will not go on by themselves.
func (n *Node) Stop() []*Node {
	var out []*Node
	if n.Stopped {
		out = append(out, n)
	}
	for _, child := range n.Children {
		out = append(out, child.Stop()...)
	}
	return out
}

// remedy is what a person can do about a resource that stopped; empty for one that did not.
func remedy(n *Node, cluster Key) string {
	if !n.Stopped {
		return ""
	}
	return fmt.Sprintf("mend what it names, then: slipway retry cluster %s -n %s", cluster.Name, cluster.Namespace)
}

// stoppedError is the error of a wait for a resource that stopped.
func stoppedError(n *Node) error {
	next := n.Remedy
	if next == "" {
		next = "mend what it names, then: slipway retry cluster NAME"
	}
	return &uerr.Error{
		Code: uerr.Failure, What: "the cloud refused a resource, and it is not tried again by itself", Object: n.Object(),
		Cause: errors.New(n.Blocking.said()), Next: next,
	}
}

// stoppedGrace is a few times what the management cluster takes to bring a change of a Cluster to its last object.
const stoppedGrace = 15 * time.Second

// patience decides when a wait gives up on resources that stopped. What stops under its eyes ends the wait at once. What
// had stopped before gets stoppedGrace, because the wait may have begun with the change that makes it go on.
type patience struct {
	now   func() time.Time
	began time.Time
	looks int
	old   map[string]bool // what had stopped before
}

func (c *Client) newPatience() *patience {
	return &patience{now: c.now, began: c.now(), old: map[string]bool{}}
}

// overFor gives the error of a resource that ends the wait. Every look calls it with all that have stopped.
func (p *patience) overFor(stopped []*Node) error {
	still := map[string]bool{}
	for _, n := range stopped {
		name := n.Object()
		still[name] = true
		if p.looks == 0 {
			p.old[name] = true
		}
		if !p.old[name] || p.now().Sub(p.began) >= stoppedGrace {
			return stoppedError(n)
		}
	}
	p.looks++
	for name := range p.old {
		if !still[name] {
			delete(p.old, name) // it went on; should it stop again, that is news
		}
	}
	return nil
}
