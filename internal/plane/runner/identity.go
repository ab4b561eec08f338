package runner

import (
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/slipway-sh/slipway/internal/plane/pki"
)

const kubeconfigName = "kubeconfig"

// writeIdentity makes the child its service account: the user name and the groups that a token would carry, so that
// the provider's own roles decide what it may do.
func writeIdentity(o Options, l *launch) error {
	const accounts = "system:serviceaccounts"
	pair, err := o.Authority.Sign(pki.Request{
		CommonName:    "system:serviceaccount:" + l.key.Namespace + ":" + l.account,
		Organizations: []string{accounts, accounts + ":" + l.key.Namespace},
	})
	if err != nil {
		return err
	}
	const name = "plane"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: o.Admin.Host, CertificateAuthorityData: o.Admin.CAData}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: pair.Cert, ClientKeyData: pair.Key}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: l.key.Namespace}
	config.CurrentContext = name
	raw, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return pki.WriteFile(filepath.Join(l.folder, kubeconfigName), raw)
}
