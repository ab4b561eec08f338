package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// overlay changes the copy of a module before its kustomize folder is rendered.
type overlay func(ctx context.Context, w workspace) error

// workspace is a copy of a provider's module, reduced to its config folder.
type workspace struct {
	dir     string
	sources []source
}

// render makes the components as upstream's release does: the released images, pulled only if absent.
// The ${VARIABLES} stay: clusterctl fills them at install.
func (p provider) render(ctx context.Context, sources []source) ([]byte, error) {
	dir := sources[0].Dir
	if p.overlay != nil {
		var err error
		if dir, err = copyConfig(dir); err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
		if err := p.overlay(ctx, workspace{dir: dir, sources: sources}); err != nil {
			return nil, err
		}
	}
	dir = filepath.Join(dir, filepath.FromSlash(p.config))
	all, err := kustomize(dir)
	if err != nil {
		return nil, err
	}
	for _, src := range sources {
		patched := 0
		for _, r := range all.Resources() {
			if r.GetKind() != "Deployment" || !p.runs(src, r.GetName()) {
				continue
			}
			if err := release(r, src.image+":"+src.Version); err != nil {
				return nil, fmt.Errorf("deployment %s: %w", r.GetName(), err)
			}
			patched++
		}
		if patched == 0 {
			return nil, fmt.Errorf("kustomize %s: no Deployment in it for %s", dir, src.image)
		}
	}
	for _, r := range all.Resources() {
		if p.drops != nil && p.drops(r) {
			if err := all.Remove(r.CurId()); err != nil {
				return nil, err
			}
		}
	}
	return all.AsYaml()
}

// runs tells whether the Deployment of this name runs the program.
func (p provider) runs(src source, deployment string) bool {
	i := slices.IndexFunc(p.further, func(f program) bool { return f.deployment == deployment })
	if i < 0 {
		return src.deployment == ""
	}
	return src.deployment == deployment
}

func kustomize(dir string) (resmap.ResMap, error) {
	opts := krusty.MakeDefaultOptions()
	opts.LoadRestrictions = types.LoadRestrictionsNone // the folders refer to each other by ../
	all, err := krusty.MakeKustomizer(opts).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", dir, err)
	}
	return all, nil
}

// copyConfig makes a temporary folder with a writable copy of a module's config folder.
func copyConfig(module string) (string, error) {
	dir, err := os.MkdirTemp("", "slipway-managers-")
	if err != nil {
		return "", err
	}
	return dir, os.CopyFS(filepath.Join(dir, "config"), os.DirFS(filepath.Join(module, "config")))
}

func release(r *resource.Resource, image string) error {
	manager, err := r.Pipe(yaml.Lookup("spec", "template", "spec", "containers", "[name=manager]"))
	if err != nil {
		return err
	}
	if manager == nil {
		return errors.New("no container named manager")
	}
	return manager.PipeE(
		yaml.Tee(yaml.SetField("image", yaml.NewStringRNode(image))),
		yaml.SetField("imagePullPolicy", yaml.NewStringRNode("IfNotPresent")),
	)
}

// writeFile replaces path at once, and leaves it alone when it already holds this.
func writeFile(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
