package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// components renders a module's kustomize folder as upstream's release does: the released image, pulled only if absent.
// The ${VARIABLES} stay: clusterctl fills them at install.
func components(dir, image string) ([]byte, error) {
	opts := krusty.MakeDefaultOptions()
	opts.LoadRestrictions = types.LoadRestrictionsNone // the folders refer to each other by ../
	all, err := krusty.MakeKustomizer(opts).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", dir, err)
	}
	patched := 0
	for _, r := range all.Resources() {
		if r.GetKind() != "Deployment" {
			continue
		}
		if err := release(r, image); err != nil {
			return nil, fmt.Errorf("Deployment %s: %w", r.GetName(), err)
		}
		patched++
	}
	if patched == 0 {
		return nil, fmt.Errorf("kustomize %s: no Deployment in it", dir)
	}
	return all.AsYaml()
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
