package docker

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The types of cluster: played in memory, or of containers, which upstream has and Slipway not yet.
const (
	typeInMemory   = "in-memory"
	typeContainers = "docker"
)

// request is what the checks look at; there is nothing to ask.
type request providers.Request

func checks() []preflight.Check[request] {
	return []preflight.Check[request]{
		{Name: "type of cluster", Only: request.makesMachines, Run: request.checkType},
		{Name: "Kubernetes version", Only: request.makesMachines, Run: request.checkVersion},
		{Name: "times of start", Only: request.makesMachines, Run: request.checkStartup},
	}
}

func (r request) makesMachines() bool { return r.ControlPlane > 0 }

func (r request) checkType(context.Context) uerr.Findings {
	problem := ""
	switch asked := r.Config.String(keyClusterType); asked {
	case "", typeInMemory:
		return nil
	case typeContainers:
		problem = "Slipway makes no clusters of containers yet"
	default:
		problem = fmt.Sprintf("infrastructure docker has no type of cluster %q", asked)
	}
	return preflight.Refuse(r.Config, keyClusterType, problem, "set "+keyClusterType+" or --type to "+typeInMemory+", or leave it out")
}

// checkVersion wants a version to be named: there are no images to read the newest from.
func (r request) checkVersion(context.Context) uerr.Findings {
	if r.KubernetesVersion != "" {
		return nil
	}
	return preflight.Refuse(r.Config, keyVersion, keyVersion+" is not set, and clusters in memory have no image that tells the newest",
		"set "+keyVersion+" or --kubernetes-version, such as to v1.36.3")
}

// checkStartup looks at what Values would refuse.
func (r request) checkStartup(context.Context) uerr.Findings {
	var findings uerr.Findings
	for _, key := range []string{keyMachineStartup, keyNodeStartup} {
		if _, err := startup(r.Config, key); err != nil {
			findings = append(findings, preflight.Refuse(r.Config, key, err.Error(), "set "+key+" to a time such as 10s, or leave it out")...)
		}
	}
	return findings
}
