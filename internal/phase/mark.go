package phase

import (
	"context"

	"github.com/slipway-sh/slipway/internal/kube"
)

// mark notes on the Cluster which fleet it is in and what was asked of it.
type mark struct {
	client *kube.Client
	key    kube.Key
	mark   kube.FleetMark
	done   bool // all that was asked for is there
}

func (p mark) Name() string {
	if p.done {
		return "fleet noted as done"
	}
	return "fleet noted"
}

func (mark) passing() {}

func (p mark) Check(ctx context.Context) ([]Change, error) {
	return p.client.DiffMark(ctx, p.key, p.mark)
}

func (p mark) Apply(ctx context.Context, _ func(string)) error {
	return p.client.ApplyMark(ctx, p.key, p.mark)
}
