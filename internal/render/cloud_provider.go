package render

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	addonsv1 "sigs.k8s.io/cluster-api/api/addons/v1beta2"
	"sigs.k8s.io/yaml"
)

const (
	cloudProviderFile   = "addons/cloud-controller-manager.yaml"
	cloudNamespace      = "kube-system"
	cloudConfigName     = "vsphere-cloud-config"
	cloudSecretName     = "vsphere-cloud-secret"
	cloudContainer      = "manager"
	cloudProviderSecret = "cloud-provider-credentials"
)

// cloudProvider gives the manifests of the cloud controller manager and, apart from them, the Secret that carries its
// credentials into the cluster. An infrastructure without that add-on has none.
func cloudProvider(in Input, values map[string]any, version string) (string, *corev1.Secret, error) {
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
	configuration, err := cloudConfig(in, values)
	if err != nil {
		return "", nil, err
	}
	manifests, err := joinManifests(append([]*unstructured.Unstructured{configuration}, objects...))
	if err != nil {
		return "", nil, err
	}
	secret, err := cloudSecret(in, text(values["server"]))
	return manifests, secret, err
}

// cloudConfig names the vCenter, and keeps the endpoint's address from being taken for a node's.
func cloudConfig(in Input, values map[string]any) (*unstructured.Unstructured, error) {
	server := text(values["server"])
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = server, "443"
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("variable %q: the port %q is no number", "server", port)
	}
	global := map[string]any{"port": number, "secretName": cloudSecretName, "secretNamespace": cloudNamespace}
	if thumbprint := text(values["thumbprint"]); thumbprint != "" {
		global["thumbprint"] = thumbprint
	} else {
		global["insecureFlag"] = true
	}
	content := map[string]any{
		"global":  global,
		"vcenter": map[string]any{host: map[string]any{"server": host, "datacenters": []string{text(values["datacenter"])}}},
	}
	endpoint, _ := values["controlPlaneEndpoint"].(map[string]any)
	if ip, err := netip.ParseAddr(text(endpoint["host"])); err == nil {
		address := netip.PrefixFrom(ip, ip.BitLen()).String()
		content["nodes"] = map[string]any{
			"excludeInternalNetworkSubnetCidr": address, "excludeExternalNetworkSubnetCidr": address,
		}
	}
	if c := in.Request.Config; c != nil && c.String("VSPHERE_REGION") != "" && c.String("VSPHERE_ZONE") != "" {
		content["labels"] = map[string]any{"region": c.String("VSPHERE_REGION"), "zone": c.String("VSPHERE_ZONE")}
	}
	file, err := yaml.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("write the cloud provider's configuration: %w", err)
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": cloudConfigName, "namespace": cloudNamespace},
		"data":     map[string]any{"vsphere.conf": string(file)},
	}}, nil
}

// cloudSecret wraps the Secret of the workload cluster in one of the management cluster, as a ClusterResourceSet reads
// it. Without credentials there is none.
func cloudSecret(in Input, server string) (*corev1.Secret, error) {
	if len(in.Values.Credentials) == 0 {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		host = server
	}
	inner := &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: cloudSecretName, Namespace: cloudNamespace},
		Data: map[string][]byte{
			host + ".username": in.Values.Credentials["username"],
			host + ".password": in.Values.Credentials["password"],
		},
	}
	manifest, err := yaml.Marshal(inner)
	if err != nil {
		return nil, errors.New("write the cloud provider's credentials")
	}
	secret := secretOf(in, in.Request.Name+"-"+cloudProviderSecret, map[string][]byte{"credentials.yaml": manifest})
	secret.Type = addonsv1.ClusterResourceSetSecretType
	return secret, nil
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
