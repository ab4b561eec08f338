package phase

import (
	"context"

	"github.com/slipway-sh/slipway/internal/kube"
)

// lockCluster takes the cluster's lock, so that two operators do not work on one cluster at once. It is held until the
// operation ends.
type lockCluster struct {
	client *kube.Client
	key    kube.Key
	holder kube.Holder
	unless func() bool // true skips the lock; may be nil
	held   *kube.HeldLock
}

func (*lockCluster) Name() string { return "cluster locked" }

func (*lockCluster) passing() {}

func (p *lockCluster) Check(context.Context) ([]Change, error) {
	if p.unless != nil && p.unless() {
		return nil, nil
	}
	return []Change{{Object: "Lease " + p.key.String(), To: "held"}}, nil
}

func (p *lockCluster) Apply(ctx context.Context, _ func(string)) (err error) {
	p.held, err = p.client.Lock(ctx, p.key.Namespace, p.key.Name, p.holder)
	return err
}

func (p *lockCluster) Guard(ctx context.Context) context.Context {
	if p.held == nil {
		return ctx
	}
	return p.held.Guard(ctx)
}

func (p *lockCluster) Release() {
	if p.held != nil {
		p.held.Release()
	}
}
