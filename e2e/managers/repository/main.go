// Command repository fills a clusterctl-style repository folder with Cluster API's providers, for machines without a
// registry at hand: the manager programs built from their Go modules, and the components made of the modules' own
// kustomize folders. It holds the list of providers and nothing about how Slipway uses them.
//
//	go run . -o FOLDER [capi capd capv capa capz aso]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "", "folder of the repository (required)")
	root := flag.String("managers", "..", "folder that holds the managers' modules")
	manifests := flag.Bool("manifests", false, "write the components and metadata only, and build no program")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, options{out: *out, root: *root, manifests: *manifests, groups: flag.Args()}); err != nil {
		log.Fatal(err)
	}
}

// options is the command line.
type options struct {
	out, root string
	manifests bool
	groups    []string // folders of the managers' modules; none means all
}

// run builds one provider after the other: go build uses every core by itself.
func run(ctx context.Context, o options) error {
	if o.out == "" {
		return errors.New("-o is missing: name the folder of the repository")
	}
	var err error
	if o.out, err = filepath.Abs(o.out); err != nil {
		return err
	}
	list := all()
	for _, group := range o.groups {
		if !slices.ContainsFunc(list, func(p provider) bool { return p.in([]string{group}) }) {
			return fmt.Errorf("no managers module %q", group)
		}
	}
	for _, p := range list {
		if len(o.groups) > 0 && !p.in(o.groups) {
			continue
		}
		if err := p.build(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", p.label, err)
		}
	}
	return nil
}

// in tells whether a program of the provider is in one of the groups.
func (p provider) in(groups []string) bool {
	return slices.ContainsFunc(p.programs(), func(prog program) bool { return slices.Contains(groups, prog.group) })
}
