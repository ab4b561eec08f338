// Package vsphere is the adapter for vSphere: it logs in to vCenter, checks everything that a cluster needs of it before
// anything is touched, finds the VM template that carries a Kubernetes version, and lists what a deleted cluster left.
//
// The machines themselves are made by the upstream controller. Nothing here applies objects to a management cluster,
// and no object of a vCenter is changed but by DeleteLeftover and ImportImage.
package vsphere

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// dialTimeout bounds one connection to vCenter; it is long enough for a VPN and short enough to wait for.
const dialTimeout = 10 * time.Second

// Options are what a Provider takes from its surroundings. The zero value is right for a program: the proxy of the
// environment, the system's roots of trust, the operating system's resolver and dialer.
type Options struct {
	Proxy func(*http.Request) (*url.URL, error)
	Roots *x509.CertPool
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
}

// ControllerVersion is the release of cluster-api-provider-vsphere that the templates are written for; e2e/managers
// builds it.
const ControllerVersion = "v1.14.0"

// Provider is the vSphere adapter. It holds no connection: each call logs in and logs out again.
type Provider struct{ options Options }

var _ providers.Provider = (*Provider)(nil)

// New makes the adapter.
func New(o Options) *Provider {
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	}
	return &Provider{options: o}
}

// Name is "vsphere".
func (*Provider) Name() string { return "vsphere" }

// Preflight reports what stands in the way of a request, all at once; see checks for the list.
func (p *Provider) Preflight(ctx context.Context, r providers.Request) (uerr.Findings, error) {
	i := &inspection{provider: p, request: r}
	defer func() { i.close(ctx) }()
	return preflight.Run(ctx, i, checks())
}

// Remaining is nothing: the controllers do all that a cluster needs.
func (*Provider) Remaining(context.Context, providers.Request) ([]providers.Task, error) {
	return nil, nil
}
