package plane

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/slipway-sh/slipway/internal/plane/apiserver"
	"github.com/slipway-sh/slipway/internal/plane/pki"
)

// writeKubeconfig names the context as TKG did: NAME-admin@NAME.
func writeKubeconfig(path, name string, admin *rest.Config) error {
	user := name + "-admin"
	context := user + "@" + name
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: admin.Host, CertificateAuthorityData: admin.CAData}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: admin.CertData, ClientKeyData: admin.KeyData}
	config.Contexts[context] = &clientcmdapi.Context{Cluster: name, AuthInfo: user}
	config.CurrentContext = context
	raw, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return pki.WriteFile(path, raw)
}

// keepPort gives the API server the same port at each start, so that kubeconfigs stay valid. A port that another
// program took meanwhile is refused: a silent move would break every kubeconfig that was handed out.
func keepPort(path string) (int, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		port, err := apiserver.FreePort()
		if err != nil {
			return 0, err
		}
		return port, pki.WriteFile(path, []byte(strconv.Itoa(port)+"\n"))
	}
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("port of the plane in %s: %w", path, err)
	}
	if err := apiserver.PortFree(port); err != nil {
		return 0, fmt.Errorf("port %d of the plane is taken by another program: end it, or remove %s to move the plane: %w", port, path, err)
	}
	return port, nil
}
