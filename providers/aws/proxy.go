package aws

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// The variables about the machines' own proxy and registry.
const (
	keyHTTPProxy  = "TKG_HTTP_PROXY"
	keyHTTPSProxy = "TKG_HTTPS_PROXY"
	keyNoProxy    = "TKG_NO_PROXY"
	keyProxyCA    = "TKG_PROXY_CA_CERT"
	keyRegistry   = "TKG_CUSTOM_IMAGE_REPOSITORY"
)

// proxyVariable gives the proxy; one is for both when only one is named. A password is refused: objects that everybody
// may read would hold it.
func proxyVariable(c *config.Config) (map[string]any, uerr.Findings) {
	http, https := c.Secret(keyHTTPProxy).Reveal(), c.Secret(keyHTTPSProxy).Reveal()
	var findings uerr.Findings
	for key, address := range map[string]string{keyHTTPProxy: http, keyHTTPSProxy: https} {
		if hasPassword(address) {
			findings = append(findings, refusal(c, key, key+" holds a password, and machines on AWS cannot keep it to themselves",
				"set "+key+" to a proxy that lets the machines' network through without a password")...)
		}
	}
	http, https = firstOf(http, https), firstOf(https, http)
	if http == "" || findings != nil {
		return nil, findings
	}
	v := map[string]any{"http": http, "https": https}
	if none := c.String(keyNoProxy); none != "" {
		v["noProxy"] = none
	}
	return v, setCertificate(c, v, keyProxyCA)
}

// registryVariable is the mirror that machines pull every image through.
func registryVariable(c *config.Config) (map[string]any, uerr.Findings) {
	if c.String(keyRegistry) == "" {
		return nil, nil
	}
	v := map[string]any{"mirror": c.String(keyRegistry)}
	if c.Bool(keyRegistry + "_SKIP_TLS_VERIFY") {
		v["insecure"] = true
	}
	return v, setCertificate(c, v, keyRegistry+"_CA_CERTIFICATE")
}

// setCertificate decodes TKG's base64 of a PEM; plain PEM passes too.
func setCertificate(c *config.Config, v map[string]any, key string) uerr.Findings {
	text := c.String(key)
	if text == "" {
		return nil
	}
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
		text = string(raw)
	}
	if !strings.Contains(text, "-----BEGIN CERTIFICATE-----") {
		return refusal(c, key, key+" holds no certificate in PEM", "set it to the output of: base64 -w0 ca.pem")
	}
	v["ca"] = text
	return nil
}

// hasPassword says whether a URL must not stand in an object that everybody may read.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return true
	}
	_, set := u.User.Password()
	return set
}
