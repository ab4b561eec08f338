package vsphere

import (
	"strings"

	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables about the machines' own proxy, and where a proxy's password goes.
const (
	keyHTTPProxy  = "TKG_HTTP_PROXY"
	keyHTTPSProxy = "TKG_HTTPS_PROXY"
	keyNoProxy    = "TKG_NO_PROXY"
	keyProxyCA    = "TKG_PROXY_CA_CERT"

	// proxyKey is the key of the identity Secret that holds containerd's drop-in when the proxy wants a password.
	proxyKey = "http-proxy.conf"
)

// identityName is the Secret that a cluster's objects refer to; templates/vsphere says the same.
func identityName(cluster string) string { return cluster + "-vsphere" }

// proxyVariable gives the proxy openly, or only the name of the Secret when a password is in it.
func (i *inspection) proxyVariable() (map[string]any, error) {
	c := i.config()
	v := map[string]any{}
	http, https := i.proxies()
	switch {
	case i.proxyDropIn() != "":
		v["secretName"] = identityName(i.request.Name)
	case http != "":
		setText(v, map[string]string{"http": http, "https": https, "noProxy": c.String(keyNoProxy)})
	default:
		return nil, nil
	}
	return v, preflight.SetCertificate(c, v, keyProxyCA).Err()
}

// proxies fills in for each other: one proxy is for both when only one is named.
func (i *inspection) proxies() (http, https string) {
	http, https = i.config().Secret(keyHTTPProxy).Reveal(), i.config().Secret(keyHTTPSProxy).Reveal()
	if http == "" {
		http = https
	}
	if https == "" {
		https = http
	}
	return http, https
}

// proxyDropIn is containerd's systemd drop-in for a proxy with a password; empty when there is none to hide.
func (i *inspection) proxyDropIn() string {
	http, https := i.proxies()
	if http == "" || !preflight.HasPassword(http) && !preflight.HasPassword(https) {
		return ""
	}
	c := i.config()
	direct := []string{"localhost", "127.0.0.1", ".svc", ".svc.cluster.local", c.String("CLUSTER_CIDR"), c.String("SERVICE_CIDR"), c.String(keyEndpoint)}
	if own := c.String(keyNoProxy); own != "" {
		direct = append(direct, own)
	}
	quoted := func(s string) string { return strings.NewReplacer("%", "%%", `"`, `\"`).Replace(s) }
	return "[Service]\n" +
		`Environment="HTTP_PROXY=` + quoted(http) + "\"\n" +
		`Environment="HTTPS_PROXY=` + quoted(https) + "\"\n" +
		`Environment="NO_PROXY=` + quoted(strings.Join(direct, ",")) + "\"\n"
}
