package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

type createOptions struct {
	clusterFlags
	dryRun, wait bool
	manifest     string
	timeout      time.Duration
}

func newCreateCluster(d *Deps) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:   "cluster NAME",
		Short: "Create a cluster and wait until it is ready",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCreateCluster(cmd.Context(), d, args[0], o)
		},
	}
	o.bind(cmd, d)
	flags := cmd.Flags()
	flags.BoolVarP(&o.dryRun, "dry-run", "d", false, "show what would be created and touch nothing")
	flags.BoolVar(&o.wait, "wait", true, "wait until the cluster is ready; with --wait=false until it can become so by itself")
	flags.StringVar(&o.manifest, "manifest", "", "apply what config cluster printed into this file, edited or not; - is stdin")
	bindTimeout(flags, &o.timeout)
	ignoreSwitch(flags, "yes", "y", "create asks nothing")
	bindOutput(cmd, d)
	return cmd
}

func runCreateCluster(ctx context.Context, d *Deps, name string, o createOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	w, err := d.wantedCluster(name, &o.clusterFlags)
	if err != nil {
		return err
	}
	client, err := d.Management()
	if err != nil && !o.dryRun {
		return err
	}
	if client != nil {
		if err := w.continueFrom(ctx, client); err != nil {
			return err
		}
	}
	if err := d.preflight(ctx, w); err != nil {
		return err
	}
	objects, err := d.resolve(ctx, w)
	if err != nil {
		return err
	}
	if o.manifest != "" {
		if objects, err = d.readManifest(o.manifest, name, objects); err != nil {
			return err
		}
	}
	op := phase.Create(phase.CreateInput{
		Client: client, Objects: objects, Cloud: w.cloudWork(), Holder: holder("create cluster " + name), NoWait: !o.wait,
		Resume: d.commandLine(),
	})
	if o.dryRun {
		return d.printPlan(ctx, client, op, objects)
	}
	machines := fmt.Sprintf("%d + %d machines", w.request.ControlPlane, w.request.Workers)
	if objects.Cluster.Spec.Topology.ControlPlane.Replicas == nil { // the cloud runs it
		machines = workersText(w.request.Workers)
	}
	title := fmt.Sprintf("Creating cluster %s: plan %s, %s, %s", name, w.request.Plan, w.request.KubernetesVersion, machines)
	if err := d.operate(ctx, title, op); err != nil {
		return err
	}
	if !o.wait {
		d.View.Info("Cluster %s is being created; follow it with: %s describe cluster %s", name, d.typed(), name)
		d.sayRemaining(ctx, w)
		return nil
	}
	d.View.Info("Cluster %s is ready; get its kubeconfig with: %s get credentials %s", name, d.typed(), name)
	return nil
}

// sayRemaining tells what nobody will do in the cloud once the control plane is up, now that this command does not wait.
// An adapter that cannot tell yet has something to do.
func (d *Deps) sayRemaining(ctx context.Context, w *wantedCluster) {
	tasks, err := w.provider.Remaining(ctx, w.request)
	if err == nil && len(tasks) == 0 {
		return
	}
	d.View.Warn("Something is left to do in %s once the control plane is up; the same command without --wait=false does it", w.infrastructure)
	for _, task := range tasks {
		d.View.Info("left to do: %s", task.What)
	}
}

// yamler is what can be printed as a manifest.
type yamler interface{ YAML() ([]byte, error) }

// printPlan previews a creation: as the manifest, or in other formats as the list of changes. Without a management
// cluster there is nothing to compare with, and everything would be created.
func (d *Deps) printPlan(ctx context.Context, client *kube.Client, op phase.Operation, objects yamler) error {
	if d.format == view.TableFormat || client == nil {
		manifest, err := objects.YAML()
		if err != nil {
			return err
		}
		_, err = d.Streams.Out.Write(manifest)
		return err
	}
	changes, err := phase.Plan(ctx, op)
	if err != nil {
		return err
	}
	r := view.Result{Columns: view.Columns("OBJECT", "FIELD", "FROM", "TO"), Data: changes}
	for _, c := range changes {
		r.Rows = append(r.Rows, []string{c.Object, c.Field, c.From, c.To})
		r.Names = append(r.Names, c.Object)
	}
	return d.print(r)
}
