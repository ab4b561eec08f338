package azure

import (
	"context"

	"github.com/slipway-sh/slipway/providers"
)

// Remaining is nothing yet.
func (*Provider) Remaining(context.Context, providers.Request) ([]providers.Task, error) {
	return nil, nil
}
