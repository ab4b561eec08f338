package cli

import (
	"cmp"
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
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/yaml"
)

// readManifest takes what config cluster printed, and somebody may have edited, in place of what would be rendered.
// The Secrets, which config cluster does not print, stay as they were rendered. Every mistake is named with its line.
func (d *Deps) readManifest(path, name string, rendered *render.Objects) (*render.Objects, error) {
	in, shown := d.Streams.In, "stdin"
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, &uerr.Error{Code: uerr.NotFound, What: "the manifest cannot be read", Object: "--manifest", Cause: err}
		}
		defer file.Close() //nolint:errcheck // read only
		in, shown = file, path
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("--manifest %s: %w", path, err)
	}
	out := &render.Objects{Identity: rendered.Identity, Secrets: rendered.Secrets, Gate: rendered.Gate}
	remedy := fmt.Sprintf("%s config cluster %s prints how it was", d.InvokedAs, name)
	var findings uerr.Findings
	for _, document := range splitDocuments(raw) {
		for _, mistake := range addDocument(out, document) {
			line, problem := document.locate(mistake)
			findings = append(findings, uerr.Finding{Where: fmt.Sprintf("%s:%d", shown, line), Problem: problem, Next: remedy})
		}
	}
	if len(findings) == 0 && (out.Cluster == nil || out.Cluster.Name != name) {
		findings = append(findings, uerr.Finding{Where: shown, Problem: "it has no Cluster " + name, Next: remedy})
	}
	return out, findings.Err()
}

// addDocument puts the object of one document where it belongs, or says what is wrong with it.
func addDocument(out *render.Objects, d document) []error {
	raw, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		return []error{err}
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &object.Object); err != nil {
		return []error{err}
	}
	if len(object.Object) == 0 {
		return nil
	}
	if object.GetKind() == "" || object.GetName() == "" {
		return []error{errors.New("an object without kind or name")}
	}
	switch kind := object.GroupVersionKind(); {
	case kind == clusterv1.GroupVersion.WithKind("Cluster"):
		if out.Cluster != nil {
			return []error{fmt.Errorf("a second Cluster, %s", object.GetName())}
		}
		out.Cluster = &clusterv1.Cluster{}
		return decodeStrict(object, out.Cluster)
	case kind == corev1.SchemeGroupVersion.WithKind("Namespace"):
		out.Namespace = &corev1.Namespace{}
		return decodeStrict(object, out.Namespace)
	case kind.GroupKind() == (schema.GroupKind{Group: clusterv1.GroupVersion.Group, Kind: "Cluster"}):
		return []error{fmt.Errorf("a Cluster of %s; this release takes %s", kind.Version, clusterv1.GroupVersion.Version)}
	case kind.Kind == "ClusterClass" || kind.Kind == "CustomResourceDefinition" || strings.HasSuffix(kind.Kind, "Template"):
		out.Class = append(out.Class, object)
	default:
		out.Addons = append(out.Addons, object)
	}
	return nil
}

// decodeStrict reports every field that the type does not have. What cannot be converted at all is decoded once more as
// JSON, whose error names the field.
func decodeStrict(object *unstructured.Unstructured, into any) []error {
	err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, into, true)
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		return strict.Errors()
	}
	if err == nil {
		return nil
	}
	raw, marshalErr := object.MarshalJSON()
	if marshalErr != nil {
		return []error{err}
	}
	return []error{cmp.Or(json.Unmarshal(raw, into), err)}
}
