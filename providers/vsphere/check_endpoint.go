package vsphere

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// The variables that say where a cluster's API answers.
const (
	keyEndpoint     = "VSPHERE_CONTROL_PLANE_ENDPOINT"
	keyEndpointPort = "VSPHERE_CONTROL_PLANE_ENDPOINT_PORT"
)

// probeTimeout is how long a free address may stay silent before it is taken for free.
const probeTimeout = 1500 * time.Millisecond

// address is the endpoint of the cluster: the text as configured and what it resolves to.
type address struct {
	host string
	ips  []netip.Addr
}

// checkEndpoint wants the address to be nobody's: no machine of the inventory holds it and nothing answers there, unless
// the cluster of this very name does.
func (i *inspection) checkEndpoint(ctx context.Context) uerr.Findings {
	host := i.config().String(keyEndpoint)
	if host == "" {
		return i.refuse(keyEndpoint, keyEndpoint+" is not set", "set it to a free address in the machines' network")
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return i.warn(keyEndpoint, fmt.Sprintf("endpoint %s does not resolve here: %v", host, err),
			"make sure that it resolves where the machines are, or set "+keyEndpoint+" to an address")
	}
	i.endpoint = address{host: host}
	for _, ip := range ips {
		i.endpoint.ips = append(i.endpoint.ips, ip.Unmap())
	}
	all, err := i.allMachines(ctx)
	if err != nil {
		return i.trouble(ctx, "listing the virtual machines", err)
	}
	own := false
	for _, m := range all {
		own = own || i.owns(m)
		if taken := i.takenBy(m); taken != nil {
			return taken
		}
	}
	port, err := i.config().Int(keyEndpointPort)
	if err != nil || own {
		return nil // a port that is no number is config's finding; the cluster's own endpoint may answer
	}
	if i.provider.answers(ctx, net.JoinHostPort(host, strconv.Itoa(port))) {
		return i.refuse(keyEndpoint, fmt.Sprintf("something answers at endpoint %s port %d already", host, port), freeAddress)
	}
	return nil
}

const freeAddress = "set " + keyEndpoint + " to an address that nothing uses; each cluster has its own"

func (i *inspection) takenBy(m machine) uerr.Findings {
	if i.owns(m) {
		return nil
	}
	for _, ip := range i.endpoint.ips {
		if m.holds(ip) {
			return i.refuse(keyEndpoint, fmt.Sprintf("endpoint %s is an address of virtual machine %s", ip, m.name), freeAddress)
		}
	}
	return nil
}

// answers tries the port as a client of the cluster would, through the proxy of the environment when there is one.
// Directly, a connection is an answer. Behind a proxy, which may accept any destination, only a TLS handshake is.
func (p *Provider) answers(ctx context.Context, hostPort string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+hostPort+"/readyz", nil)
	if err != nil {
		return false
	}
	proxy, err := p.options.Proxy(req)
	if err != nil {
		return false
	}
	if proxy == nil {
		conn, err := p.options.Dial(ctx, "tcp", hostPort)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	return p.answersThrough(req)
}

func (p *Provider) answersThrough(req *http.Request) bool {
	var shaken atomic.Bool // the handshake may still end when the request has given up
	trace := &httptrace.ClientTrace{TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
		if err == nil {
			shaken.Store(true)
		}
	}}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: p.options.Proxy, DialContext: p.options.Dial, DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // nothing is sent; only whether it answers counts
		},
	}
	res, err := client.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		_ = res.Body.Close()
	}
	return shaken.Load()
}

// checkEndpointNetwork compares the endpoint with what is known of the network: the range of its IP pool, which settles
// it, or else the subnets of the machines in it, which are a hint.
func (i *inspection) checkEndpointNetwork(ctx context.Context) uerr.Findings {
	pool, err := i.networkRange(ctx)
	if err != nil {
		return i.trouble(ctx, "reading the IP pool of the network", err)
	}
	network := i.config().String(keyNetwork)
	next := "set " + keyEndpoint + " to an address inside"
	if pool.IsValid() && !i.endpoint.inside(pool) {
		return i.refuse(keyEndpoint, fmt.Sprintf("endpoint %s is outside of network %s, which is %s", i.endpoint.host, network, pool), next)
	}
	if pool.IsValid() {
		return nil
	}
	subnets := i.seenSubnets()
	for _, s := range subnets {
		if i.endpoint.inside(s) {
			return nil
		}
	}
	if len(subnets) > 0 {
		return i.warn(keyEndpoint, fmt.Sprintf("endpoint %s is in none of the subnets of the machines in network %s: %s",
			i.endpoint.host, network, prefixList(subnets)), next+", or make sure that the network routes it")
	}
	return nil
}

func (a address) inside(p netip.Prefix) bool {
	for _, ip := range a.ips {
		if ip.Is4() == p.Addr().Is4() && !p.Contains(ip) {
			return false
		}
	}
	return true
}

// networkRange is the subnet of the network's IP pool; the zero prefix when it has none.
func (i *inspection) networkRange(ctx context.Context) (netip.Prefix, error) {
	var net mo.Network
	err := property.DefaultCollector(i.conn.client).RetrieveOne(ctx, i.network.Reference(), []string{"summary"}, &net)
	if err != nil || net.Summary == nil {
		return netip.Prefix{}, err
	}
	id := net.Summary.GetNetworkSummary().IpPoolId
	manager := i.conn.client.ServiceContent.IpPoolManager
	if id == nil || manager == nil {
		return netip.Prefix{}, nil
	}
	res, err := methods.QueryIpPools(ctx, i.conn.client, &types.QueryIpPools{This: *manager, Dc: i.datacenter.Reference()})
	if err != nil {
		return netip.Prefix{}, err
	}
	for _, p := range res.Returnval {
		if p.Id == *id && p.Ipv4Config != nil {
			return maskedPrefix(p.Ipv4Config.SubnetAddress, p.Ipv4Config.Netmask), nil
		}
	}
	return netip.Prefix{}, nil
}

// maskedPrefix is the zero prefix for a mask with holes, which says nothing.
func maskedPrefix(subnet, mask string) netip.Prefix {
	ip, err := netip.ParseAddr(subnet)
	ones, bits := net.IPMask(net.ParseIP(mask).To4()).Size()
	if err != nil || bits == 0 {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(ip, ones).Masked()
}
