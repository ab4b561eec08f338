package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// nodePoolAliases are other words for it; TKG 1.x had no such command.
func nodePoolAliases(name string) []string {
	if name == "nodepools" {
		return []string{"nodepool", "node-pools", "node-pool"}
	}
	return []string{"nodepools", "node-pool", "node-pools"}
}

// poolOptions are what the commands that change a pool have in common.
type poolOptions struct {
	namespace string
	wait      bool
	timeout   time.Duration
}

func (o *poolOptions) bind(cmd *cobra.Command, d *Deps, wait string) *pflag.FlagSet {
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.BoolVar(&o.wait, "wait", false, wait)
	bindTimeout(flags, &o.timeout)
	completeTwo(cmd, d.clusterNames, d.poolNames)
	return flags
}

// poolOfCluster is one pool that a command is about; the cluster is there, the pool need not be.
type poolOfCluster struct {
	client  *kube.Client
	key     kube.Key
	cluster *clusterv1.Cluster
	name    string
}

func loadPool(ctx context.Context, d *Deps, namespace, cluster, name string) (*poolOfCluster, error) {
	key, err := d.clusterKey(namespace, cluster)
	if err != nil {
		return nil, err
	}
	management, err := d.Management()
	if err != nil {
		return nil, err
	}
	found, err := management.Cluster(ctx, key)
	if err != nil {
		return nil, err
	}
	return &poolOfCluster{client: management, key: key, cluster: found, name: name}, nil
}

func (p *poolOfCluster) input(d *Deps, verb string, o poolOptions, edit kube.PoolEdit) phase.PoolInput {
	return phase.PoolInput{
		Client: p.client, Cluster: p.key, Edit: edit, Wait: o.wait, Resume: d.commandLine(),
		Follow: d.typed() + " describe cluster " + p.key.Name + " -n " + p.key.Namespace,
		Holder: holder(verb + " nodepool " + p.key.Name + " " + p.name),
	}
}

// variables puts what a type of machine, or the pool's name and zone, mean in the cluster's cloud under what was typed
// as variables.
func (p *poolOfCluster) variables(d *Deps, edit kube.PoolEdit, machineType string, typed []string) (map[string]any, error) {
	infrastructure := p.cluster.Labels[render.LabelInfrastructure]
	shaper, shapes := d.provider(infrastructure).(providers.PoolShaper)
	values := map[string]any{}
	var findings uerr.Findings
	switch {
	case shapes:
		ask, err := p.ask(edit, machineType)
		if err != nil {
			return nil, err
		}
		values, findings = shaper.PoolVariables(ask)
		if values == nil {
			values = map[string]any{}
		}
	case machineType != "":
		findings = append(findings, uerr.Finding{
			Where: "--machine-type", Problem: strings.TrimSpace("no types of machine are known of infrastructure " + infrastructure),
			Next: "--variable NAME=JSON with the variable of the cluster's class that is about workers",
		})
	}
	for _, text := range typed {
		name, value, wrong := parseVariable(text)
		if wrong != nil {
			findings = append(findings, *wrong)
			continue
		}
		values[name] = overlay(values[name], value)
	}
	return values, findings.Err()
}

func (p *poolOfCluster) ask(edit kube.PoolEdit, machineType string) (providers.PoolAsk, error) {
	ask := providers.PoolAsk{Name: p.name, Class: edit.Class, MachineType: machineType, Zone: edit.Zone, Current: map[string]any{}}
	if ask.Class == "" {
		ask.Class = kube.WorkerClass
	}
	if pool, err := kube.FindPool(p.cluster, p.name); err == nil {
		ask.Exists, ask.Class = true, pool.Class
	}
	for _, v := range p.cluster.Spec.Topology.Variables {
		var value any
		if err := json.Unmarshal(v.Value.Raw, &value); err != nil {
			return ask, fmt.Errorf("cluster %s: variable %s: %w", p.cluster.Name, v.Name, err)
		}
		ask.Current[v.Name] = value
	}
	return ask, nil
}

// parseVariable reads NAME=JSON.
func parseVariable(text string) (string, any, *uerr.Finding) {
	name, raw, found := strings.Cut(text, "=")
	wrong := &uerr.Finding{Where: "--variable", Problem: fmt.Sprintf("%q is not NAME=JSON", text), Next: `--variable 'worker={"numCPUs": 4}'`}
	if !found || name == "" {
		return "", nil, wrong
	}
	var value any
	if err := json.Unmarshal([]byte(raw), &value); err != nil {
		wrong.Problem = fmt.Sprintf("variable %s: %s is not JSON: %v", name, raw, err)
		return "", nil, wrong
	}
	return name, value, nil
}

// overlay puts the fields of one JSON object over those of another; anything else it replaces.
func overlay(under, over any) any {
	a, isObject := under.(map[string]any)
	b, areObjects := over.(map[string]any)
	if !isObject || !areObjects {
		return over
	}
	for name, value := range b {
		a[name] = overlay(a[name], value)
	}
	return a
}
