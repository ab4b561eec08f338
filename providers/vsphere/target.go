package vsphere

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/vmware/govmomi/vim25/soap"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables that say which vCenter, as whom, and how it is trusted.
const (
	keyServer     = "VSPHERE_SERVER"
	keyUsername   = "VSPHERE_USERNAME"
	keyPassword   = "VSPHERE_PASSWORD" //nolint:gosec // the name of a variable, not its value
	keyThumbprint = "VSPHERE_TLS_THUMBPRINT"
	keyInsecure   = "VSPHERE_INSECURE"
)

// target is the vCenter that a configuration names.
type target struct {
	url        *url.URL // without user
	username   string
	password   secret.String
	thumbprint string // upper case, bytes joined by colons; empty means the system's roots decide
	insecure   bool
}

// newTarget reads the target; the findings name everything that is missing.
func newTarget(c *config.Config) (target, uerr.Findings) {
	var findings uerr.Findings
	for _, key := range []string{keyServer, keyUsername, keyPassword} {
		if c.Secret(key).Empty() {
			findings = append(findings, uerr.Finding{
				Where: key, Problem: key + " is not set", Next: "set " + key + " in " + c.Path() + " or in the environment",
			})
		}
	}
	if findings != nil {
		return target{}, findings
	}
	u, err := serverURL(c.String(keyServer))
	if err != nil {
		return target{}, uerr.Findings{{
			Where: preflight.Where(c, keyServer), Problem: keyServer + " is neither a host name nor an address",
			Next: "set " + keyServer + " to the name of the vCenter, such as vcenter.example.org",
		}}
	}
	return target{
		url: u, username: c.String(keyUsername), password: c.Secret(keyPassword),
		thumbprint: normalThumbprint(c.String(keyThumbprint)), insecure: c.Bool(keyInsecure),
	}, nil
}

// serverURL makes the SDK's address out of a host, a host:port, a bare IPv6 address or a URL.
func serverURL(server string) (*url.URL, error) {
	if ip, err := netip.ParseAddr(server); err == nil && ip.Is6() {
		server = "[" + server + "]"
	}
	u, err := soap.ParseURL(server)
	if err != nil {
		return nil, err
	}
	u.User = nil
	return u, nil
}

// normalThumbprint spells a thumbprint as govmomi and the upstream controller compare it: upper case, with colons.
func normalThumbprint(s string) string {
	hex := strings.ToUpper(strings.NewReplacer(":", "", " ", "", "-", "").Replace(s))
	var pairs []string
	for ; len(hex) > 2; hex = hex[2:] {
		pairs = append(pairs, hex[:2])
	}
	if hex == "" {
		return ""
	}
	return strings.Join(append(pairs, hex), ":")
}
