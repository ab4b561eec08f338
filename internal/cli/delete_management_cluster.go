package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
)

type deleteManagementOptions struct {
	yes, force bool
	timeout    time.Duration
}

func newDeleteManagementCluster(d *Deps) *cobra.Command {
	var o deleteManagementOptions
	cmd := &cobra.Command{
		Use:     "management-cluster NAME",
		Aliases: managementAliases(),
		Short:   "Delete a management cluster of this machine, or forget a registered one",
		Long: "Delete a management cluster of this machine, or forget a registered one.\n\n" +
			"A management cluster that still has workload clusters is refused: delete them first. --force deletes it all the\n" +
			"same; the workload clusters and their machines then go on without anybody who manages them.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDeleteManagementCluster(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	flags.BoolVarP(&o.force, "force", "f", false, "even with workload clusters, which are then managed by nobody")
	bindTimeout(flags, &o.timeout)
	ignoreSwitch(flags, "use-existing-cleanup-cluster", "e", "no cluster is needed to clean up")
	completeFirst(cmd, d.regionNames)
	return cmd
}

func runDeleteManagementCluster(ctx context.Context, d *Deps, name string, o deleteManagementOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	d.trail.management = name
	cfg, err := d.ensuredConfiguration()
	if err != nil {
		return err
	}
	region, err := findRegion(cfg, d.InvokedAs, name, "")
	if err != nil {
		return err
	}
	if !d.ofThisMachine(region) {
		return d.forgetManagementCluster(ctx, region, o.yes)
	}
	question := fmt.Sprintf("Delete management cluster %s and everything it holds?", name)
	if err := d.confirm(ctx, question, o.yes); err != nil {
		return err
	}
	if err := d.refuseWithClusters(ctx, region, o.force); err != nil {
		return err
	}
	// What finds the plane again goes last, so that a command that was killed can be typed again.
	if _, err := d.planeIn(d.home()).Stop(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(d.planeDir()); err != nil {
		return err
	}
	if err := kube.RemoveContext(kube.KubeconfigPath(d.Environ), region.Context); err != nil {
		return err
	}
	if err := d.removeRegion(ctx, name); err != nil {
		return err
	}
	d.View.Info("Management cluster %s is deleted.", name)
	return nil
}

// planeDir is where the plane of this machine keeps its data; planeExists says whether there is one.
func (d *Deps) planeDir() string { return filepath.Join(d.home(), "plane") }

func (d *Deps) planeExists() bool {
	_, err := os.Stat(d.planeDir())
	return err == nil
}

// ofThisMachine says whether a registered management cluster is the plane in Slipway's home.
func (d *Deps) ofThisMachine(region config.Region) bool {
	dir, err := filepath.Abs(d.planeDir())
	return err == nil && strings.HasPrefix(region.File, dir+string(filepath.Separator))
}

// forgetManagementCluster takes one that Slipway did not make off the list.
func (d *Deps) forgetManagementCluster(ctx context.Context, region config.Region, yes bool) error {
	question := fmt.Sprintf("Forget management cluster %s? The cluster itself is not touched.", region.Name)
	if err := d.confirm(ctx, question, yes); err != nil {
		return err
	}
	if err := d.removeRegion(ctx, region.Name); err != nil {
		return err
	}
	d.View.Info("Management cluster %s is forgotten. It was not made on this machine, and goes on as it is.", region.Name)
	return nil
}

func (d *Deps) removeRegion(ctx context.Context, name string) error {
	return d.editConfig(ctx, func(doc *config.Document) error { return doc.RemoveRegion(name) })
}

// refuseWithClusters protects workload clusters from losing who manages them. A plane that does not run cannot be
// asked, and may have some.
func (d *Deps) refuseWithClusters(ctx context.Context, region config.Region, force bool) error {
	if force || !d.planeExists() {
		return nil
	}
	state, err := d.planeIn(d.home()).Status()
	if err != nil {
		return err
	}
	if !state.Running {
		return uerr.Findings{{
			Where: region.Name, Problem: "the management cluster is stopped, so its workload clusters cannot be counted",
			Next: d.InvokedAs + " management-cluster start; or --force",
		}}
	}
	client, err := kube.Connect(region.File, region.Context)
	if err != nil {
		return err
	}
	clusters, err := client.Summaries(ctx, "")
	if err != nil {
		return fmt.Errorf("count the workload clusters of %s (--force does not ask): %w", region.Name, err)
	}
	var findings uerr.Findings
	for _, c := range clusters {
		findings = append(findings, uerr.Finding{
			Where: region.Name, Problem: fmt.Sprintf("workload cluster %s/%s is still there (%s)", c.Namespace, c.Name, c.Status),
			Next: fmt.Sprintf("%s delete cluster %s -n %s --wait", d.InvokedAs, c.Name, c.Namespace),
		})
	}
	return findings.Err()
}
