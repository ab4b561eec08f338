package cli

import (
	"context"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// managementNamespace is where TKG kept management clusters, and where runbooks look for them.
const managementNamespace = "tkg-system"

const managementRole = "management"

type getClustersOptions struct {
	namespace         string
	includeManagement bool
}

func newGetClusters(d *Deps) *cobra.Command {
	var o getClustersOptions
	cmd := &cobra.Command{
		Use:     "clusters",
		Aliases: []string{"cluster"},
		Short:   "List the workload clusters",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runGetClusters(cmd.Context(), d, o) },
	}
	cmd.Flags().StringVarP(&o.namespace, "namespace", "n", "", "only clusters of this namespace (default all)")
	cmd.Flags().BoolVar(&o.includeManagement, "include-management-cluster", false, "list the management cluster too")
	bindOutput(cmd, d)
	return cmd
}

func runGetClusters(ctx context.Context, d *Deps, o getClustersOptions) error {
	region, err := d.currentRegion()
	if err != nil {
		return err
	}
	client, err := kube.Connect(region.File, region.Context)
	if err != nil {
		return err
	}
	all, err := client.Summaries(ctx, o.namespace)
	if err != nil {
		return err
	}
	shown := []kube.ClusterSummary{}
	managementListed := false
	for _, c := range all {
		isManagement := c.Name == region.Name || hasRole(c, managementRole)
		managementListed = managementListed || isManagement
		if !isManagement || o.includeManagement {
			shown = append(shown, c)
		}
	}
	if o.includeManagement && !managementListed && (o.namespace == "" || o.namespace == managementNamespace) {
		version, err := client.Ping(ctx)
		if err != nil {
			return err
		}
		shown = append(shown, planeSummary(region.Name, version))
	}
	return d.print(clusterResult(shown, d.Now()))
}

// planeSummary is the line of a management cluster that is no object of Cluster API, as a plane is not: one control
// plane that answers, and no workers.
func planeSummary(name, version string) kube.ClusterSummary {
	return kube.ClusterSummary{
		Name: name, Namespace: managementNamespace, Status: kube.Running, ControlPlane: "1/1", Workers: "0/0",
		Kubernetes: version, Roles: []string{managementRole},
	}
}

func hasRole(c kube.ClusterSummary, role string) bool {
	for _, r := range c.Roles {
		if r == role {
			return true
		}
	}
	return false
}

func clusterResult(clusters []kube.ClusterSummary, now time.Time) view.Result {
	r := view.Result{
		Columns: append(view.Columns("NAME", "NAMESPACE", "STATUS", "CONTROLPLANE", "WORKERS", "KUBERNETES", "ROLES"),
			view.Column{Name: "PLAN", Wide: true}, view.Column{Name: "AGE", Wide: true}),
		Data: clusters,
	}
	for _, c := range clusters {
		r.Rows = append(r.Rows, []string{
			c.Name, c.Namespace, string(c.Status), c.ControlPlane, c.Workers, c.Kubernetes,
			none(strings.Join(c.Roles, ",")), none(c.Plan), age(c.Created, now),
		})
		r.Names = append(r.Names, "cluster.cluster.x-k8s.io/"+c.Name)
	}
	return r
}

// none is TKG's and kubectl's word for an empty cell.
func none(text string) string {
	if text == "" {
		return "<none>"
	}
	return text
}

// age is how kubectl tells how old something is: its largest unit, or two of them where it matters.
func age(since, now time.Time) string {
	if since.IsZero() {
		return "<unknown>"
	}
	return view.Age(now.Sub(since))
}
