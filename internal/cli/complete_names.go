package cli

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/plans"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
)

// completionPatience is how long a shell may wait for names from the management cluster.
const completionPatience = 2 * time.Second

// regionNames are the registered management clusters.
func (d *Deps) regionNames(string) []string {
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return nil
	}
	var names []string
	for _, r := range cfg.Regions() {
		names = append(names, r.Name)
	}
	return names
}

// planNames are the built-in plans and those of the user's home.
func (d *Deps) planNames(string) []string {
	all, _ := plans.Load(d.home()) // those that can be read
	return slices.Sorted(maps.Keys(all))
}

// providerNames are the infrastructures of this build.
func (d *Deps) providerNames(string) []string {
	var names []string
	for _, p := range d.Providers {
		names = append(names, p.Name())
	}
	return names
}

// clusterNames asks the management cluster. A shell gets no words when it does not answer at once.
func (d *Deps) clusterNames(string) []string {
	client, err := d.Management()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
	defer cancel()
	clusters, err := client.Summaries(ctx, "")
	if err != nil {
		return nil
	}
	var names []string
	for _, c := range clusters {
		names = append(names, c.Name)
	}
	return names
}

// poolNames asks for the pools of workers of a cluster in the namespace of -n.
func (d *Deps) poolNames(cmd *cobra.Command, cluster string) []string {
	key, err := d.clusterKey(cmd.Flag("namespace").Value.String(), cluster)
	if err != nil {
		return nil
	}
	management, err := d.Management()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
	defer cancel()
	found, err := management.Cluster(ctx, key)
	if err != nil {
		return nil
	}
	var names []string
	for _, pool := range kube.Pools(found) {
		names = append(names, pool.Name)
	}
	return names
}

// kubernetesVersions asks the configured infrastructure which versions it carries.
func (d *Deps) kubernetesVersions(string) []string {
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return nil
	}
	lister, ok := d.provider(infrastructureOf(cfg)).(VersionLister)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
	defer cancel()
	versions, err := lister.KubernetesVersions(ctx, providers.Request{Config: cfg})
	if err != nil {
		return nil
	}
	return versions
}
