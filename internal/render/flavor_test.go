package render_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/templates"
)

// TestFlavorForClusterctl keeps the template that the benchmarks hand to upstream's `clusterctl generate cluster`: the
// same class and the same Cluster as ours, with clusterctl's variables where ours has values.
func TestFlavorForClusterctl(t *testing.T) {
	const controlPlane, workers = 7777, 8888
	objects := rendered(t, render.Input{
		Infrastructure: "vsphere", Templates: templates.FS(),
		Request: providers.Request{
			Config: load(t, nil), Name: "${CLUSTER_NAME}", Namespace: "${NAMESPACE}",
			KubernetesVersion: "v${KUBERNETES_VERSION}", ControlPlane: controlPlane, Workers: workers,
		},
		Values: providers.Values{Variables: map[string]any{
			"server": "${VSPHERE_SERVER}", "thumbprint": "${VSPHERE_TLS_THUMBPRINT}", "datacenter": "${VSPHERE_DATACENTER}",
			"datastore": "${VSPHERE_DATASTORE}", "folder": "${VSPHERE_FOLDER}", "resourcePool": "${VSPHERE_RESOURCE_POOL}",
			"network": "${VSPHERE_NETWORK}", "template": "${VSPHERE_TEMPLATE}", "sshKey": "${VSPHERE_SSH_AUTHORIZED_KEY}",
			"controlPlaneEndpoint": map[string]any{"host": "${VSPHERE_CONTROL_PLANE_ENDPOINT}"},
		}},
	})
	class := strings.ReplaceAll(documents(t, objects.Class), "$", "$$")
	class = strings.ReplaceAll(class, "namespace: $${NAMESPACE}", "namespace: ${NAMESPACE}")
	cluster := strings.NewReplacer(
		"replicas: 7777", "replicas: ${CONTROL_PLANE_MACHINE_COUNT}",
		"replicas: 8888", "replicas: ${WORKER_MACHINE_COUNT}",
		"v${KUBERNETES_VERSION}", "${KUBERNETES_VERSION}",
	).Replace(document(t, objects.Cluster))
	golden(t, filepath.Join("..", "..", "e2e", "testdata", "cluster-template-slipway.yaml"), class+"---\n"+cluster)
}
