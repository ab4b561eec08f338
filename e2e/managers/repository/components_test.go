package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
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
			version := filepath.Base(filepath.Dir(found[0]))
			if want := "image: " + p.image + ":" + version + "\n"; bytes.Count(body, []byte(want)) != 1 {
				t.Errorf("not one %q", want)
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

func TestRunRefusesAnUnknownModule(t *testing.T) {
	if err := run(t.Context(), options{out: t.TempDir(), root: "..", groups: []string{"capx"}}); err == nil {
		t.Error("capx was accepted")
	}
}

func TestStampChangesWithTheModule(t *testing.T) {
	p := all()[0]
	dir := t.TempDir()
	write := func(name, body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stamp := func() string {
		t.Helper()
		s, err := p.stamp(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	write("go.mod", "module x\n")
	write("go.sum", "")
	first := stamp()
	if again := stamp(); again != first {
		t.Error("the stamp changes by itself")
	}
	write("go.mod", "module y\n")
	if changed := stamp(); changed == first {
		t.Error("the stamp does not see go.mod")
	}
}
