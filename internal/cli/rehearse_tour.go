package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const tourCluster = "demo"

type tourOptions struct {
	files                 []string // of a fleet, whose life is shown in place of one cluster's
	infrastructure        string
	controlPlane, workers int // what the cluster is scaled to
	keep                  bool
	trouble               trouble
}

// guide is an adapter whose clusters have more to show than machines that become more.
type guide interface {
	// RehearsalTour is what to add to the command that creates the cluster, and what to type from then on until its
	// deletion, the last size being that many workers.
	RehearsalTour(cluster string, workers int) (create []string, then [][]string)
}

// tour is the whole life of a cluster, as the commands that a person would type.
func (d *Deps) tour(o tourOptions) [][]string {
	infrastructure := o.infrastructure
	create := []string{"create", "cluster", tourCluster, "-i", infrastructure, "-p", "dev", "-w", "2"}
	life := [][]string{{"scale", "cluster", tourCluster, "-c", strconv.Itoa(o.controlPlane), "-w", strconv.Itoa(o.workers), "--wait"}}
	if g, ok := d.provider(infrastructure).(guide); ok {
		more, own := g.RehearsalTour(tourCluster, o.workers)
		create, life = append(create, more...), own
	}
	var steps [][]string
	if _, ok := d.provider(infrastructure).(PermissionKeeper); ok {
		steps = append(steps, []string{"config", "permissions", infrastructure})
	}
	return slices.Concat(steps, [][]string{
		{"init", "-i", infrastructure, "--local", "--name", "rehearsal"},
		create,
		{"get", "clusters"},
		{"describe", "cluster", tourCluster},
		{"get", "credentials", tourCluster},
	}, life, [][]string{
		{"get", "clusters"},
		{"delete", "cluster", tourCluster, "--yes", "--wait"},
		{"get", "clusters"},
		{"leftovers", tourCluster, "-i", infrastructure},
	})
}

func runTour(ctx context.Context, d *Deps, o tourOptions) (err error) {
	if _, ok := d.provider(o.infrastructure).(rehearsable); !ok && len(o.files) == 0 {
		return uerr.Findings{{Where: "--infrastructure", Problem: "there is no rehearsal of " + o.infrastructure, Next: "-i " + d.providerNames("")[0]}}
	}
	env, err := startRehearsal(ctx, d, o.trouble)
	if err != nil {
		return err
	}
	if !o.keep {
		defer func() {
			if stopErr := runRehearseStop(context.WithoutCancel(ctx), d); err == nil {
				err = stopErr
			}
		}()
	}
	steps, err := d.steps(o)
	if err != nil {
		return err
	}
	for _, step := range steps {
		d.View.Info("\n$ %s %s", d.InvokedAs, strings.Join(step, " "))
		if err := d.runStep(ctx, env, step); err != nil {
			return err
		}
	}
	return d.nothingLeft(ctx)
}

// steps are the tour of what was asked for.
func (d *Deps) steps(o tourOptions) ([][]string, error) {
	if len(o.files) == 0 {
		return d.tour(o), nil
	}
	r, err := d.rehearsal()
	if err != nil {
		return nil, err
	}
	return d.fleetTour(r, o.files)
}

// runStep runs one command of the tour as a process of its own, as a person's would be.
func (d *Deps) runStep(ctx context.Context, env, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, d.Streams.In, d.Streams.Out, d.Streams.Err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	err = cmd.Run()
	if args[0] == "diff" && cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == int(changesCode) {
		return nil
	}
	if err != nil {
		return &uerr.Error{
			What: "the rehearsal stopped", Object: strings.Join(args, " "), Cause: err,
			Next: fmt.Sprintf("%s rehearse --keep leaves everything as it is, to be looked at", d.InvokedAs),
		}
	}
	return nil
}

// nothingLeft asks the simulated clouds themselves whether a machine, or anything else that was made, is still there.
func (d *Deps) nothingLeft(ctx context.Context) error {
	r, err := d.rehearsal()
	if err != nil {
		return err
	}
	state, err := r.sim.Status()
	if err != nil {
		return err
	}
	machines, err := state.Machines(ctx)
	if err != nil {
		return err
	}
	resources, err := state.Resources(ctx)
	if err != nil {
		return err
	}
	var left []string
	for _, m := range machines {
		left = append(left, "machine "+m.Name)
	}
	for _, r := range resources {
		left = append(left, r.Kind+" "+r.Name)
	}
	if len(left) > 0 {
		return &uerr.Error{What: "something is left in the simulated cloud", Object: strings.Join(left, ", ")}
	}
	d.View.Info("\nThe simulated cloud holds no machine any more.")
	return nil
}
