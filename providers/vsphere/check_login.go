package vsphere

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// oldestAPI is the API version of vSphere 6.7 Update 3, the oldest that the upstream controller supports.
const oldestAPI = "6.7.3"

// checkLogin covers everything up to the session: what is set, name and route, certificate or thumbprint, password, and
// that it is a vCenter.
func (i *inspection) checkLogin(ctx context.Context) uerr.Findings {
	t, findings := newTarget(i.config())
	if findings != nil {
		return findings
	}
	conn, err := i.provider.connect(ctx, t)
	if err != nil {
		return preflight.Trouble(i.config(), preflight.Where(i.config(), keyServer), "", err)
	}
	i.conn = conn
	if about := conn.client.ServiceContent.About; about.ApiType != "VirtualCenter" {
		return i.refuse(keyServer, fmt.Sprintf("%s is no vCenter but %s", t.url.Host, about.FullName),
			"set "+keyServer+" to the vCenter that manages the host")
	}
	return nil
}

// checkVersion looks at the API's version, which tells updates apart; the product's version does not.
func (i *inspection) checkVersion(context.Context) uerr.Findings {
	about := i.conn.client.ServiceContent.About
	if compareParts(about.ApiVersion, oldestAPI) < 0 {
		return i.refuse(keyServer,
			fmt.Sprintf("vCenter's API version %s is older than %s (vSphere 6.7 Update 3)", about.ApiVersion, oldestAPI),
			"upgrade vCenter, or set "+keyServer+" to a newer one")
	}
	return nil
}
