package azure

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/slipway-sh/slipway/providers"
)

const (
	freeLook  = 5 * time.Second // while another operation is at work on a thing
	freeLooks = 120             // a cluster is deleted within ten minutes
)

func leftover(kind, id string) providers.Leftover {
	return providers.Leftover{Kind: kind, ID: id, Name: id[strings.LastIndexByte(id, '/')+1:]}
}

// gather reads all pages of a list and keeps what is wanted of them.
func gather[P, T any](ctx context.Context, pager *runtime.Pager[P], items func(P) []*T, want func(*T) (providers.Leftover, bool)) ([]providers.Leftover, error) {
	var out []providers.Leftover
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range items(page) {
			if l, wanted := want(item); wanted {
				out = append(out, l)
			}
		}
	}
	return out, nil
}

// outside leaves out what goes with a group that is the cluster's own.
func (i *inspection) outside(ctx context.Context, all []providers.Leftover, err error) ([]providers.Leftover, error) {
	if err != nil || len(all) == 0 {
		return nil, err
	}
	groups, err := i.listGroups(ctx)
	var out []providers.Leftover
	for _, l := range all {
		inside := false
		for _, g := range groups {
			inside = inside || under(l.ID, g.ID)
		}
		if !inside {
			out = append(out, l)
		}
	}
	return out, err
}

// whenFree waits while another operation is at work on the thing.
func (*cloud) whenFree(ctx context.Context, do func() error) error {
	for look := 1; ; look++ {
		err := do()
		busy := slices.Contains([]string{"AnotherOperationInProgress", "OperationNotAllowed", "InUseSubnetCannotBeDeleted"}, codeOf(err))
		if !busy || look == freeLooks {
			return err
		}
		if err := pause(ctx, freeLook); err != nil {
			return err
		}
	}
}

// done waits for the end of an operation, as often as Azure says.
func done[T any](ctx context.Context, poller *runtime.Poller[T], err error) error {
	if err != nil {
		return err
	}
	_, err = poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: 5 * time.Second})
	return err
}
