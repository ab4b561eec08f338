package preflight

import (
	"cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// The variables about the machines' own proxy.
const (
	KeyHTTPProxy  = "TKG_HTTP_PROXY"
	KeyHTTPSProxy = "TKG_HTTPS_PROXY"
	KeyNoProxy    = "TKG_NO_PROXY"
	KeyProxyCA    = "TKG_PROXY_CA_CERT"
)

// Proxy is the ClusterClass variable of the machines' proxy, for a cloud whose machines cannot keep a password to
// themselves; nil without one. One proxy is for both protocols when only one is named.
func Proxy(c *config.Config) (map[string]any, uerr.Findings) {
	http, https := c.Secret(KeyHTTPProxy).Reveal(), c.Secret(KeyHTTPSProxy).Reveal()
	var findings uerr.Findings
	for _, p := range []struct{ key, address string }{{KeyHTTPProxy, http}, {KeyHTTPSProxy, https}} {
		if HasPassword(p.address) {
			findings = append(findings, Refuse(c, p.key, p.key+" holds a password, and the machines cannot keep it to themselves",
				"set "+p.key+" to a proxy that lets the machines' network through without a password")...)
		}
	}
	http, https = cmp.Or(http, https), cmp.Or(https, http)
	if http == "" || findings != nil {
		return nil, findings
	}
	v := map[string]any{"http": http, "https": https}
	if none := c.String(KeyNoProxy); none != "" {
		v["noProxy"] = none
	}
	return v, SetCertificate(c, v, KeyProxyCA)
}
