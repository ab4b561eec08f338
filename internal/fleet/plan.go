package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// A plan asks clouds for what only they know, so many of one cloud at once, and none for longer than this.
const (
	askedAtOnce  = 8
	askedForMost = 2 * time.Minute
)

// Input is what a plan is made from.
type Input struct {
	Managements []Management
	Desired     []*Desired
	Families    []string                                         // whose clusters may go when they are not desired
	Select      func(name string, labels map[string]string) bool // nil takes all
	Awaited     bool                                             // clusters that nobody waited for are to be waited for
	// Patience is how long, at least, those that do not answer are waited for after the others; 0 waits until they may be
	// given up. An unknown item's decision goes on as long as the context of MakePlan, and Apply takes it up.
	Patience time.Duration
}

// MakePlan compares. It reads: one list of each kind of object in each management cluster, and of clusters that differ what their clouds say.
// The clusters of a management cluster that cannot be read are refused, each by itself.
func MakePlan(ctx context.Context, in Input) (*Plan, error) {
	lives, beside, unread := in.read(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if len(unread) > 0 && len(unread) == len(in.Managements) {
		return nil, errors.Join(slices.Collect(maps.Values(unread))...)
	}
	p := &Plan{}
	desired := map[string]bool{}
	for _, d := range in.Desired {
		desired[id(d.Management, d.Key)] = true
		if in.Select != nil && !in.Select(d.Key.Name, d.Labels) {
			continue
		}
		item := &Item{
			Management: d.Management, Namespace: d.Key.Namespace, Name: d.Key.Name, Where: d.Where, desired: d,
			client: in.client(d.Management), live: lives[id(d.Management, d.Key)], beside: beside[d.Management],
		}
		if err := unread[d.Management]; err != nil {
			item.refuse(err)
		}
		p.Items = append(p.Items, item)
	}
	p.unread = unnamed(unread, p.Items)
	in.decide(ctx, p.Items)
	for _, m := range in.Managements {
		p.Items = append(p.Items, in.gone(m, lives, desired)...)
	}
	order := []Action{Refuse, Delete, Create, Change, Unknown, Finish, Leave}
	slices.SortStableFunc(p.Items, func(a, b *Item) int {
		return cmp.Compare(slices.Index(order, a.Action), slices.Index(order, b.Action))
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return p, nil
}

func id(management string, key kube.Key) string { return management + "|" + key.String() }

func (in Input) client(management string) *kube.Client {
	for _, m := range in.Managements {
		if m.Name == management {
			return m.Client
		}
	}
	return nil
}

// gone are the clusters of the families that no file has any more.
func (in Input) gone(m Management, lives map[string]*clusterv1.Cluster, desired map[string]bool) []*Item {
	var out []*Item
	for _, key := range slices.Sorted(maps.Keys(lives)) {
		live := lives[key]
		management, _, _ := strings.Cut(key, "|")
		mark := kube.Mark(live)
		if management != m.Name || desired[key] || mark.Family == "" || !slices.Contains(in.Families, mark.Family) {
			continue
		}
		if in.Select != nil && !in.Select(live.Name, live.Labels) {
			continue
		}
		item := &Item{Management: m.Name, Namespace: live.Namespace, Name: live.Name, Action: Delete, client: m.Client, live: live}
		switch {
		case live.DeletionTimestamp != nil: // which an earlier run may not have seen the end of
			item.Why = "it is being deleted"
		case mark.Protect:
			item.Action, item.Why = Leave, "it is in no file any more, and protected"
		default:
			item.Why = fmt.Sprintf("it is in no file of fleet %s any more", mark.Family)
		}
		out = append(out, item)
	}
	return out
}

// settled decides without asking anybody: of a cluster that is as it was asked for, and of one that is not ours.
func (i *Item) settled(awaited bool) bool {
	d := i.desired
	if i.live == nil {
		i.Action, i.Why = Create, d.Size
		return false
	}
	m := kube.Mark(i.live)
	if i.live.DeletionTimestamp != nil {
		i.refuse(kube.DeletingError(i.Key()))
		return true
	}
	if m.Family != "" && m.Family != d.Family {
		i.refuse(uerr.Findings{{
			Where: d.Where, Problem: fmt.Sprintf("%s belongs to fleet %s, and this is %s", kube.ClusterName(i.Key()), m.Family, d.Family),
			Next: "give the cluster another name, or write fleet: " + m.Family + " at the top of the file",
		}})
		return true
	}
	if m.Family == "" || m.Asked != d.Asked {
		return false
	}
	spec, err := kube.SpecOf(i.live)
	if err != nil {
		i.refuse(err)
		return true
	}
	i.Drift = kube.CompareSpec(kube.ClusterName(i.Key()), spec, m.Applied, m.Applied)
	i.Drift = append(i.Drift, i.damage(m)...)
	if len(i.Drift) > 0 || len(i.markChanges(m)) > 0 || len(i.otherSecrets(m)) > 0 {
		return false
	}
	i.Action = Leave
	if awaited && !m.Awaited {
		i.Action, i.Why = Finish, "nobody waited for it yet"
	}
	return i.Action == Leave
}

// refuse makes one item impossible.
func (i *Item) refuse(err error) {
	i.Action = Refuse
	var findings uerr.Findings
	if !errors.As(err, &findings) {
		f := uerr.Finding{Where: i.Where, Problem: err.Error(), Code: uerr.ExitCode(err)}
		var known *uerr.Error
		if errors.As(err, &known) {
			f.Next = known.Next
		}
		findings = uerr.Findings{f}
	}
	i.findings = nil
	for _, f := range findings.Refusals() {
		if i.findings == nil {
			i.Why = f.Problem
		}
		f.Problem = i.Title() + ": " + f.Problem
		i.findings = append(i.findings, f)
	}
	if n := len(i.findings); n > 1 {
		i.Why += fmt.Sprintf(" (and %d more)", n-1)
	}
}
