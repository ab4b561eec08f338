package azure

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/providers"
)

// Leftovers is nothing yet.
func (*Provider) Leftovers(context.Context, providers.Request) ([]providers.Leftover, error) {
	return nil, nil
}

// DeleteLeftover knows no kind yet.
func (*Provider) DeleteLeftover(_ context.Context, _ providers.Request, l providers.Leftover) error {
	return fmt.Errorf("%s %s: Azure leaves no such object", l.Kind, l.Name)
}
