package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const (
	// outageLimit is how long a wait outlives a management cluster that does not answer: long enough for a plane to
	// be started again by hand, short enough to tell that it is gone.
	outageLimit = 30 * time.Second
	// noteEvery bounds how often the tree is read for the progress line, because that takes a request for each kind.
	noteEvery = time.Second
	// Many waits at once take turns: of all together a tree is read, a look taken, and one taken without an event no more
	// often. Fifty that did not were most of what the management cluster had to do.
	noteOfAll   = 200 * time.Millisecond
	lookOfAll   = 10 * time.Millisecond
	anywayOfAll = 200 * time.Millisecond
	// lastWord is what the reading of the blocking condition may take once the deadline is over.
	lastWord = 5 * time.Second
)

// look is one evaluation of what is waited for.
type look func(ctx context.Context, from client.Reader) (done bool, err error)

// until looks whenever a target changes, until the look is done. It returns nil, the look's error, or ctx's. What many
// waits share lags behind, and may be of before the change that this one is about: it says that there is something to
// see, but what ends a wait is asked of the management cluster.
func (c *Client) until(ctx context.Context, targets []target, see look) error {
	c.waiting.Add(1)
	defer c.waiting.Add(-1)
	signals, stop := c.watch(ctx, targets)
	defer stop()
	var outage time.Time
	asked := c.now()
	for {
		from, nowAndThen := c.readers(ctx, targets)
		if !outage.IsZero() || c.now().Sub(asked) >= c.turn(lookAnyway, anywayOfAll) {
			from, asked = nowAndThen, c.now()
		}
		done, err := see(ctx, from)
		if from != c.api && (done || err != nil) {
			done, err = see(ctx, c.api)
		}
		switch {
		case ctx.Err() != nil:
			return errors.Join(context.Cause(ctx), err)
		case done:
			return nil
		case err == nil && from != nowAndThen: // which says nothing about an outage
		case err == nil:
			outage = time.Time{}
		case !unreachable(err):
			return err
		case outage.IsZero():
			outage = c.now()
		case c.now().Sub(outage) > outageLimit:
			return err
		}
		sleep(ctx, c.pause(ctx, targets, lookEvery, lookOfAll))
		select {
		case <-ctx.Done():
		case <-signals:
		case <-time.After(lookAnyway):
		}
	}
}

// pause is between two looks of one wait. Those at what is shared cost the management cluster nothing.
func (c *Client) pause(ctx context.Context, targets []target, ofOne, ofAll time.Duration) time.Duration {
	if usual, _ := c.readers(ctx, targets); usual != c.api {
		return ofOne
	}
	return c.turn(ofOne, ofAll)
}

// turn is between two requests of one wait: as long as one wait alone pauses, or as long as it takes until all that are
// under way had their turn.
func (c *Client) turn(ofOne, ofAll time.Duration) time.Duration {
	return max(ofOne, time.Duration(c.waiting.Load())*ofAll)
}

// Await waits until done says so of the Cluster, and tells note what it waits for. One deadline, ctx's, counts: when it
// is over the error names the object and the condition that blocked; an interrupted wait says so with its own exit code.
// what completes the sentence "timed out waiting for ...".
//
// A resource of the cloud that was refused, and that nobody tries again, ends the wait with what the cloud said of it.
func (c *Client) Await(ctx context.Context, key Key, what string, done func(*clusterv1.Cluster) bool, note func(string)) error {
	return c.await(ctx, key, what, func(_ context.Context, cluster *clusterv1.Cluster) (bool, error) { return done(cluster), nil }, note)
}

// clusterLook is a look at what is waited for of a Cluster.
type clusterLook func(ctx context.Context, cluster *clusterv1.Cluster) (done bool, err error)

func (c *Client) await(ctx context.Context, key Key, what string, see clusterLook, note func(string)) error {
	var noted time.Time
	targets, patience := clusterTargets(key), c.newPatience()
	err := c.until(ctx, targets, func(ctx context.Context, from client.Reader) (bool, error) {
		cluster, err := c.clusterFrom(ctx, from, key)
		if err != nil {
			return false, err
		}
		if done, err := see(ctx, cluster); done || err != nil {
			return done, err
		}
		if c.now().Sub(noted) < c.pause(ctx, targets, noteEvery, noteOfAll) {
			return false, nil
		}
		err = patience.overFor(c.note(ctx, from, key, note))
		if err == nil { // or it would be too early for a second look
			noted = c.now()
		}
		return false, err
	})
	return c.waitError(ctx, key, what, err)
}

// AwaitGone waits until the Cluster is no more.
func (c *Client) AwaitGone(ctx context.Context, key Key, note func(string)) error {
	var noted time.Time
	targets := clusterTargets(key)
	err := c.until(ctx, targets, func(ctx context.Context, from client.Reader) (bool, error) {
		_, err := c.clusterFrom(ctx, from, key)
		if uerr.ExitCode(err) == uerr.NotFound {
			return true, nil
		}
		if err == nil && c.now().Sub(noted) >= c.pause(ctx, targets, noteEvery, noteOfAll) {
			noted = c.now()
			c.note(ctx, from, key, note)
		}
		return false, err
	})
	return c.waitError(ctx, key, "the cluster to be gone", err)
}

// clusterFrom is Cluster from another reader.
func (c *Client) clusterFrom(ctx context.Context, from client.Reader, key Key) (*clusterv1.Cluster, error) {
	cluster := &clusterv1.Cluster{}
	found, err := c.readInto(ctx, from, clusterKind(), key, cluster)
	if err == nil && !found {
		err = noSuchCluster(key)
	}
	return cluster, err
}

// note reads the tree for the progress line, and gives what has stopped in it; a wait does not end because that could not
// be read.
func (c *Client) note(ctx context.Context, from client.Reader, key Key, note func(string)) []*Node {
	tree, err := c.tree(ctx, from, key)
	if err != nil {
		return nil
	}
	note(tree.Progress())
	return tree.Stop()
}

// waitError explains why a wait ended early, with the last cause instead of the deadline alone.
func (c *Client) waitError(ctx context.Context, key Key, what string, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	object, cause := ClusterName(key), context.Cause(ctx)
	if node, condition := c.lastCause(ctx, key); node != nil {
		object, cause = node.Object(), errors.New(condition.String())
	}
	return EndedError(ctx, what, object, cause)
}

// lastCause asks once more after ctx has ended. A server that is gone too leaves the cause unknown.
func (c *Client) lastCause(ctx context.Context, key Key) (*Node, *Condition) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	tree, err := c.Tree(ctx, key.Namespace, key.Name)
	if err != nil {
		return nil, nil
	}
	return tree.Cause()
}

// EndedError is the error of a wait whose ctx has ended: timed out, cancelled by the user, or stopped by a cause of its
// own such as a lost lock.
func EndedError(ctx context.Context, what, object string, cause error) error {
	ended := context.Cause(ctx)
	var known *uerr.Error
	switch {
	case errors.As(ended, &known):
		return ended
	case errors.Is(ended, context.DeadlineExceeded):
		return &uerr.Error{
			Code: uerr.TimedOut, What: "timed out waiting for " + what, Object: object, Cause: cause,
			Next: nextFor(object),
		}
	}
	return &uerr.Error{Code: uerr.Cancelled, What: "interrupted while waiting for " + what, Object: object, Cause: cause}
}

func nextFor(object string) string {
	if strings.HasPrefix(object, "Cluster ") {
		return "slipway describe cluster NAME shows every condition; the same command goes on where this one stopped"
	}
	return fmt.Sprintf("look at %s (slipway describe cluster NAME), then type the same command again to go on", object)
}
