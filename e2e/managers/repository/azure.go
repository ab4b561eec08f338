package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
)

// The Azure provider's components are its controller's and Azure Service Operator's. Upstream's release joins them by
// kustomize, with the operator's release fetched from a URL. Here the operator's manifests are made of its module instead,
// as its own build makes them: what controller-gen writes is not in the module, so it is written again.

// azureKinds are the operator's kinds that stay: those that clusters on AKS are made of. Upstream bundles ten; with
// all of them the operator's program ends at the start, and their definitions take the plane's memory.
func azureKinds() []string {
	return []string{
		"resourcegroups.resources.azure.com",
		"virtualnetworks.network.azure.com",
		"virtualnetworkssubnets.network.azure.com",
		"managedclusters.containerservice.azure.com",
		"managedclustersagentpools.containerservice.azure.com",
	}
}

// azureAPIs are the operator's packages of those kinds.
func azureAPIs() []string {
	return []string{asoModule + "/api/resources/...", asoModule + "/api/network/...", asoModule + "/api/containerservice/..."}
}

const operatorFile = "azureserviceoperator.yaml"

// azure puts the operator's manifests where upstream's kustomization names a URL, and the released image where its
// release does: the operator's settings take their user agent from the image's tag.
func azure(ctx context.Context, w workspace) error {
	operator := w.sources[1]
	body, err := operatorManifests(ctx, operator)
	if err != nil {
		return fmt.Errorf("%s: %w", operator.program.module, err)
	}
	config := filepath.Join(w.dir, "config")
	if err := os.WriteFile(filepath.Join(config, "aso", operatorFile), body, 0o644); err != nil {
		return err
	}
	remote := regexp.MustCompile(`https://\S+/azureserviceoperator_\S+\.yaml`)
	if err := edit(filepath.Join(config, "aso", "kustomization.yaml"), remote, operatorFile); err != nil {
		return err
	}
	image := w.sources[0].image + ":" + w.sources[0].Version
	return edit(filepath.Join(config, "capz", "manager_image_patch.yaml"), regexp.MustCompile(`image: .*`), "image: "+image)
}

// unusedKind tells the operator's definitions that no cluster needs.
func unusedKind(r *resource.Resource) bool {
	return r.GetKind() == "CustomResourceDefinition" && strings.HasSuffix(r.GetName(), ".azure.com") && !slices.Contains(azureKinds(), r.GetName())
}

// operatorManifests renders the operator's own kustomize folder without its definitions, which the provider has.
func operatorManifests(ctx context.Context, operator source) ([]byte, error) {
	dir, err := copyConfig(operator.Dir)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	config := filepath.Join(dir, "config")
	if err := edit(filepath.Join(config, "default", "kustomization.yaml"), regexp.MustCompile(`(?m)^- \.\./crd$`), ""); err != nil {
		return nil, err
	}
	if err := generate(ctx, operator.moduleDir, azureAPIs(), config); err != nil {
		return nil, err
	}
	all, err := kustomize(filepath.Join(config, "default"))
	if err != nil {
		return nil, err
	}
	for _, r := range all.Resources() {
		if err := onlyKinds(r, azureKinds()); err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.GetKind(), r.GetName(), err)
		}
	}
	body, err := all.AsYaml()
	return bytes.ReplaceAll(body, []byte("${VERSION}"), []byte(operator.Version)), err // as its Taskfile does; else clusterctl would ask for it
}

// edit replaces the one match of a pattern in a file; upstream's files may have changed when there is none, or another.
func edit(file string, pattern *regexp.Regexp, by string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := len(pattern.FindAllIndex(body, -1)); n != 1 {
		return fmt.Errorf("%s has %d matches of %s, want one", file, n, pattern)
	}
	return os.WriteFile(file, pattern.ReplaceAllLiteral(body, []byte(by)), 0o644)
}
