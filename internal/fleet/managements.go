package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// listedForMost is what the list of a management cluster may take; 500 Clusters take a second or two.
const listedForMost = time.Minute

// lives lists the Clusters of all management clusters at once. unread is why some could not be.
func (in Input) lives(ctx context.Context) (lives map[string]*clusterv1.Cluster, unread map[string]error) {
	type answer struct {
		name     string
		clusters []clusterv1.Cluster
		took     time.Duration
		err      error
	}
	ctx, cancel := context.WithTimeout(ctx, listedForMost)
	defer cancel()
	answers, begun := make(chan answer, len(in.Managements)), time.Now()
	lives, unread = map[string]*clusterv1.Cluster{}, map[string]error{}
	for _, m := range in.Managements {
		unread[m.Name] = m.unreadable(errors.New("it did not answer"))
		go func() {
			clusters, err := m.Client.Clusters(ctx)
			if err != nil {
				err = m.unreadable(err)
			}
			answers <- answer{m.Name, clusters, time.Since(begun), err}
		}()
	}
	p := newPatience(in.Patience)
	for range in.Managements {
		select {
		case a := <-answers:
			p.answered(a.took)
			if unread[a.name] = a.err; a.err == nil {
				delete(unread, a.name)
			}
			for i := range a.clusters {
				c := &a.clusters[i]
				lives[id(a.name, kube.Key{Namespace: c.Namespace, Name: c.Name})] = c
			}
		case <-p.over:
			return lives, unread
		}
	}
	return lives, unread
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
