package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/slipway-sh/slipway/plans"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

const (
	defaultPlan           = "dev"
	defaultInfrastructure = "vsphere"
)

// wantedCluster is a workload cluster as asked for, with the adapter that can provide it.
type wantedCluster struct {
	request        providers.Request
	infrastructure string
	provider       providers.Provider
	values         providers.Values // once it is resolved
}

// wantedCluster resolves what was asked for from all sources. Everything that is wrong with it is reported at once, and
// nothing has been contacted by then.
func (d *Deps) wantedCluster(name string, flags *clusterFlags) (*wantedCluster, error) {
	flags.read()
	values, names := flags.values, flags.names
	values["CLUSTER_NAME"], names["CLUSTER_NAME"] = name, "NAME"
	o := d.configOptions(values, names)
	if flags.configFile != "" {
		o.File = flags.configFile
	}
	return d.want(o, func(w *wantedCluster, plan plans.Plan) uerr.Findings {
		findings := d.strangers(flags.given(), w.infrastructure)
		if plan.Name == "" {
			return findings
		}
		return append(findings, plan.Check(w.request.Workers, w.request.Config.Origin("WORKER_MACHINE_COUNT").Where)...)
	})
}

// want makes a request of a configuration. check may add findings; the plan is empty when it is not known.
func (d *Deps) want(o config.Options, check func(*wantedCluster, plans.Plan) uerr.Findings) (*wantedCluster, error) {
	if version, ok := o.Flags["KUBERNETES_VERSION"]; ok {
		o.Flags["KUBERNETES_VERSION"] = versionOfRelease(version)
	}
	cfg, err := config.Load(o)
	if err != nil {
		return nil, err
	}
	planName, where := cfg.String("CLUSTER_PLAN"), cfg.Origin("CLUSTER_PLAN").Where
	if planName == "" {
		planName = defaultPlan
	}
	all, err := plans.Load(d.home())
	if err != nil {
		return nil, err
	}
	plan, planErr := plans.Find(all, planName, where)
	if planErr == nil {
		cfg = cfg.WithPlan(plan.Name, plan.Values())
	}
	r := &wantedCluster{infrastructure: infrastructureOf(cfg)}
	r.provider = d.provider(r.infrastructure)
	r.request, err = requestOf(cfg, o.Flags["CLUSTER_NAME"], plan.Name)
	d.trail.cluster = kube.Key{Namespace: r.request.Namespace, Name: r.request.Name}
	d.trail.knowSecrets(cfg)
	findings := cfg.Validate(r.infrastructure, config.UseCloud, config.UseCluster)
	if r.provider == nil {
		findings = append(findings, uerr.Finding{
			Where: "--infrastructure", Problem: fmt.Sprintf("this build has no infrastructure provider %q", r.infrastructure),
			Next: "one of " + strings.Join(d.providerNames(""), ", "),
		})
	}
	if planErr != nil {
		findings = append(findings, asFindings(planErr)...)
	}
	if err == nil {
		findings = append(findings, check(r, plan)...)
	}
	if refused := findings.Err(); refused != nil {
		return nil, refused
	}
	d.View.Findings(findings.Warnings())
	return r, err
}

func asFindings(err error) uerr.Findings {
	if findings, ok := err.(uerr.Findings); ok { //nolint:errorlint // plans.Find returns it bare
		return findings
	}
	return uerr.Findings{{Problem: err.Error()}}
}

// versionOfRelease takes a TKr name of TKG 1.3, v1.20.5---vmware.2-tkg.1, for the version it carries.
func versionOfRelease(name string) string { return strings.ReplaceAll(name, "---", "+") }

// infrastructureOf leaves out the version that TKG allowed behind a colon, as in vsphere:v0.7.1.
func infrastructureOf(cfg *config.Config) string {
	name, _, _ := strings.Cut(cfg.String("INFRASTRUCTURE_PROVIDER"), ":")
	if name == "" {
		return defaultInfrastructure
	}
	return name
}

func requestOf(cfg *config.Config, name, plan string) (providers.Request, error) {
	r := providers.Request{
		Config: cfg, Name: name, Namespace: cfg.String("NAMESPACE"), Plan: plan,
		KubernetesVersion: cfg.String("KUBERNETES_VERSION"),
	}
	var err error
	if r.ControlPlane, err = cfg.Int("CONTROL_PLANE_MACHINE_COUNT"); err != nil {
		return r, err
	}
	r.Workers, err = cfg.Int("WORKER_MACHINE_COUNT")
	return r, err
}

// continueFrom has a cluster that is there already keep its version and its image unless others are asked for: a
// creation that is typed again must neither upgrade it nor replace its machines.
func (w *wantedCluster) continueFrom(ctx context.Context, client *kube.Client) error {
	cluster, err := client.Cluster(ctx, kube.Key{Namespace: w.request.Namespace, Name: w.request.Name})
	if uerr.ExitCode(err) == uerr.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return w.keep(cluster)
}

// keep is continueFrom for a cluster that was read already.
func (w *wantedCluster) keep(cluster *clusterv1.Cluster) error {
	w.request.Current = map[string]any{}
	for _, v := range cluster.Spec.Topology.Variables {
		var value any
		if err := json.Unmarshal(v.Value.Raw, &value); err != nil {
			return fmt.Errorf("cluster %s: variable %s: %w", w.request.Name, v.Name, err)
		}
		w.request.Current[v.Name] = value
	}
	if w.request.KubernetesVersion == "" {
		w.request.KubernetesVersion = cluster.Spec.Topology.Version
	}
	return nil
}

// cloudWork is what creating or changing the cluster does in its cloud besides.
func (w *wantedCluster) cloudWork() phase.Cloud {
	made := w.request
	made.Current = w.values.Variables // what it is once it is there
	return phase.Cloud{
		Name: w.infrastructure, Before: w.values.Before,
		Remaining: func(ctx context.Context) ([]providers.Task, error) { return w.provider.Remaining(ctx, made) },
	}
}

// preflight asks the cloud whether it can provide what was asked for.
func (d *Deps) preflight(ctx context.Context, r *wantedCluster) error {
	findings, err := r.provider.Preflight(ctx, r.request)
	if err != nil {
		return err
	}
	if refused := findings.Err(); refused != nil {
		return refused
	}
	d.View.Findings(findings.Warnings())
	return nil
}

// resolve asks the cloud for what only it knows and makes the objects of the cluster.
func (d *Deps) resolve(ctx context.Context, r *wantedCluster) (*render.Objects, error) {
	values, err := r.provider.Values(ctx, r.request)
	if err != nil {
		return nil, err
	}
	objects, err := d.render(r, values)
	if err != nil {
		return nil, err
	}
	d.View.Findings(objects.Findings.Warnings())
	return objects, nil
}

// render makes the objects of what the cloud resolved.
func (d *Deps) render(r *wantedCluster, values providers.Values) (*render.Objects, error) {
	r.request.KubernetesVersion, r.values = values.KubernetesVersion, values
	return render.Cluster(render.Input{
		Request: r.request, Values: values, Infrastructure: r.infrastructure, Templates: templates.WithOverrides(os.DirFS(filepath.Join(d.home(), "templates"))),
		Addons: os.DirFS(filepath.Join(d.home(), "addons")),
	})
}

// operate runs an operation and shows how it goes.
func (d *Deps) operate(ctx context.Context, title string, op phase.Operation) error {
	progress := d.View.Progress(title)
	defer progress.Close()
	return phase.Run(ctx, stoppable{progress, func() bool { return errors.Is(ctx.Err(), context.Canceled) }}, op)
}

// stoppable shows the phase in which somebody pressed Ctrl-C as stopped: nothing has failed.
type stoppable struct {
	*view.Progress
	stopped func() bool
}

// Fail ends a phase that did not come to its end.
func (s stoppable) Fail(name string) {
	if s.stopped() {
		s.Stop(name)
	} else {
		s.Progress.Fail(name)
	}
}
