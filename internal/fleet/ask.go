package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Unknown is the action of an item whose cloud has not answered yet. It is decided while others are worked on.
const Unknown Action = "unknown"

// decide finds out about each cluster, several at once. What fails for one is that one's finding. Each is decided on a
// copy, because a plan may be read while late answers come in.
func (in Input) decide(ctx context.Context, items []*Item) {
	clouds := newLimits(askedAtOnce)
	type answer struct {
		item *Item
		took time.Duration
	}
	answers := make(chan answer, len(items)) // holds all, so that one that nobody waits for holds up nobody
	open := map[*Item]chan *Item{}
	for _, item := range items {
		if item.Action == Refuse || item.settled(in.Awaited) {
			continue
		}
		decided, copied := make(chan *Item, 1), *item
		open[item] = decided
		go func() {
			took := copied.ask(ctx, clouds)
			decided <- &copied
			answers <- answer{item, took}
		}()
	}
	p := newPatience(in.Patience)
	for len(open) > 0 {
		select {
		case a := <-answers:
			*a.item = *<-open[a.item]
			delete(open, a.item)
			p.answered(a.took)
		case <-p.over:
			for item, decided := range open {
				item.late, item.Action = decided, Unknown
				item.Why = fmt.Sprintf("its cloud (%s) has not answered yet", item.desired.Limits.Cloud)
			}
			return
		}
	}
}

// ask decides about one item in a slot of its cloud, and tells how long the cloud took.
func (i *Item) ask(ctx context.Context, clouds *limits) time.Duration {
	cloud := i.desired.Limits.Cloud
	give, err := clouds.queue(cloud).take(ctx)
	begun := time.Now()
	if err == nil {
		defer give()
		err = clouds.ask(ctx, cloud, func(ctx context.Context) error { return i.decide(ctx) })
	}
	if err != nil {
		i.refuse(err)
	}
	return time.Since(begun)
}

// await takes up a decision that was still open when the plan was made.
func (i *Item) await(ctx context.Context) error {
	if i.late == nil {
		return nil
	}
	select {
	case decided := <-i.late:
		*i = *decided
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// unseen is the error of a late decision that nobody has seen, and that should not be carried out without.
func (i *Item) unseen() error {
	return &uerr.Error{
		Code: uerr.Failure, What: "its cloud answered after the plan was shown, and the change replaces machines",
		Cause: errors.New(i.Changes[0].String()), Next: "slipway diff shows all of it; the same command with --yes does it",
	}
}

// patience tells when those that have not answered are waited for no longer: when no answer has come for as long as the
// slowest one took, and for the least at least. As long as there is no answer at all, nobody is held up by the others.
type patience struct {
	over    <-chan time.Time // never, until the first answer
	least   time.Duration    // 0 waits for all
	slowest time.Duration
}

func newPatience(least time.Duration) *patience { return &patience{least: least} }

func (p *patience) answered(took time.Duration) {
	if p.least > 0 {
		p.slowest = max(p.slowest, took)
		p.over = time.After(max(p.least, p.slowest))
	}
}
