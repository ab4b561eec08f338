package cli

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
)

// renderedAtOnce is how many clusters' clouds are asked side by side.
const renderedAtOnce = 8

// nameOrFiles takes the name of a cluster, or files in its place.
func (o *fleetFlags) nameOrFiles(cmd *cobra.Command, args []string) error {
	if len(o.files) == 0 {
		return cobra.ExactArgs(1)(cmd, args)
	}
	return cobra.NoArgs(cmd, args)
}

// runConfigFleet prints the clusters of files as apply would make them anew. No management cluster is needed.
func runConfigFleet(ctx context.Context, d *Deps, o *fleetFlags, flags *clusterFlags) error {
	flags.read()
	if given := flags.given(); len(given) > 0 {
		return uerr.Findings{{Where: "--" + given[0].name, Problem: "a flag is about one cluster, and -f is about those of files", Next: "write it into the file"}}
	}
	f, loaded, err := d.readFleet(o)
	if err != nil {
		return err
	}
	var wanted []*fleet.Desired
	for _, e := range loaded.Entries() {
		desired, err := f.desired(e)
		if err != nil {
			return err
		}
		if f.input.Select == nil || f.input.Select(e.Name, e.Labels) {
			wanted = append(wanted, desired)
		}
	}
	if err := o.unmatched(len(wanted)); err != nil {
		return err
	}
	seen := map[string]bool{}
	for some := range slices.Chunk(wanted, renderedAtOnce) {
		objects, err := resolveAll(ctx, some)
		if err != nil {
			return err
		}
		for _, o := range objects {
			d.View.Findings(o.Findings.Warnings())
			if err := d.printOnce(o, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func resolveAll(ctx context.Context, wanted []*fleet.Desired) ([]*render.Objects, error) {
	objects, errs := make([]*render.Objects, len(wanted)), make([]error, len(wanted))
	var all sync.WaitGroup
	for i, w := range wanted {
		all.Go(func() {
			resolved, err := w.Resolve(ctx, nil)
			if errs[i] = err; err == nil {
				objects[i] = resolved.Objects
				maps.Copy(objects[i].Cluster.Labels, w.Labels)
			}
		})
	}
	all.Wait()
	return objects, errors.Join(errs...)
}

// printOnce leaves out what another cluster has printed: clusters share their class.
func (d *Deps) printOnce(o *render.Objects, seen map[string]bool) error {
	documents, err := o.Documents()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, document := range documents {
		if seen[string(document)] {
			continue
		}
		if len(seen) > 0 {
			b.WriteString(render.Separator)
		}
		seen[string(document)] = true
		b.Write(document)
	}
	_, err = d.Streams.Out.Write(b.Bytes())
	return err
}
