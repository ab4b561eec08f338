package phase

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
)

// RetryInput is what trying a cluster's stopped resources again needs.
type RetryInput struct {
	Client  *kube.Client
	Cluster kube.Key
	Holder  kube.Holder
	Resume  string // the command line that goes on with it
}

// Retry makes the resources of a cluster go on that the cloud refused and that nobody tries again.
func Retry(in RetryInput) Operation {
	return Operation{
		Phases: []Phase{
			&lockCluster{client: in.Client, key: in.Cluster, holder: in.Holder},
			retryResources{client: in.Client, key: in.Cluster},
		},
		Meanwhile: fmt.Sprintf("what was begun of %s goes on in the management cluster", in.Cluster.Name),
		Resume:    in.Resume,
	}
}

type retryResources struct {
	client *kube.Client
	key    kube.Key
}

func (retryResources) Name() string { return "stopped resources tried again" }

func (p retryResources) Check(ctx context.Context) ([]Change, error) {
	stopped, _, err := p.client.StoppedResources(ctx, p.key)
	var out []Change
	for _, u := range stopped {
		out = append(out, Change{Object: u.Object.String(), From: u.Why, To: "try again"})
	}
	return out, err
}

func (p retryResources) Apply(ctx context.Context, note func(string)) error {
	stopped, _, err := p.client.StoppedResources(ctx, p.key)
	if err != nil {
		return err
	}
	for _, u := range stopped {
		note(u.Object.String())
		if err := p.client.Retry(ctx, u.Object); err != nil {
			return err
		}
	}
	return nil
}
