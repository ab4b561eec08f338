package vsphere

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
)

// Names that templates/vsphere/addons/cloud-controller-manager.yaml refers to.
const (
	cloudNamespace  = "kube-system"
	cloudConfigName = "vsphere-cloud-config"
	cloudSecretName = "vsphere-cloud-secret"
)

// cloudProvider is the configuration and the credentials of vSphere's cloud controller manager.
func (i *inspection) cloudProvider() (providers.CloudProvider, error) {
	host, port, err := splitServer(i.conn.target.url.Host)
	if err != nil {
		return providers.CloudProvider{}, err
	}
	file, err := yaml.Marshal(i.cloudConfig(host, port))
	if err != nil {
		return providers.CloudProvider{}, fmt.Errorf("write the cloud provider's configuration: %w", err)
	}
	configuration, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": cloudConfigName, "namespace": cloudNamespace},
		"data":     map[string]any{"vsphere.conf": string(file)},
	})
	if err != nil {
		return providers.CloudProvider{}, fmt.Errorf("write the cloud provider's configuration: %w", err)
	}
	secret, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata": map[string]any{"name": cloudSecretName, "namespace": cloudNamespace},
		"data": map[string]any{
			host + ".username": []byte(i.conn.target.username), host + ".password": []byte(i.conn.target.password.Reveal()),
		},
	})
	if err != nil {
		return providers.CloudProvider{}, errors.New("write the cloud provider's credentials") // the cause might quote them
	}
	return providers.CloudProvider{Config: configuration, Credentials: secret}, nil
}

func splitServer(server string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(server)
	if err != nil {
		return server, 443, nil //nolint:nilerr // without a port it is HTTPS's
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		return "", 0, fmt.Errorf("%s: the port %q is no number", keyServer, text)
	}
	return host, port, nil
}

// cloudConfig names the vCenter, and keeps the endpoint's address from being taken for a node's.
func (i *inspection) cloudConfig(host string, port int) map[string]any {
	c := i.config()
	global := map[string]any{"port": port, "secretName": cloudSecretName, "secretNamespace": cloudNamespace}
	if thumbprint := i.thumbprint(); thumbprint != "" {
		global["thumbprint"] = thumbprint
	} else {
		global["insecureFlag"] = true
	}
	content := map[string]any{
		"global":  global,
		"vcenter": map[string]any{host: map[string]any{"server": host, "datacenters": []string{i.datacenter.InventoryPath}}},
	}
	if nodes := withoutEndpoint(c); nodes != nil {
		content["nodes"] = nodes
	}
	if c.String("VSPHERE_REGION") != "" && c.String("VSPHERE_ZONE") != "" {
		content["labels"] = map[string]any{"region": c.String("VSPHERE_REGION"), "zone": c.String("VSPHERE_ZONE")}
	}
	return content
}

func withoutEndpoint(c *config.Config) map[string]any {
	ip, err := netip.ParseAddr(c.String(keyEndpoint))
	if err != nil {
		return nil // a name is no node's address
	}
	address := netip.PrefixFrom(ip, ip.BitLen()).String()
	return map[string]any{"excludeInternalNetworkSubnetCidr": address, "excludeExternalNetworkSubnetCidr": address}
}
