package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// configuration reads every source of values. flags holds variable -> value for the flags that were given, names
// variable -> "--flag" for all flags that stand for a variable; both may be nil.
func (d *Deps) configuration(flags, names map[string]string) (*config.Config, error) {
	cfg, err := config.Load(d.configOptions(flags, names))
	if cfg != nil {
		d.trail.knowSecrets(cfg)
	}
	return cfg, err
}

func (d *Deps) configOptions(flags, names map[string]string) config.Options {
	file := d.global.config
	if file == "" && d.global.configDir != "" {
		file = filepath.Join(d.global.configDir, "config.yaml")
	}
	return config.Options{
		File: file, Home: d.home(), InvokedAs: d.InvokedAs, Tables: d.Tables(),
		Flags: flags, FlagNames: names, Environ: d.Environ,
	}
}

// ensuredConfiguration is configuration for the commands that make the file when there is none, as runbooks expect.
func (d *Deps) ensuredConfiguration() (*config.Config, error) {
	if err := config.EnsureFile(config.FindFile(d.configOptions(nil, nil))); err != nil {
		return nil, err
	}
	return d.configuration(nil, nil)
}

// Management connects to the management cluster: --kubeconfig, or the current one of config.yaml. It makes no request.
func (d *Deps) Management() (*kube.Client, error) {
	region, err := d.currentRegion()
	if err != nil {
		return nil, err
	}
	client, err := kube.Connect(region.File, region.Context)
	if err == nil {
		d.trail.client, d.trail.management = client, cmp.Or(region.Name, client.Server())
	}
	return client, err
}

// currentRegion is the management cluster that commands speak to.
func (d *Deps) currentRegion() (config.Region, error) {
	if d.global.kubeconfig != "" {
		return config.Region{File: d.global.kubeconfig}, nil
	}
	cfg, err := d.configuration(nil, nil)
	if err != nil {
		return config.Region{}, err
	}
	regions := cfg.Regions()
	for _, r := range regions {
		if r.IsCurrent {
			return r, nil
		}
	}
	if len(regions) > 0 {
		return config.Region{}, &uerr.Error{
			Code: uerr.NotFound, What: "no management cluster is the current one", Object: cfg.Path(),
			Next: fmt.Sprintf("%s set management-cluster %s", d.InvokedAs, regions[0].Name),
		}
	}
	return config.Region{}, &uerr.Error{
		Code: uerr.NotFound, What: "there is no management cluster yet", Object: cfg.Path(),
		Next: d.InvokedAs + " init -i vsphere --local, or " + d.InvokedAs + " add management-cluster --kubeconfig FILE",
	}
}

// findRegion gives the registered management cluster of that name; a context decides between several.
func findRegion(cfg *config.Config, invokedAs, name, contextName string) (config.Region, error) {
	var found []config.Region
	var known []string
	for _, r := range cfg.Regions() {
		known = append(known, r.Name)
		if r.Name == name && (contextName == "" || r.Context == contextName) {
			found = append(found, r)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return config.Region{}, uerr.Findings{{
			Where: name, Problem: "several contexts have this management cluster", Next: "--context " + found[0].Context,
		}}
	}
	e := &uerr.Error{
		Code: uerr.NotFound, What: "no such management cluster", Object: strings.TrimSpace(name + " " + contextName),
		Next: invokedAs + " get management-cluster",
	}
	if near := config.Nearest(name, known); near != "" && near != name {
		e.Next = "did you mean " + near + "?"
	}
	return config.Region{}, e
}

// editConfig changes config.yaml in place and encodes the secrets it holds, as TKG does whenever it writes.
func (d *Deps) editConfig(ctx context.Context, edit func(*config.Document) error) error {
	return config.Edit(ctx, config.FindFile(d.configOptions(nil, nil)), func(doc *config.Document) error {
		if err := edit(doc); err != nil {
			return err
		}
		return doc.EncodeSecrets(d.Tables())
	})
}

// clusterKey names a workload cluster: -n, else NAMESPACE of the configuration.
func (d *Deps) clusterKey(namespace, name string) (kube.Key, error) {
	if namespace == "" {
		cfg, err := d.configuration(nil, nil)
		if err != nil {
			return kube.Key{}, err
		}
		namespace = cfg.String("NAMESPACE")
	}
	d.trail.cluster = kube.Key{Namespace: namespace, Name: name}
	return d.trail.cluster, nil
}

// onCluster gives the key of a cluster that was named on the command line, and the management cluster to ask about it.
func (d *Deps) onCluster(namespace, name string) (*kube.Client, kube.Key, error) {
	key, err := d.clusterKey(namespace, name)
	if err != nil {
		return nil, key, err
	}
	client, err := d.Management()
	return client, key, err
}
