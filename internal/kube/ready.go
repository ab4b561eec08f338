package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Object names an object of any kind that has a Ready condition.
type Object struct {
	Kind schema.GroupVersionKind
	Key  Key
}

// String is how messages name it.
func (o Object) String() string { return o.Kind.Kind + " " + o.Key.String() }

// Unready is one object that is not ready, and what it says about that.
type Unready struct {
	Object Object
	Why    string // "Ready: The subnet is being made", or that it is not there

	stopped *Node // it will not go on by itself; nil as long as it may
}

// String is one line: the object and what it says.
func (u Unready) String() string { return u.Object.String() + ": " + u.Why }

// NotReady gives those of the objects whose Ready condition is not True for what they say now.
func (c *Client) NotReady(ctx context.Context, objects []Object) ([]Unready, error) {
	return c.notReady(ctx, c.api, objects)
}

func (c *Client) notReady(ctx context.Context, from client.Reader, objects []Object) ([]Unready, error) {
	var out []Unready
	for _, o := range objects {
		have, err := c.read(ctx, from, o.Kind, o.Key)
		if err != nil {
			return nil, err
		}
		switch {
		case have == nil:
			out = append(out, Unready{Object: o, Why: "is not there yet"})
		case have.GetDeletionTimestamp() != nil:
			out = append(out, Unready{Object: o, Why: "is being deleted"})
		case !readyNow(have):
			u := Unready{Object: o, Why: whyNotReady(have)}
			if node := resourceNode(have); node.Stopped {
				u.stopped = node
			}
			out = append(out, u)
		}
	}
	return out, nil
}

// readyNow says whether the Ready condition is True and speaks of the object's present generation.
func readyNow(object *unstructured.Unstructured) bool {
	c, generation := readyCondition(object)
	return c != nil && c.Status == "True" && generation >= object.GetGeneration()
}

// readyCondition gives the Ready condition, nil when there is none, and the generation that it speaks of. An object
// that notes no generation speaks of its present one.
func readyCondition(object *unstructured.Unstructured) (*Condition, int64) {
	items, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions") // what is no list has no conditions
	for _, item := range items {
		fields, ok := item.(map[string]any)
		if !ok || fields["type"] != clusterv1.ReadyCondition {
			continue
		}
		c := conditionFrom(fields)
		generation, noted := fields["observedGeneration"].(int64)
		if !noted || generation == 0 {
			generation = object.GetGeneration()
		}
		return &c, generation
	}
	return nil, 0
}

func whyNotReady(object *unstructured.Unstructured) string {
	c, generation := readyCondition(object)
	switch {
	case c == nil:
		return "has no Ready condition yet"
	case generation < object.GetGeneration():
		return "its last change is not looked at yet"
	}
	return c.String()
}

// AwaitReady waits until all of the objects are ready. One that will not get there by itself ends the wait, and so does
// ctx: the error then names the first that is not ready and what it says. what completes "timed out waiting for ...".
func (c *Client) AwaitReady(ctx context.Context, objects []Object, what string, note func(string)) error {
	var targets []target
	for _, o := range objects {
		targets = append(targets, target{gvk: o.Kind, namespace: o.Key.Namespace, name: o.Key.Name})
	}
	last, patience := []Unready(nil), c.newPatience()
	err := c.until(ctx, targets, func(ctx context.Context, from client.Reader) (bool, error) {
		unready, err := c.notReady(ctx, from, objects)
		if err != nil {
			return false, err
		}
		last = unready
		if len(unready) == 0 {
			return true, nil
		}
		note(lines(unready))
		return false, patience.overFor(stoppedOf(unready))
	})
	if err == nil || ctx.Err() == nil {
		return err
	}
	object, cause := "", context.Cause(ctx)
	if len(last) > 0 {
		object, cause = last[0].Object.String(), errors.New(last[0].Why)
	}
	return EndedError(ctx, what, object, cause)
}

func stoppedOf(unready []Unready) []*Node {
	var out []*Node
	for _, u := range unready {
		if u.stopped != nil {
			out = append(out, u.stopped)
		}
	}
	return out
}

func lines(unready []Unready) string {
	texts := make([]string, len(unready))
	for i, u := range unready {
		texts[i] = u.String()
	}
	return strings.Join(texts, "; ")
}

// ParseObject reads "network.azure.com/v1" and "VirtualNetworksSubnet" into an Object.
func ParseObject(apiVersion, kind string, key Key) (Object, error) {
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return Object{}, fmt.Errorf("%s %s: %w", kind, key, err)
	}
	return Object{Kind: version.WithKind(kind), Key: key}, nil
}
