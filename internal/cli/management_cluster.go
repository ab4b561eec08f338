package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/slipway-sh/slipway/internal/planectl"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// planeTimeout is how long the plane may take to come up or to end.
const planeTimeout = 2 * time.Minute

// newManagementCluster holds what only an embedded management cluster, a plane, can do.
func newManagementCluster(d *Deps) *cobra.Command {
	cmd := newGroup("management-cluster", "Start, stop and look after the management cluster on this machine",
		newPlaneStart(d), newPlaneStop(d), newPlaneStatus(d), newPlaneLogs(d))
	cmd.Aliases = managementAliases()
	return cmd
}

func newPlaneStart(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Start the management cluster of this machine, with what it held when it stopped",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runPlaneStart(cmd.Context(), d) },
	}
	bindOutput(cmd, d)
	return cmd
}

func runPlaneStart(ctx context.Context, d *Deps) error {
	ctx, cancel := context.WithTimeout(ctx, planeTimeout)
	defer cancel()
	if err := d.requirePlane(); err != nil {
		return err
	}
	plane := d.planeIn(d.home())
	name, err := d.planeName()
	if err != nil {
		return err
	}
	plane.Name = name
	state, err := plane.Start(ctx)
	if err != nil {
		return err
	}
	d.View.Info("The management cluster runs at %s (pid %d).", state.Server, state.PID)
	if d.format == view.TableFormat {
		return nil
	}
	return d.print(planeResult(state))
}

// planeName is the name under which the plane of this machine was registered, which its kubeconfig has to keep.
func (d *Deps) planeName() (string, error) {
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return "", err
	}
	for _, region := range cfg.Regions() {
		if d.ofThisMachine(region) {
			return region.Name, nil
		}
	}
	return "", nil
}

func newPlaneStop(d *Deps) *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "Stop the management cluster of this machine; workload clusters go on, and nothing is lost",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runPlaneStop(cmd.Context(), d) },
	}
}

func runPlaneStop(ctx context.Context, d *Deps) error {
	ctx, cancel := context.WithTimeout(ctx, planeTimeout)
	defer cancel()
	pid, err := d.planeIn(d.home()).Stop(ctx)
	if err != nil {
		return err
	}
	if pid == 0 {
		d.View.Info("No management cluster runs on this machine.")
		return nil
	}
	d.View.Info("The management cluster is stopped. Start it again with: %s management-cluster start", d.typed())
	return nil
}

func newPlaneStatus(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show whether the management cluster of this machine runs, and its controllers",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return runPlaneStatus(d) },
	}
	bindOutput(cmd, d)
	return cmd
}

func runPlaneStatus(d *Deps) error {
	if err := d.requirePlane(); err != nil {
		return err
	}
	state, err := d.planeIn(d.home()).Status()
	if err != nil {
		return err
	}
	if !state.Running {
		d.View.Info("The management cluster is stopped. Start it with: %s management-cluster start", d.typed())
	}
	return d.print(planeResult(state))
}

// requirePlane refuses where no plane was ever made.
func (d *Deps) requirePlane() error {
	if d.planeExists() {
		return nil
	}
	return &uerr.Error{
		Code: uerr.NotFound, What: "there is no management cluster on this machine", Object: d.planeDir(),
		Next: d.InvokedAs + " init -i vsphere --local",
	}
}

func planeResult(s planectl.State) view.Result {
	r := view.Result{
		Columns: append(view.Columns("NAME", "STATUS", "PID", "RESTARTS", "MEMORY"), view.Column{Name: "ADDRESS", Wide: true}),
		Rows:    [][]string{{"management-cluster", planeStatus(s), pid(s.PID, s.Running), "", "", s.Server}},
		Names:   []string{"management-cluster/plane"},
		Data:    s,
	}
	for _, c := range s.Controllers {
		status := "starting"
		if c.Ready {
			status = "ready"
		}
		if !s.Running {
			status = "stopped"
		}
		r.Rows = append(r.Rows, []string{c.Name, status, pid(c.PID, s.Running), strconv.Itoa(c.Restarts), view.Size(c.RSSBytes), ""})
		r.Names = append(r.Names, "controller/"+c.Name)
	}
	return r
}

func planeStatus(s planectl.State) string {
	switch {
	case s.Ready && s.Running:
		return "ready"
	case s.Running:
		return "starting"
	}
	return "stopped"
}

func pid(n int, running bool) string {
	if !running || n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func newPlaneLogs(d *Deps) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs [CONTROLLER]",
		Short: "Print the log of the management cluster of this machine, or of one of its controllers",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			controller := ""
			if len(args) > 0 {
				controller = args[0]
			}
			return runPlaneLogs(cmd.Context(), d, controller, follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is written from now on")
	completeFirst(cmd, d.controllerNames)
	return cmd
}

func runPlaneLogs(ctx context.Context, d *Deps, controller string, follow bool) error {
	if err := d.requirePlane(); err != nil {
		return err
	}
	return d.planeIn(d.home()).Logs(ctx, d.Streams.Out, controller, follow)
}

func (d *Deps) controllerNames(string) []string {
	state, err := d.planeIn(d.home()).Status()
	if err != nil {
		return nil
	}
	var names []string
	for _, c := range state.Controllers {
		names = append(names, c.Name)
	}
	return names
}
