package aws

import (
	"cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables about the machines' own proxy.
const (
	keyHTTPProxy  = "TKG_HTTP_PROXY"
	keyHTTPSProxy = "TKG_HTTPS_PROXY"
	keyNoProxy    = "TKG_NO_PROXY"
	keyProxyCA    = "TKG_PROXY_CA_CERT"
)

// proxyVariable gives the proxy; one is for both when only one is named. A password is refused: objects that everybody
// may read would hold it.
func proxyVariable(c *config.Config) (map[string]any, uerr.Findings) {
	http, https := c.Secret(keyHTTPProxy).Reveal(), c.Secret(keyHTTPSProxy).Reveal()
	var findings uerr.Findings
	for key, address := range map[string]string{keyHTTPProxy: http, keyHTTPSProxy: https} {
		if preflight.HasPassword(address) {
			findings = append(findings, preflight.Refuse(c, key, key+" holds a password, and machines on AWS cannot keep it to themselves",
				"set "+key+" to a proxy that lets the machines' network through without a password")...)
		}
	}
	http, https = cmp.Or(http, https), cmp.Or(https, http)
	if http == "" || findings != nil {
		return nil, findings
	}
	v := map[string]any{"http": http, "https": https}
	if none := c.String(keyNoProxy); none != "" {
		v["noProxy"] = none
	}
	return v, preflight.SetCertificate(c, v, keyProxyCA)
}
