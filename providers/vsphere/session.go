package vsphere

import (
	"context"
	"net/url"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
)

// logoutTimeout bounds the logout, which also happens when the caller's context is over.
const logoutTimeout = 5 * time.Second

// vcenter is a logged-in session. close logs out; vCenter keeps a session for half an hour otherwise.
type vcenter struct {
	target  target
	trust   *trust
	client  *vim25.Client
	manager *session.Manager
	finder  *find.Finder

	datacenter *object.Datacenter // once found; the finder looks in it
}

// connect logs in. Its errors are *preflight.CallError: they say which variable to look at, and hold no password.
func (p *Provider) connect(ctx context.Context, t target) (*vcenter, error) {
	tr := &trust{thumbprint: t.thumbprint, insecure: t.insecure, roots: p.options.Roots}
	sc := soap.NewClient(t.url, t.insecure)
	sc.UserAgent = "slipway"
	tr.apply(sc, p.options)
	client, err := vim25.NewClient(ctx, sc)
	if err != nil {
		sc.CloseIdleConnections()
		return nil, t.explain(ctx, err)
	}
	manager := session.NewManager(client)
	if err := manager.Login(ctx, url.UserPassword(t.username, t.password.Reveal())); err != nil {
		sc.CloseIdleConnections()
		return nil, t.explain(ctx, err)
	}
	return &vcenter{target: t, trust: tr, client: client, manager: manager, finder: find.NewFinder(client, false)}, nil
}

// close logs out and drops the connections; what fails here cannot be helped, and the session expires by itself.
func (c *vcenter) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutTimeout)
	defer cancel()
	_ = c.manager.Logout(ctx)
	c.client.CloseIdleConnections()
}
