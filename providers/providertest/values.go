package providertest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/providers"
)

func (s Suite) checkNoMachines(t *testing.T) {
	without := map[string]string{}
	for _, name := range s.Machines {
		without[name] = ""
	}
	r := s.request(t, s.Good, without)
	if !s.Cloudless && s.preflight(t, s.request(t, s.Good, without)).Err() == nil {
		t.Errorf("with machines nothing of %v is missed: they are not what machines need", s.Machines)
	}
	r.ControlPlane, r.Workers, r.KubernetesVersion = 0, 0, ""
	if err := s.preflight(t, r).Err(); err != nil {
		t.Error(err)
	}
	v := s.values(t, r)
	if with := s.values(t, s.request(t, s.Good, nil)); v.Controller.Version == "" || v.Controller.Version != with.Controller.Version {
		t.Errorf("controller %q without machines, %q with them", v.Controller.Version, with.Controller.Version)
	}
	if len(v.Variables) > 0 || len(v.Pools) > 0 {
		t.Errorf("variables %v and pools %v of no machines", v.Variables, v.Pools)
	}
}

func (s Suite) checkVariables(t *testing.T) {
	for name, c := range s.cases() {
		t.Run(name, func(t *testing.T) {
			r := s.request(t, c, nil)
			v := s.values(t, r)
			if v.KubernetesVersion == "" {
				t.Error("no Kubernetes version")
			}
			s.CheckClass(t, v)
			k := s.class(t, v.Class)
			if fixer, ok := s.Provider.(providers.Fixer); ok {
				k.checkFixed(t, fixer.Fixed(v.Class))
			}
			checkPlain(t, v.Variables)
			for _, pool := range v.Pools {
				k.check(t, pool.Variables)
				checkPlain(t, pool.Variables)
			}
		})
	}
}

// CheckClass compares a cluster's variables with those of its ClusterClass. It needs only Provider and Templates.
func (s Suite) CheckClass(t *testing.T, v providers.Values) {
	t.Helper()
	k := s.class(t, v.Class)
	k.check(t, v.Variables)
	k.checkRequired(t, v.Variables)
}

// checkPlain wants what JSON itself would give back; the variables of a cluster that is there come from it.
func checkPlain(t *testing.T, variables map[string]any) {
	t.Helper()
	raw, err := json.Marshal(variables)
	if err != nil {
		t.Fatal(err)
	}
	var again map[string]any
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, variables); diff != "" {
		t.Errorf("variables are no plain JSON (-JSON +variables):\n%s", diff)
	}
}

// checkRepeated asks twice, and once more for the cluster as it then is.
func (s Suite) checkRepeated(t *testing.T) {
	for name, c := range s.cases() {
		t.Run(name, func(t *testing.T) {
			r := s.request(t, c, nil)
			first := s.values(t, r)
			if diff := cmp.Diff(first, s.values(t, r)); diff != "" {
				t.Errorf("the second time (-first +second):\n%s", diff)
			}
			r.Current = first.Variables
			current := s.values(t, r)
			current.Gate = first.Gate // a cluster that is there may be held back in another way, or not at all
			if diff := cmp.Diff(first, current); diff != "" {
				t.Errorf("of the cluster as it is (-new +current):\n%s", diff)
			}
		})
	}
}

func (s Suite) checkPools(t *testing.T) {
	for name, c := range s.cases() {
		for _, workers := range []int{c.Request.Workers, c.Request.Workers + 1, 0} {
			t.Run(fmt.Sprintf("%s, %d workers", name, workers), func(t *testing.T) {
				r := s.request(t, c, nil)
				r.Workers = workers
				checkPools(t, r, s.values(t, r).Pools)
			})
		}
	}
}

func checkPools(t *testing.T, r providers.Request, pools []providers.Pool) {
	t.Helper()
	if len(pools) == 0 { // one, with all the workers of the request
		return
	}
	sum, names := 0, map[string]bool{}
	for _, pool := range pools {
		if pool.Name == "" || names[pool.Name] || pool.Replicas < 0 {
			t.Errorf("a pool without a name of its own, or with too few machines: %+v", pool)
		}
		names[pool.Name] = true
		sum += pool.Replicas
	}
	if sum != r.Workers {
		t.Errorf("%d workers in %d pools, and %d are asked for", sum, len(pools), r.Workers)
	}
}

// checkReadOnly looks at the cloud in every way that only looks.
func (s Suite) checkReadOnly(t *testing.T) {
	before := s.Snapshot(t)
	for _, c := range s.cases() {
		r := s.request(t, c, nil)
		_ = s.preflight(t, r) // what they say, other checks look at
		s.values(t, r)
		s.leftovers(t, r)
	}
	_ = s.preflight(t, s.mistaken(t))
	if diff := cmp.Diff(before, s.Snapshot(t)); diff != "" {
		t.Errorf("the cloud (-before +after):\n%s", diff)
	}
}
