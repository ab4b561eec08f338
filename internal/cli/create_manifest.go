package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/yaml"
)

// readManifest takes what config cluster printed, and somebody may have edited, in place of what would be rendered.
// The Secrets, which config cluster does not print, stay as they were rendered.
func (d *Deps) readManifest(path, name string, rendered *render.Objects) (*render.Objects, error) {
	in := d.Streams.In
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, &uerr.Error{Code: uerr.NotFound, What: "the manifest cannot be read", Object: "--manifest", Cause: err}
		}
		defer file.Close() //nolint:errcheck // read only
		in = file
	}
	out := &render.Objects{Identity: rendered.Identity, Secrets: rendered.Secrets}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(in))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = addDocument(out, document)
		}
		if err != nil {
			return nil, uerr.Findings{{
				Where: fmt.Sprintf("--manifest %s, document %d", path, number), Problem: err.Error(),
				Next: fmt.Sprintf("%s config cluster %s > %s", d.InvokedAs, name, path),
			}}
		}
	}
	if out.Cluster == nil || out.Cluster.Name != name {
		return nil, uerr.Findings{{
			Where: "--manifest " + path, Problem: fmt.Sprintf("it has no Cluster %s", name),
			Next: fmt.Sprintf("%s config cluster %s > %s", d.InvokedAs, name, path),
		}}
	}
	return out, nil
}

func addDocument(out *render.Objects, document []byte) error {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(document, &object.Object); err != nil {
		return err
	}
	if len(object.Object) == 0 {
		return nil
	}
	if object.GetKind() == "" || object.GetName() == "" {
		return errors.New("an object without kind or name")
	}
	converter := runtime.DefaultUnstructuredConverter
	switch kind := object.GroupVersionKind(); {
	case kind == clusterv1.GroupVersion.WithKind("Cluster"):
		if out.Cluster != nil {
			return fmt.Errorf("a second Cluster, %s", object.GetName())
		}
		out.Cluster = &clusterv1.Cluster{}
		return converter.FromUnstructuredWithValidation(object.Object, out.Cluster, true)
	case kind == corev1.SchemeGroupVersion.WithKind("Namespace"):
		out.Namespace = &corev1.Namespace{}
		return converter.FromUnstructured(object.Object, out.Namespace)
	case kind.Group == clusterv1.GroupVersion.Group && kind.Kind == "Cluster":
		return fmt.Errorf("a Cluster of %s; this release takes %s", kind.Version, clusterv1.GroupVersion.Version)
	case kind.Kind == "ClusterClass" || strings.HasSuffix(kind.Kind, "Template"):
		out.Class = append(out.Class, object)
	default:
		out.Addons = append(out.Addons, object)
	}
	return nil
}
