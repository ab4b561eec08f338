package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
	"sigs.k8s.io/controller-tools/pkg/genall"
	"sigs.k8s.io/controller-tools/pkg/loader"
	"sigs.k8s.io/controller-tools/pkg/markers"
	"sigs.k8s.io/controller-tools/pkg/rbac"
	"sigs.k8s.io/controller-tools/pkg/webhook"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// generate does what `controller-gen rbac:roleName=manager-role webhook` does: it reads the markers in the packages'
// comments and writes rbac/role.yaml and webhook/manifests.yaml below config. dir is a module that requires the packages.
func generate(ctx context.Context, dir string, patterns []string, config string) error {
	roots, err := loader.LoadRootsWithConfig(&packages.Config{Context: ctx, Dir: dir, Env: goEnv()}, patterns...)
	if err != nil {
		return err
	}
	for generator, folder := range map[genall.Generator]string{
		rbac.Generator{RoleName: "manager-role"}: "rbac", webhook.Generator{}: "webhook",
	} {
		registry := &markers.Registry{}
		if err := generator.RegisterMarkers(registry); err != nil {
			return err
		}
		err := generator.Generate(&genall.GenerationContext{
			Collector: &markers.Collector{Registry: registry}, Roots: roots, Checker: &loader.TypeChecker{},
			InputRule: genall.InputFromFileSystem, OutputRule: genall.OutputToDirectory(filepath.Join(config, folder)),
		})
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	var faults []error
	for _, root := range roots {
		for _, fault := range root.Errors {
			faults = append(faults, fault)
		}
	}
	return errors.Join(faults...)
}

// onlyKinds takes the webhooks of other kinds than these (PLURAL.GROUP) out of a webhook configuration.
func onlyKinds(r *resource.Resource, kinds []string) error {
	if r.GetKind() != "MutatingWebhookConfiguration" && r.GetKind() != "ValidatingWebhookConfiguration" {
		return nil
	}
	hooks, err := r.Pipe(yaml.Lookup("webhooks"))
	if err != nil || hooks == nil {
		return errors.Join(errors.New("no webhooks"), err)
	}
	all := hooks.Content()
	kept := all[:0]
	for _, hook := range all {
		var fields struct {
			Rules []struct {
				APIGroups []string `yaml:"apiGroups"`
				Resources []string
			}
		}
		if err := hook.Decode(&fields); err != nil {
			return err
		}
		if len(fields.Rules) == 1 && slices.Contains(kinds, fields.Rules[0].Resources[0]+"."+fields.Rules[0].APIGroups[0]) {
			kept = append(kept, hook)
		}
	}
	hooks.YNode().Content = kept
	return nil
}
