package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestManifestsOfEveryProvider renders the real modules, as the program does, without building programs.
func TestManifestsOfEveryProvider(t *testing.T) {
	out := t.TempDir()
	o := options{out: out, root: "..", manifests: true}
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, p := range all() {
		t.Run(p.label, func(t *testing.T) {
			found, err := filepath.Glob(filepath.Join(out, p.label, "v*", p.components))
			if err != nil || len(found) != 1 {
				t.Fatalf("components: %v %v", found, err)
			}
			body, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			sources, err := p.find(t.Context(), o.root)
			if err != nil || sources[0].Version != filepath.Base(filepath.Dir(found[0])) {
				t.Errorf("%s is not the folder of %v: %v", found[0], sources, err)
			}
			for _, src := range sources {
				if want := "image: " + src.image + ":" + src.Version + "\n"; bytes.Count(body, []byte(want)) != 1 {
					t.Errorf("not one %q", want)
				}
			}
			for _, kind := range []string{"Namespace", "CustomResourceDefinition", "Deployment", "Service", "Certificate"} {
				if !bytes.Contains(body, []byte("\nkind: "+kind+"\n")) {
					t.Errorf("no %s", kind)
				}
			}
			if left := regexp.MustCompile(`\$\((CERTIFICATE|SERVICE)_[A-Z]+\)|controller:latest|imagePullPolicy: Always`).Find(body); left != nil {
				t.Errorf("left unfilled: %s", left)
			}
			metadata, err := os.ReadFile(filepath.Join(filepath.Dir(found[0]), metadataFile))
			if err != nil || !strings.Contains(string(metadata), "releaseSeries") {
				t.Errorf("metadata.yaml: %v", err)
			}
		})
	}
}

// TestAzureComponentsHoldBothControllers looks at what the overlay makes: five of the operator's definitions and no other,
// each with its webhooks, and everything in the provider's namespace.
func TestAzureComponentsHoldBothControllers(t *testing.T) {
	out := t.TempDir()
	if err := run(t.Context(), options{out: out, root: "..", manifests: true, groups: []string{"aso"}}); err != nil {
		t.Fatal(err)
	}
	made, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(made) != 1 {
		t.Fatalf("one group made %v (%v)", made, err)
	}
	found, err := filepath.Glob(filepath.Join(made[0], "v*", "infrastructure-components.yaml"))
	if err != nil || len(found) != 1 {
		t.Fatalf("components: %v %v", found, err)
	}
	body, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	definitions := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^  name: (\w+\.\w+\.azure\.com)$`).FindAllSubmatch(body, -1) {
		definitions[string(match[1])] = true
	}
	if got, want := slices.Sorted(maps.Keys(definitions)), slices.Sorted(slices.Values(azureKinds())); !slices.Equal(got, want) {
		t.Errorf("definitions are %v, want %v", got, want)
	}
	for _, kind := range azureKinds() {
		for _, verb := range []string{"default", "validate"} {
			if !regexp.MustCompile(`\n  name: ` + verb + `\.v1api\d+\.` + regexp.QuoteMeta(kind) + `\n`).Match(body) {
				t.Errorf("no webhook %s of %s", verb, kind)
			}
		}
	}
	for _, stranger := range []string{"azureserviceoperator-system", "${VERSION}", "localhost"} {
		if bytes.Contains(body, []byte(stranger)) {
			t.Errorf("upstream's %s is left", stranger)
		}
	}
	if want := "AZURE_USER_AGENT_SUFFIX: cluster-api-provider-azure/" + filepath.Base(filepath.Dir(found[0])); !bytes.Contains(body, []byte(want)) {
		t.Errorf("no %q", want)
	}
}

func TestRunRefusesAnUnknownModule(t *testing.T) {
	if err := run(t.Context(), options{out: t.TempDir(), root: "..", groups: []string{"capx"}}); err == nil {
		t.Error("capx was accepted")
	}
}

func TestStampChangesWithTheModules(t *testing.T) {
	list := all()
	p := list[slices.IndexFunc(list, func(p provider) bool { return len(p.further) > 0 })]
	root := t.TempDir()
	write := func(group, body string) {
		t.Helper()
		dir := filepath.Join(root, group)
		err := os.MkdirAll(dir, 0o755)
		for _, name := range []string{"go.mod", "go.sum"} {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	stamp := func() string {
		t.Helper()
		s, err := p.stamp(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, prog := range p.programs() {
		write(prog.group, "module x\n")
	}
	last := stamp()
	if again := stamp(); again != last {
		t.Error("the stamp changes by itself")
	}
	for _, prog := range p.programs() {
		write(prog.group, "module y\n")
		if changed := stamp(); changed == last {
			t.Errorf("the stamp does not see %s/go.mod", prog.group)
		} else {
			last = changed
		}
	}
}
