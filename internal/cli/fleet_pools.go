package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// resolveEntry is resolve for an entry of a fleet, whose pools may be its own.
func (d *Deps) resolveEntry(ctx context.Context, w *wantedCluster, e *config.Entry) (*render.Objects, error) {
	values, err := w.provider.Values(ctx, w.request)
	if err != nil {
		return nil, err
	}
	if len(e.Pools) > 0 {
		if values.Pools, err = poolsOf(w.provider, e, values); err != nil {
			return nil, err
		}
	}
	return d.render(w, values)
}

// poolsOf makes the pools of an entry. The pool that carries a cluster's own pods stays the adapter's, unless the entry
// has one of that class.
func poolsOf(provider providers.Provider, e *config.Entry, values providers.Values) ([]providers.Pool, error) {
	var out []providers.Pool
	var findings uerr.Findings
	hasSystem := false
	for _, p := range e.Pools {
		class := cmp.Or(p.Class, kube.WorkerClass)
		hasSystem = hasSystem || class == kube.SystemClass
		pool := providers.Pool{Name: p.Name, Class: class, FailureDomain: p.Zone, Replicas: p.Workers}
		current, err := plainValues(values.Variables)
		if err != nil {
			return nil, err
		}
		shaper, shapes := provider.(providers.PoolShaper)
		switch {
		case shapes:
			var found uerr.Findings
			pool.Variables, found = shaper.PoolVariables(providers.PoolAsk{
				Name: p.Name, Class: class, MachineType: p.MachineType, Zone: p.Zone, Current: current,
			})
			for _, f := range found {
				f.Where = p.Place.String()
				findings = append(findings, f)
			}
		case p.MachineType != "":
			findings = append(findings, uerr.Finding{
				Where: p.Place.String(), Problem: fmt.Sprintf("pool %s has a type of machine, and no types are known of %s", p.Name, e.Infrastructure),
				Next: "leave out machineType, and set the size of all workers among the variables",
			})
		}
		for name, value := range pool.Variables {
			pool.Variables[name] = overlay(current[name], value) // an override replaces the whole variable
		}
		out = append(out, pool)
	}
	for _, own := range values.Pools {
		if own.Class == kube.SystemClass && !hasSystem {
			out = append([]providers.Pool{own}, out...)
		}
	}
	return out, findings.Err()
}

// plainValues are values in JSON's own types, as they are read back from a Cluster.
func plainValues(values map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, json.Unmarshal(raw, &out)
}
