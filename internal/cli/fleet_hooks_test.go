package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func TestHookEvent(t *testing.T) {
	for name, tc := range map[string]struct {
		action fleet.Action
		status fleet.Status
		err    error
		quick  bool // --wait=false
		want   string
	}{
		"created":                     {action: fleet.Create, status: fleet.Done, want: config.HookReady},
		"changed":                     {action: fleet.Change, status: fleet.Done, want: config.HookReady},
		"finished":                    {action: fleet.Finish, status: fleet.Done, want: config.HookReady},
		"deleted":                     {action: fleet.Delete, status: fleet.Done, want: config.HookDeleted},
		"created, nobody waited":      {action: fleet.Create, status: fleet.Done, quick: true},
		"deleted, nobody waited":      {action: fleet.Delete, status: fleet.Done, quick: true},
		"failed":                      {action: fleet.Create, status: fleet.Failed, err: errors.New("x"), want: config.HookFailed},
		"failed, nobody waited":       {action: fleet.Create, status: fleet.Failed, err: errors.New("x"), quick: true, want: config.HookFailed},
		"not deleted":                 {action: fleet.Delete, status: fleet.Failed, err: errors.New("x"), want: config.HookFailed},
		"refused":                     {action: fleet.Refuse, status: fleet.Failed, err: uerr.Findings{{Problem: "x"}}, want: config.HookFailed},
		"too late":                    {action: fleet.Create, status: fleet.Failed, err: context.DeadlineExceeded, want: config.HookFailed},
		"interrupted":                 {action: fleet.Create, status: fleet.Failed, err: context.Canceled},
		"interrupted, in other words": {action: fleet.Create, status: fleet.Failed, err: &uerr.Error{Code: uerr.Cancelled}},
		"not begun":                   {action: fleet.Create, status: fleet.Skipped},
		"not begun in time":           {action: fleet.Create, status: fleet.Skipped, err: context.DeadlineExceeded},
	} {
		r := &fleet.Result{Item: &fleet.Item{Action: tc.action}, Status: tc.status, Err: tc.err}
		if got := hookEvent(r, !tc.quick); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
