package preflight

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// KeyRegistry is the variable of the mirror, and the beginning of those that go with it.
const KeyRegistry = "TKG_CUSTOM_IMAGE_REPOSITORY"

// Registry is the ClusterClass variable of the mirror that machines pull every image through; nil without one.
func Registry(c *config.Config) (map[string]any, uerr.Findings) {
	if c.String(KeyRegistry) == "" {
		return nil, nil
	}
	v := map[string]any{"mirror": c.String(KeyRegistry)}
	if c.Bool(KeyRegistry + "_SKIP_TLS_VERIFY") {
		v["insecure"] = true
	}
	return v, SetCertificate(c, v, KeyRegistry+"_CA_CERTIFICATE")
}

// SetCertificate puts the PEM that a variable holds into a ClusterClass variable's "ca". TKG's base64 of a PEM is
// decoded; plain PEM passes too.
func SetCertificate(c *config.Config, v map[string]any, key string) uerr.Findings {
	text := c.String(key)
	if text == "" {
		return nil
	}
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
		text = string(raw)
	}
	if !strings.Contains(text, "-----BEGIN CERTIFICATE-----") {
		return Refuse(c, key, key+" holds no certificate in PEM", "set it to the output of: base64 -w0 ca.pem")
	}
	v["ca"] = text
	return nil
}

// HasPassword says whether a URL must not stand in an object that everybody may read.
func HasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return true
	}
	_, set := u.User.Password()
	return set
}
