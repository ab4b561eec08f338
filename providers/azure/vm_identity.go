package azure

import (
	"cmp"

	"github.com/slipway-sh/slipway/providers"
)

// The controller of machines reads no Secret of Azure Service Operator's: it wants an object beside it, and what proves
// the application under a key of its own (azure/scope/identity.go of cluster-api-provider-azure v1.21.0). A certificate
// with a password it cannot read.
const machinesSecretKey = "clientSecret"

// identify adds the credentials as the controller of machines wants them. vm.yaml refers to the object by its name. It
// shows the application's id, which proves nothing.
func (i *inspection) identify(values *providers.Values) {
	if values.Credentials == nil {
		return
	}
	name, namespace := i.request.Name+"-azure", cmp.Or(i.request.Namespace, "default")
	spec := map[string]any{
		"type": "WorkloadIdentity", "tenantID": i.cloud.tenant, "clientID": i.config().Secret(keyClient).Reveal(),
		"allowedNamespaces": map[string]any{"list": []any{namespace}},
	}
	for key, kind := range map[string]string{keySecret: "ServicePrincipal", keyCertificate: "ServicePrincipalCertificate"} {
		if proof, ok := values.Credentials[key]; ok {
			values.Credentials[machinesSecretKey] = proof
			spec["type"], spec["clientSecret"] = kind, map[string]any{"name": name, "namespace": namespace}
		}
	}
	values.Objects = []map[string]any{{
		"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "AzureClusterIdentity", "metadata": map[string]any{"name": name}, "spec": spec,
	}}
}
