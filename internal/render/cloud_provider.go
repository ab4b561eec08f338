package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	addonsv1 "sigs.k8s.io/cluster-api/api/addons/v1beta2"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const (
	cloudProviderFile   = "addons/cloud-controller-manager.yaml"
	cloudContainer      = "manager"
	cloudProviderSecret = "cloud-provider-credentials"
)

// cloudProvider gives the manifests of the cloud controller manager and, apart from them, the Secret that carries its
// credentials into the cluster. An infrastructure without that add-on has none, and neither has a control plane that the
// cloud runs.
func cloudProvider(in Input, class *class, version string) (string, *corev1.Secret, error) {
	if class.managed() {
		return "", nil, nil
	}
	objects, err := readDocuments(in.Templates, path.Join(in.Infrastructure, cloudProviderFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	for _, o := range objects {
		if o.GetKind() == "DaemonSet" {
			if err := setImageMinor(o, version); err != nil {
				return "", nil, err
			}
		}
	}
	manifests, err := joinManifests(objects)
	if err != nil {
		return "", nil, err
	}
	if configuration := bytes.TrimSpace(in.Values.CloudProvider.Config); len(configuration) > 0 {
		manifests = string(configuration) + "\n---\n" + manifests
	}
	return manifests, cloudSecret(in), nil
}

// cloudProviderFinding warns of machines whose cloud nobody in the cluster knows: no node gets a provider ID, and each keeps
// the taint that it starts with.
func cloudProviderFinding(in Input, manifests string, own map[string]string) uerr.Findings {
	if manifests != "" {
		return nil
	}
	for name := range own {
		if strings.Contains(name, "cloud-provider") || strings.Contains(name, "cloud-controller") {
			return nil
		}
	}
	return uerr.Findings{{
		Severity: uerr.Warning,
		Where:    "addons/cloud-provider-" + in.Infrastructure + ".yaml",
		Problem:  fmt.Sprintf("Slipway has no manifests of the cloud provider for machines of %s: nodes will not become ready by themselves", in.Infrastructure),
		Next:     "save upstream's manifests under that name in Slipway's home",
	}}
}

// cloudSecret wraps the Secret of the workload cluster in one of the management cluster, as a ClusterResourceSet reads
// it. Without credentials there is none.
func cloudSecret(in Input) *corev1.Secret {
	if len(in.Values.CloudProvider.Credentials) == 0 {
		return nil
	}
	data := map[string][]byte{"credentials.yaml": in.Values.CloudProvider.Credentials}
	secret := secretOf(in, in.Request.Name+"-"+cloudProviderSecret, data)
	secret.Type = addonsv1.ClusterResourceSetSecretType
	return secret
}

// setImageMinor gives the image the cluster's minor version, since one release serves one minor. A cluster newer than
// the version in the template keeps that one.
func setImageMinor(daemonSet *unstructured.Unstructured, version string) error {
	containers, _, err := unstructured.NestedSlice(daemonSet.Object, "spec", "template", "spec", "containers")
	if err != nil {
		return fmt.Errorf("%s: %w", cloudProviderFile, err)
	}
	for _, item := range containers {
		container, ok := item.(map[string]any)
		if !ok || text(container["name"]) != cloudContainer {
			continue
		}
		image, tag, found := strings.Cut(text(container["image"]), ":v1.")
		newest, err := strconv.Atoi(strings.Split(tag, ".")[0])
		if !found || err != nil {
			continue // an image of the user's own
		}
		minor, err := strconv.Atoi(strings.Split(strings.TrimPrefix(version, "v1."), ".")[0])
		if err == nil && minor < newest {
			container["image"] = fmt.Sprintf("%s:v1.%d.0", image, minor)
		}
	}
	return unstructured.SetNestedSlice(daemonSet.Object, containers, "spec", "template", "spec", "containers")
}
