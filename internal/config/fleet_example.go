package config

import (
	"cmp"
	"fmt"
	"strings"
)

const fleetProse = `
# --- A list of clusters

# For "slipway apply": every entry is a cluster. The lines above hold for all of them. "defaults" says it again with the
# short names of an entry, and wins over the lines above; the environment wins over both, and the entry over that. Labels
# and variables of defaults and of the entry add up. Pools are all the workers of a cluster and stand in place of
# "workers". Several files and folders go together; one of them may have no clusters and is shared by the others.
# "fleet" says whose the clusters are: "slipway apply --prune" deletes those of that name that are here no more.
# "hooks" are told when one of them is ready, has failed or is deleted: docs/fleet.md says how.

`

// fleetExample is the commented list of clusters, with an infrastructure that was given a table.
func (r *registry) fleetExample() string {
	infrastructure := r.variables[infrastructureVariable][0].Example
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "#"+format+"\n", args...) }
	b.WriteString(fleetProse)
	line("defaults:")
	line("  infrastructure: %s", infrastructure)
	line("  plan: dev")
	line("  labels:")
	line("    owner: team-a")
	line("hooks:")
	line("  - webhook: https://ci.example.org/slipway")
	line("    secretEnv: CI_HOOK_KEY # the key of the signature: openssl rand -base64 32")
	line("    events: [cluster.ready, cluster.deleted]")
	line("  - command: [sh, notify.sh] # in this folder, with the event on stdin")
	line("    events: [cluster.failed]")
	line("    timeout: 1m")
	line("clusters:")
	for i, name := range []string{"edge1", "edge2"} {
		line("  - name: %s", name)
		if i == 0 {
			line("    plan: prod")
			line("    controlPlane: 3")
			line("    workers: 5")
			line("    kubernetesVersion: v1.36.3")
			line("    protect: true # never deleted for being gone from here")
		} else {
			line("    namespace: test")
			line("    managementCluster: my-cluster # without it the current one")
			line("    pools:")
			line("      - name: small")
			line("        workers: 2")
			line("      - name: large")
			line("        workers: 1")
			line("        zone: zone-a")
			line("        machineType: large")
		}
		r.exampleVariables(line, infrastructure, i)
	}
	return b.String()
}

// exampleVariables gives a cluster what is its own: a length of the nodes' wait, and an address where it needs one.
func (r *registry) exampleVariables(line func(string, ...any), infrastructure string, i int) {
	line("    variables:")
	line("      NODE_STARTUP_TIMEOUT: %d0m", i+3)
	for _, name := range r.withRole(RoleEndpoint) {
		if v, _ := r.find(name, infrastructure); v.serves(infrastructure) {
			line("      %s: %s%d", name, cmp.Or(v.Example, "192.0.2.1"), i+1)
		}
	}
}
