package azure

import (
	"context"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// refuse is one finding about a variable that stops the work.
func (i *inspection) refuse(key, problem, next string) uerr.Findings {
	return preflight.Refuse(i.config(), key, problem, next)
}

// warn is one finding about a variable that does not stop the work.
func (i *inspection) warn(key, problem, next string) uerr.Findings {
	return preflight.Warn(i.config(), key, problem, next)
}

// trouble is a finding for a call that failed.
func (i *inspection) trouble(ctx context.Context, doing string, err error) uerr.Findings {
	return preflight.Trouble(i.config(), "Azure", doing, i.cloud.explain(ctx, err))
}

// unchecked is a warning for a question that Azure did not answer and that can be done without.
func (i *inspection) unchecked(key, question string, err error) uerr.Findings {
	return i.warn(key, question+" could not be checked: "+i.cloud.scrub(lastCause(err)), "look it up in the Azure portal, or grant the permission to look")
}
