package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// listedForMost is what the list of a management cluster may take; 500 Clusters take a second or two.
const listedForMost = time.Minute

// contents is what a management cluster answered.
type contents struct {
	name     string
	clusters []clusterv1.Cluster
	beside   *kube.Inventory
	took     time.Duration
	err      error
}

// read reads all management clusters at once: the Clusters, what is beside them by management cluster, and why some
// management clusters could not be read.
func (in Input) read(ctx context.Context) (map[string]*clusterv1.Cluster, map[string]*kube.Inventory, map[string]error) {
	ctx, cancel := context.WithTimeout(ctx, listedForMost)
	defer cancel()
	answers := make(chan contents, len(in.Managements))
	lives, beside, unread := map[string]*clusterv1.Cluster{}, map[string]*kube.Inventory{}, map[string]error{}
	for _, m := range in.Managements {
		unread[m.Name] = m.unreadable(errors.New("it did not answer"))
		go func() { answers <- m.contents(ctx) }()
	}
	p := newPatience(in.Patience)
	for range in.Managements {
		select {
		case a := <-answers:
			p.answered(a.took)
			if unread[a.name] = a.err; a.err != nil {
				continue
			}
			delete(unread, a.name)
			beside[a.name] = a.beside
			for i := range a.clusters {
				c := &a.clusters[i]
				lives[id(a.name, kube.Key{Namespace: c.Namespace, Name: c.Name})] = c
			}
		case <-p.over:
			return lives, beside, unread
		}
	}
	return lives, beside, unread
}

// contents lists the Clusters, and the kinds of object that the fleets among them have beside.
func (m Management) contents(ctx context.Context) contents {
	begun := time.Now()
	out := contents{name: m.Name}
	out.clusters, out.err = m.Client.Clusters(ctx)
	kinds := map[schema.GroupVersionKind]bool{}
	for i := range out.clusters {
		for _, o := range kube.Mark(&out.clusters[i]).Objects {
			kinds[o.Kind] = true
		}
	}
	if out.err == nil {
		out.beside, out.err = m.Client.Inventory(ctx, slices.Collect(maps.Keys(kinds)))
	}
	if out.err != nil {
		out.err = m.unreadable(out.err)
	}
	out.took = time.Since(begun)
	return out
}

// unreadable is the error of a management cluster whose Clusters could not be listed.
func (m Management) unreadable(err error) error {
	e := &uerr.Error{
		Code: uerr.Failure, What: "its management cluster cannot be read", Object: cmp.Or(m.Name, m.Client.Server()), Cause: err,
		Next: "check that it is up and can be reached from here; then type the same command again",
	}
	var known *uerr.Error
	if errors.As(err, &known) {
		e.Code, e.Next = cmp.Or(known.Code, e.Code), known.Next
	}
	return e
}

// unnamed are those unread management clusters that no item names: what may be gone from there is not known.
func unnamed(unread map[string]error, items []*Item) uerr.Findings {
	var out uerr.Findings
	for _, name := range slices.Sorted(maps.Keys(unread)) {
		if slices.ContainsFunc(items, func(i *Item) bool { return i.Management == name }) {
			continue
		}
		var known *uerr.Error
		errors.As(unread[name], &known)
		out = append(out, uerr.Finding{
			Code: known.Code, Where: "management cluster " + name, Problem: fmt.Sprintf("what is there is not known: %v", known.Cause), Next: known.Next,
		})
	}
	return out
}
