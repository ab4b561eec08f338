package cli

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/capictl"
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/planectl"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type initOptions struct {
	infrastructure, name, plan, bundle string
	local                              bool
	timeout                            time.Duration
}

func newInit(d *Deps) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a management cluster",
		Long: "Make a management cluster: check the infrastructure, start the management plane on this machine, install Cluster API\n" +
			"and the infrastructure's controllers in it, and make it the current management cluster.\n\n" +
			"Typed again it goes on from what is there. Another infrastructure is added to those that the management cluster has.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), d, o) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.infrastructure, "infrastructure", "i", "", "infrastructure of the clusters: "+strings.Join(d.providerNames(""), ", "))
	flags.BoolVar(&o.local, "local", false, "keep the management cluster on this machine")
	flags.StringVar(&o.name, "name", "", "name of the management cluster (default that of the one on this machine, else tkg-mgmt)")
	flags.StringVarP(&o.plan, "plan", "p", "dev", "plan of the management cluster: dev or prod; a local one has no machines to plan")
	flags.StringVar(&o.bundle, "bundle", "", "folder with the provider artifacts, for machines without internet")
	flags.StringVar(&d.global.config, "file", "", "the same as --config, as TKG 1.3 spelled it")
	bindTimeout(flags, &o.timeout)
	ignoreInitFlags(flags)
	completeFlag(cmd, "infrastructure", d.providerNames)
	completeFlag(cmd, "plan", d.planNames)
	return cmd
}

// ignoreInitFlags accepts what TKG's init had and a management cluster on this machine has no use for.
func ignoreInitFlags(flags *pflag.FlagSet) {
	for _, name := range []string{"size", "controlplane-size", "worker-size", "vsphere-controlplane-endpoint", "vsphere-controlplane-endpoint-ip", "cni"} {
		ignoreFlag(flags, name, "", "a local management cluster has no machines")
	}
	ignoreSwitch(flags, "yes", "y", "init asks nothing")
	ignoreFlag(flags, "ceip-participation", "", "nothing is sent anywhere")
	ignoreSwitch(flags, "deploy-tkg-on-vSphere7", "", "there is nothing to ask about vSphere 7")
	ignoreSwitch(flags, "enable-tkgs-on-vSphere7", "", "there is nothing to ask about vSphere 7")
	ignoreSwitch(flags, "ui", "u", "there is no web page; the flags and config.yaml say all that it asked")
	ignoreFlag(flags, "bind", "b", "there is no web page")
	ignoreFlag(flags, "browser", "", "there is no web page")
	ignoreSwitch(flags, "use-existing-bootstrap-cluster", "e", "no bootstrap cluster is needed")
	ignoreFlag(flags, "tmc-registration-url", "", "there is nothing to register with")
	ignoreFlag(flags, "target-namespace", "", "each provider has its own namespace")
	ignoreFlag(flags, "feature-flags", "", "there are none")
}

func runInit(ctx context.Context, d *Deps, o initOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if !o.local {
		return uerr.Findings{{
			Where: "init", Problem: "a management cluster on machines of the infrastructure is not built yet; this release keeps it on this machine",
			Next: d.commandLine() + " --local",
		}}
	}
	cfg, provider, err := d.cloud(o.infrastructure)
	if err != nil {
		return err
	}
	plane := d.planeIn(d.home())
	if o.name == "" {
		there, err := plane.Status()
		if err != nil {
			return err
		}
		o.name = cmp.Or(there.Name, "tkg-mgmt")
	}
	d.trail.management = o.name
	request := providers.Request{Config: cfg, Name: o.name, Namespace: "tkg-system", Plan: o.plan}
	values, err := provider.Values(ctx, request)
	if err != nil {
		return err
	}
	plane.Name = o.name
	kubeconfig := filepath.Join(plane.Dir, "admin.kubeconfig")
	op := phase.Init(phase.InitInput{
		Name: o.name,
		Preflight: func(ctx context.Context) (uerr.Findings, error) {
			findings, err := provider.Preflight(ctx, request)
			d.View.Findings(findings.Warnings())
			return findings, err
		},
		Plane: localPlane{plane},
		Installer: capictl.Installer{Env: d.Environ, Request: capictl.Request{
			Kubeconfig: kubeconfig, Infrastructure: provider.Name(), Repository: d.repository(), Bundle: o.bundle,
			Version: values.Controller.Version, Variables: values.Controller.Variables,
		}},
		Registry: registry{d: d, region: config.Region{
			Name: o.name, Context: kube.ContextName(o.name), File: kubeconfig, Status: statusSuccess, IsCurrent: true,
		}},
		Kubeconfig: kube.KubeconfigPath(d.Environ),
		Admin:      func() ([]byte, error) { return os.ReadFile(kubeconfig) },
		Resume:     d.commandLine(),
	})
	if err := d.operate(ctx, "Making management cluster "+o.name, op); err != nil {
		return err
	}
	d.View.Info("Context set for management cluster %s as '%s'.", o.name, kube.ContextName(o.name))
	d.View.Info("Management cluster created! Create a cluster with: %s create cluster NAME -p dev", d.typed())
	return nil
}

// localPlane is the plane as the phases of init see it.
type localPlane struct{ plane planectl.Plane }

// Ready says whether the plane runs and answers.
func (p localPlane) Ready(context.Context) (bool, error) {
	state, err := p.plane.Status()
	return state.Running && state.Ready, err
}

// Start brings it up.
func (p localPlane) Start(ctx context.Context, _ func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, planeTimeout)
	defer cancel()
	_, err := p.plane.Start(ctx)
	return err
}

// registry is the list of management clusters in config.yaml.
type registry struct {
	d      *Deps
	region config.Region
}

// Registered says whether the entry is there and current.
func (r registry) Registered() (bool, error) {
	cfg, err := r.d.ensuredConfiguration()
	if err != nil {
		return false, err
	}
	for _, known := range cfg.Regions() {
		if known == r.region {
			return true, nil
		}
	}
	return false, nil
}

// Register enters it.
func (r registry) Register() error {
	return r.d.editConfig(context.Background(), func(doc *config.Document) error { return doc.SetRegion(r.region) })
}
