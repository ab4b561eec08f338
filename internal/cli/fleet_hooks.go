package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/hook"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// fleetHooks tells the hooks of the files how it ended for each cluster. What does not arrive is a warning and a line of
// the audit log: the clusters are what they are.
type fleetHooks struct {
	deps   *Deps
	sender *hook.Sender
	waits  bool

	mu     sync.Mutex
	failed map[config.Place]int
}

func (d *Deps) newFleetHooks(ctx context.Context, hooks []config.Hook, waits bool) *fleetHooks {
	h := &fleetHooks{deps: d, waits: waits, failed: map[config.Place]int{}}
	h.sender = hook.Start(ctx, hook.Options{Hooks: hooks, Environ: d.Environ, Failed: h.notTold})
	return h
}

// tell gives a result to the hooks that want it.
func (h *fleetHooks) tell(begun time.Time, r *fleet.Result) {
	name := hookEvent(r, h.waits)
	if name == "" {
		return
	}
	now, item := h.deps.Now(), r.Item
	e := hook.Event{Name: name, Time: now.UTC(), Family: item.Family(), Data: hook.Data{
		Cluster: item.Name, Namespace: item.Namespace, ManagementCluster: item.Management, Infrastructure: item.Infrastructure(),
		Fleet: item.Family(), Action: string(item.Action), Status: string(r.Status), Seconds: inSeconds(now.Sub(begun)),
	}}
	if r.Err != nil {
		e.Data.Message = secret.Scrub(oneError(r.Err), h.deps.trail.secrets...)
	}
	h.sender.Tell(e)
}

// hookEvent names what happened, or nothing when that is not known: without waiting nobody saw the cluster ready, or
// gone, and an interrupted one goes on by itself.
func hookEvent(r *fleet.Result, waited bool) string {
	switch {
	case r.Status == fleet.Failed && exitCode(r.Err) != uerr.Cancelled:
		return config.HookFailed
	case r.Status != fleet.Done || !waited:
		return ""
	case r.Item.Action == fleet.Delete:
		return config.HookDeleted
	}
	return config.HookReady
}

// notTold warns of a hook's first failure; close counts the others, which are likely to be for the same reason.
func (h *fleetHooks) notTold(f hook.Failure) {
	h.mu.Lock()
	h.failed[f.Hook.Place]++
	first := h.failed[f.Hook.Place] == 1
	h.mu.Unlock()
	d, data := h.deps, f.Event.Data
	what := secret.Scrub(fmt.Sprintf("%s did not reach %s: %v", f.Event.Title(), receiver(f.Hook), f.Err), d.trail.secrets...)
	if first {
		d.View.Warn("%s: %s", f.Hook.Place, what)
	}
	t := d.trail
	t.begun, t.management, t.client = f.Event.Time, data.ManagementCluster, nil
	t.cluster = kube.Key{Namespace: data.Namespace, Name: data.Cluster}
	d.recordOne(context.Background(), t, work{verb: "apply", action: "hook", code: uerr.Failure, err: fmt.Errorf("%s", what)})
}

// receiver names a hook without what its URL or its arguments may hold.
func receiver(h config.Hook) string {
	if len(h.Command) > 0 {
		return h.Command[0]
	}
	return h.Host
}

// close waits a while for what is on its way.
func (h *fleetHooks) close(ctx context.Context) {
	slow := time.AfterFunc(time.Second, func() { h.deps.View.Info("Telling the hooks what happened: %d to go.", h.sender.Waiting()) })
	h.sender.Close(ctx)
	slow.Stop()
	for place, n := range h.failed {
		if n > 1 {
			h.deps.View.Warn("%s: %d events did not arrive; audit.log names them", place, n)
		}
	}
}
