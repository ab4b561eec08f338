package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-sh/slipway/internal/daemon"
	"github.com/slipway-sh/slipway/internal/simctl"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// simulatorStart is how long the simulator may take to come up; it takes about a second.
const simulatorStart = time.Minute

func newRehearse(d *Deps) *cobra.Command {
	var o tourOptions
	cmd := &cobra.Command{
		Use:   "rehearse [-- COMMAND ...]",
		Short: "Run a command, or a tour of all of them, against simulated clouds",
		Long: "Run a command against simulated clouds: everything is real, the controllers included, but the cloud.\n\n" +
			"The rehearsal has a management plane, a kubeconfig and a home of its own; nothing of yours is touched. What your\n" +
			"configuration names in a cloud is there in the simulated one. The plane and the simulator keep running for the next\n" +
			"command, until rehearse stop.\n\n" +
			"Without a command it shows the whole life of a cluster: init, create, describe, scale, delete; with -f that of the\n" +
			"clusters of a file: init, diff, apply, delete.\n\n" +
			"--delay, --fault and --boot-delay make the clouds slow or fail, from this command on until the rehearsal is stopped or\n" +
			"they are lifted. A method is one of the cloud's API, such as CloneVM_Task, RunInstances or\n" +
			"Microsoft.ContainerService/managedClusters/write.",
		Example: "  slipway rehearse -i vsphere\n  slipway rehearse -f fleet.yaml\n  slipway rehearse -- create cluster prod1 -p prod -w 5\n" +
			"  slipway rehearse --fault CloneVM_Task=3 --delay PowerOnVM_Task=30s -- create cluster dev1 -p dev\n  slipway rehearse stop",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 && len(args) > 0 {
				return uerr.Findings{{Where: args[0], Problem: "the command to rehearse comes after two dashes",
					Next: cmd.CommandPath() + " -- " + strings.Join(args, " ")}}
			}
			if slices.Contains(o.files, "-") {
				return uerr.Findings{{Where: "--filename", Problem: "the tour reads its files with each of its commands, and standard input is over after the first",
					Next: "write them to a file, and name that"}}
			}
			if len(args) == 0 {
				return runTour(cmd.Context(), d, o)
			}
			return runRehearse(cmd.Context(), d, o.trouble, args)
		},
	}
	cmd.Flags().StringArrayVarP(&o.files, "filename", "f", nil, "file or folder with clusters: to make a tour of; may be given several times")
	cmd.Flags().StringVarP(&o.infrastructure, "infrastructure", "i", defaultInfrastructure, "infrastructure of the tour")
	cmd.Flags().IntVarP(&o.controlPlane, "controlplane-machine-count", "c", 3, "control plane machines that the tour scales to")
	cmd.Flags().IntVarP(&o.workers, "worker-machine-count", "w", 4, "workers that the tour scales to")
	completeFlag(cmd, "infrastructure", d.providerNames)
	cmd.Flags().BoolVar(&o.keep, "keep", false, "leave the rehearsal running after the tour")
	o.trouble.bind(cmd)
	cmd.AddCommand(newRehearseStop(d), newRehearseStatus(d))
	return cmd
}

// rehearsal is the folder of a rehearsal and what is in it.
type rehearsal struct {
	dir string
	sim simctl.Simulator
}

func (d *Deps) rehearsal() (rehearsal, error) {
	dir, err := filepath.Abs(filepath.Join(d.home(), "rehearsal"))
	if err != nil {
		return rehearsal{}, err
	}
	return rehearsal{dir: dir, sim: simctl.Simulator{Dir: filepath.Join(dir, "sim")}}, nil
}

// inventory is the file that tells the simulator what its clouds hold.
func (r rehearsal) inventory() string { return filepath.Join(r.dir, "inventory.json") }

// home is the home of the rehearsed commands.
func (r rehearsal) home() string { return filepath.Join(r.dir, "home") }

// runRehearse replaces this process by the rehearsed command, so that signals and the exit code are its own.
func runRehearse(ctx context.Context, d *Deps, t trouble, args []string) error {
	env, err := startRehearsal(ctx, d, t)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, append([]string{d.InvokedAs}, args...), env)
}

// startRehearsal brings the simulator up, with what is to go wrong in it, and gives the environment of what is to run
// against it.
func startRehearsal(ctx context.Context, d *Deps, t trouble) ([]string, error) {
	orders, err := t.orders()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, simulatorStart)
	defer cancel()
	r, err := d.rehearsal()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.home(), 0o700); err != nil {
		return nil, err
	}
	if r.sim.Program, err = daemon.Program("slipway-sim", "SLIPWAY_SIM"); err != nil {
		return nil, err
	}
	if err := d.setScene(r); err != nil {
		return nil, err
	}
	r.sim.Args = []string{"--inventory", r.inventory()}
	state, err := r.sim.Start(ctx)
	if err != nil {
		return nil, err
	}
	for _, order := range orders {
		if err := order(ctx, state); err != nil {
			return nil, err
		}
	}
	return r.environ(state.Environ(d.Environ), d.repository()), nil
}

// environ points the rehearsed commands at the rehearsal's own files.
func (r rehearsal) environ(base []string, repository string) []string {
	var env []string
	for _, entry := range base {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case "SLIPWAY_HOME", "SLIPWAY_REPOSITORY", "TKG_CONFIG", "KUBECONFIG", rehearsing:
		default:
			env = append(env, entry)
		}
	}
	return append(env, rehearsing+"=1", "SLIPWAY_HOME="+r.home(), "SLIPWAY_REPOSITORY="+repository,
		"TKG_CONFIG="+filepath.Join(r.home(), "config.yaml"), "KUBECONFIG="+filepath.Join(r.dir, "kubeconfig"))
}

func newRehearseStop(d *Deps) *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "End the rehearsal's plane and simulator and forget everything in them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runRehearseStop(cmd.Context(), d) },
	}
}

func runRehearseStop(ctx context.Context, d *Deps) error {
	ctx, cancel := context.WithTimeout(ctx, simulatorStart)
	defer cancel()
	r, err := d.rehearsal()
	if err != nil {
		return err
	}
	_, planeErr := d.planeIn(r.home()).Stop(ctx)
	simErr := r.sim.Stop(ctx)
	return errors.Join(planeErr, simErr, os.RemoveAll(r.dir))
}

// sceneState is what rehearse status shows.
type sceneState struct {
	Running   bool              `json:"running"`
	Simulator simctl.State      `json:"simulator"`
	Machines  []simctl.Machine  `json:"machines"`
	Resources []simctl.Resource `json:"resources"`
	Refused   []string          `json:"refused"`
}

func newRehearseStatus(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what the simulated clouds hold, and which hosts were refused",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runRehearseStatus(cmd.Context(), d) },
	}
	bindOutput(cmd, d)
	return cmd
}

func runRehearseStatus(ctx context.Context, d *Deps) error {
	r, err := d.rehearsal()
	if err != nil {
		return err
	}
	var s sceneState
	if s.Simulator, err = r.sim.Status(); err != nil {
		return err
	}
	if s.Running = s.Simulator.Running(); s.Running {
		if s.Machines, err = s.Simulator.Machines(ctx); err != nil {
			return err
		}
		if s.Resources, err = s.Simulator.Resources(ctx); err != nil {
			return err
		}
		if s.Refused, err = s.Simulator.Refused(ctx); err != nil {
			return err
		}
	} else {
		d.View.Info("No rehearsal is running.")
	}
	result := view.Result{Columns: view.Columns("MACHINE", "POWER", "ADDRESS"), Data: s}
	for _, m := range s.Machines {
		result.Rows = append(result.Rows, []string{m.Name, m.Power, m.Address})
		result.Names = append(result.Names, "machine/"+m.Name)
	}
	for _, r := range s.Resources {
		d.View.Info("%s %s", r.Kind, r.Name)
	}
	for _, host := range s.Refused {
		d.View.Warn("a connection to %s was refused: the rehearsal has no internet", host)
	}
	return d.print(result)
}
