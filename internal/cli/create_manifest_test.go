package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/internal/view"
)

const manifest = `# edited by hand
apiVersion: v1
kind: ConfigMap
metadata:
  name: add-on
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: dev1
spec:
  topology:
    classRef:
      name: a
    version: v1.36.3
    workers:
      machineDeployments:
      - class: worker
        name: md-0
        replicas: 1
`

func TestReadManifestNamesTheLine(t *testing.T) {
	tests := map[string]struct {
		from, to string
		want     []string
	}{
		"good":            {"", "", nil},
		"misspelled":      {"        replicas: 1", "        replicaz: 1", []string{`FILE:20: unknown field "spec.topology.workers.machineDeployments[0].replicaz"`}},
		"wrong type":      {"replicas: 1", "replicas: one", []string{"FILE:20: spec.topology.workers.machineDeployments.replicas is a string, not of type int32"}},
		"not YAML":        {"  topology:", "  topology: {", []string{"FILE:13: did not find expected ',' or '}'"}},
		"key given twice": {"    version: v1.36.3", "    version: v1.36.3\n    version: v1.36.4", []string{`FILE:16: key "version" already set in map`}},
		"two mistakes": {
			"kind: ConfigMap\nmetadata:\n  name: add-on\n---\napiVersion: cluster.x-k8s.io/v1beta2", "metadata:\n  name: add-on\n---\napiVersion: cluster.x-k8s.io/v1beta1",
			[]string{"FILE:2: an object without kind or name", "FILE:6: a Cluster of v1beta1; this release takes v1beta2"},
		},
		"another cluster": {"name: dev1", "name: dev2", []string{"FILE: it has no Cluster dev1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "manifest.yaml")
			if err := os.WriteFile(file, []byte(strings.Replace(manifest, test.from, test.to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			d := &Deps{InvokedAs: "slipway", Streams: view.Streams{In: strings.NewReader("")}}
			objects, err := d.readManifest(file, "dev1", &render.Objects{})
			if err == nil {
				if len(test.want) > 0 || len(objects.Addons) != 1 || objects.Cluster.Spec.Topology.Version != "v1.36.3" {
					t.Errorf("taken as it is: %+v", objects)
				}
				return
			}
			if uerr.ExitCode(err) != uerr.Usage {
				t.Errorf("exit code %d", uerr.ExitCode(err))
			}
			if diff := cmp.Diff(test.want, strings.Split(strings.ReplaceAll(err.Error(), file, "FILE"), "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a class consists of is applied before the Cluster, and the definition of a template before the template.
func TestReadManifestTellsTheClassFromAddons(t *testing.T) {
	var documents strings.Builder
	for _, kind := range []string{"CustomResourceDefinition", "GadgetTemplate", "ClusterClass"} {
		documents.WriteString("apiVersion: slipway.test/v1\nkind: " + kind + "\nmetadata:\n  name: a\n---\n")
	}
	d := &Deps{InvokedAs: "slipway", Streams: view.Streams{In: strings.NewReader(documents.String() + manifest)}}
	objects, err := d.readManifest("-", "dev1", &render.Objects{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, o := range objects.Class {
		kinds = append(kinds, o.GetKind())
	}
	if got := strings.Join(kinds, " "); got != "CustomResourceDefinition GadgetTemplate ClusterClass" || len(objects.Addons) != 1 {
		t.Errorf("class of %s, and %d add-ons", got, len(objects.Addons))
	}
}
