package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/plans"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// fleetFlags say which clusters diff and apply are about.
type fleetFlags struct {
	files  []string
	choose string // --select
}

func (o *fleetFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&o.files, "filename", "f", nil, "file with clusters:, folder of such files, or - for stdin; may be given several times (default config.yaml)")
	flags.StringVar(&o.choose, "select", "", "only the cluster of this NAME, or those with this LABEL=VALUE")
}

// selector is nil when every cluster is meant.
func (o *fleetFlags) selector() func(string, map[string]string) bool {
	label, value, isLabel := strings.Cut(o.choose, "=")
	switch {
	case o.choose == "":
		return nil
	case isLabel:
		return func(_ string, labels map[string]string) bool {
			have, ok := labels[label]
			return ok && have == value
		}
	}
	return func(name string, _ map[string]string) bool { return name == o.choose }
}

// unmatched refuses a selection that chose nothing, which is more often mistyped than meant.
func (o *fleetFlags) unmatched(chosen int) error {
	if o.choose == "" || chosen > 0 {
		return nil
	}
	return uerr.Findings{{
		Where: "--select", Problem: fmt.Sprintf("%q chooses none of the clusters", o.choose), Next: "the name of an entry, or LABEL=VALUE of its labels",
	}}
}

// fleetOf is what the files ask for.
type fleetOf struct {
	deps        *Deps
	regions     []config.Region
	current     string // name of the current management cluster
	managements map[string]*kube.Client
	input       fleet.Input
	hooks       []config.Hook
}

// loadFleet reads and checks the files. Everything that is wrong with them is reported at once, and nothing has been
// contacted by then.
func (d *Deps) loadFleet(o *fleetFlags) (*fleetOf, error) {
	f, loaded, err := d.readFleet(o)
	if err != nil {
		return nil, err
	}
	return f, f.add(loaded)
}

func (d *Deps) readFleet(o *fleetFlags) (*fleetOf, *config.Fleet, error) {
	f := &fleetOf{deps: d, managements: map[string]*kube.Client{}, input: fleet.Input{Select: o.selector()}}
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return nil, nil, err
	}
	f.regions = cfg.Regions()
	for _, r := range f.regions {
		if r.IsCurrent {
			f.current = r.Name
		}
	}
	options, err := d.fleetOptions(d.configOptions(nil, nil), o.files)
	if err != nil {
		return nil, nil, err
	}
	options.DefaultManagementCluster = f.current
	options.ManagementClusters = []string{} // that there is none is known too
	for _, r := range f.regions {
		options.ManagementClusters = append(options.ManagementClusters, r.Name)
	}
	loaded, err := config.LoadFleet(options)
	if err != nil {
		return nil, nil, err
	}
	findings := loaded.Validate()
	for _, e := range loaded.Entries() {
		if d.provider(e.Infrastructure) == nil {
			findings = append(findings, uerr.Finding{
				Where: e.Place.String(), Problem: fmt.Sprintf("this build has no infrastructure provider %q", e.Infrastructure),
				Next: "one of " + strings.Join(d.providerNames(""), ", "),
			})
		}
	}
	if refused := findings.Err(); refused != nil {
		return nil, nil, refused
	}
	d.View.Findings(findings.Warnings())
	f.hooks = loaded.Hooks()
	d.trail.secrets = append(d.trail.secrets, loaded.Secrets()...)
	return f, loaded, nil
}

// fleetOptions are for files that are read in the home of a configuration.
func (d *Deps) fleetOptions(of config.Options, files []string) (config.FleetOptions, error) {
	all, err := plans.Load(of.Home)
	return config.FleetOptions{
		Options: of, Paths: files, Stdin: d.Streams.In, Base: true, Plans: plans.ForFleet(all),
		DefaultPlan: defaultPlan, DefaultInfrastructure: defaultInfrastructure,
	}, err
}

// add turns the entries into clusters to compare with, and connects to their management clusters.
func (f *fleetOf) add(loaded *config.Fleet) error {
	for _, family := range loaded.Families() {
		if family.Named {
			f.input.Families = append(f.input.Families, family.Name)
		}
	}
	names := []string{f.current}
	for _, e := range loaded.Entries() {
		desired, err := f.desired(e)
		if err != nil {
			return err
		}
		f.input.Desired = append(f.input.Desired, desired)
		names = append(names, e.ManagementCluster)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		client, err := f.connect(name)
		if err != nil {
			return err
		}
		f.input.Managements = append(f.input.Managements, fleet.Management{Name: name, Client: client})
	}
	return nil
}

func (f *fleetOf) connect(name string) (*kube.Client, error) {
	if name == f.current {
		return f.deps.Management()
	}
	i := slices.IndexFunc(f.regions, func(r config.Region) bool { return r.Name == name })
	if i < 0 {
		return nil, &uerr.Error{Code: uerr.NotFound, What: "no such management cluster", Object: name, Next: "slipway get management-cluster"}
	}
	return kube.Connect(f.regions[i].File, f.regions[i].Context)
}

// desired is one entry on its way to what create cluster makes of the same settings.
func (f *fleetOf) desired(e *config.Entry) (*fleet.Desired, error) {
	d, cfg := f.deps, e.Config()
	request, err := requestOf(cfg, e.Name, e.Plan)
	if err != nil {
		return nil, err
	}
	fresh := func(live *clusterv1.Cluster) (*wantedCluster, error) {
		w := &wantedCluster{request: request, infrastructure: e.Infrastructure, provider: d.provider(e.Infrastructure)}
		if live == nil {
			return w, nil
		}
		return w, w.keep(live)
	}
	kind := e.Infrastructure
	if asked := cfg.String("CLUSTER_TYPE"); asked != "" {
		kind += " (" + asked + ")"
	}
	out := &fleet.Desired{
		Management: e.ManagementCluster, Key: kube.Key{Namespace: e.Namespace, Name: e.Name}, Where: e.Place.String(),
		Infrastructure: e.Infrastructure, Family: e.Family.Name, Labels: e.Labels, Protect: e.Protect, Asked: e.Fingerprint(), Secrets: e.Secrets,
		Version: request.KubernetesVersion, Size: fmt.Sprintf("plan %s on %s, %s", e.Plan, kind, workersText(request.Workers)), Limits: d.limitsOf(e),
		Preflight: func(ctx context.Context, live *clusterv1.Cluster) (uerr.Findings, error) {
			w, err := fresh(live)
			if err != nil {
				return nil, err
			}
			return w.provider.Preflight(ctx, w.request)
		},
		Resolve: func(ctx context.Context, live *clusterv1.Cluster) (*fleet.Resolved, error) {
			w, err := fresh(live)
			if err != nil {
				return nil, err
			}
			objects, err := d.resolveEntry(ctx, w, e)
			if err != nil {
				return nil, err
			}
			out := &fleet.Resolved{Objects: objects, Cloud: w.cloudWork()}
			if fixer, ok := w.provider.(providers.Fixer); ok {
				out.Fixed = fixer.Fixed(w.values.Class)
			}
			return out, nil
		},
	}
	return out, nil
}

func workersText(n int) string {
	if n == 1 {
		return "1 worker"
	}
	return fmt.Sprintf("%d workers", n)
}

// limitsOf is what a cluster shares with others of the same cloud.
func (d *Deps) limitsOf(e *config.Entry) providers.Limits {
	var out providers.Limits
	if l, ok := d.provider(e.Infrastructure).(providers.Limited); ok {
		out = l.Limits(e.Config())
	}
	out.Cloud = e.Infrastructure + " " + out.Cloud
	return out
}
