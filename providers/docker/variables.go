package docker

import (
	"errors"

	"github.com/slipway-sh/slipway/internal/config"
)

const (
	keyClusterType    = "CLUSTER_TYPE"
	keyVersion        = "KUBERNETES_VERSION"
	keyMachineStartup = "IN_MEMORY_MACHINE_STARTUP"
	keyNodeStartup    = "IN_MEMORY_NODE_STARTUP"
)

// Variables is the table of config.yaml.
func Variables() []config.Variable {
	wait := func(name, text string) config.Variable {
		return config.Variable{Name: name, Type: config.TypeDuration, Section: "docker: clusters in memory, without any cloud", Example: "10s", Doc: text}
	}
	return []config.Variable{
		wait(keyMachineStartup, "How long a machine takes to start; empty starts it at once."),
		wait(keyNodeStartup, "How long a machine that has started takes to become a node; empty is at once."),
	}
}

// variables are JSON values by the names of the ClusterClass; what is not set is left to its defaults.
func variables(c *config.Config) (map[string]any, error) {
	machine, wrongMachine := startup(c, keyMachineStartup)
	node, wrongNode := startup(c, keyNodeStartup)
	if err := errors.Join(wrongMachine, wrongNode); err != nil {
		return nil, err
	}
	return map[string]any{"startup": map[string]any{"machine": machine, "node": node}}, nil
}

// startup is a time in the words of Kubernetes; not set, it is none.
func startup(c *config.Config, key string) (string, error) {
	d, err := c.Duration(key)
	return d.String(), err
}
