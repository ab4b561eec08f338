package sim

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/azure"
)

const (
	azureNetworkTime = 200 * time.Millisecond // for changes of networks
	azureLook        = 100 * time.Millisecond
)

// azureCloud is the simulated Azure as the rest of the simulator sees it. Its machines are those of AKS.
type azureCloud struct {
	cloud *azure.Cloud
	aks   *aks
}

// startAzure brings Azure up and makes its hosts known. Its clusters and pools take as long as a machine that boots.
func startAzure(ctx context.Context, o Options, inventory azure.Inventory, ca *authority, d *delays, inside *clusters) (*azureCloud, error) {
	a := newAKS(inside)
	cloud, err := azure.Start(azure.Options{
		Inventory: inventory, Certificate: ca.serve, Hold: d.wait, Kubeconfig: a.kubeconfig,
		Follow:     func(now []azure.Cluster) { a.follow(ctx, now) },
		ShortDelay: azureNetworkTime, LongDelay: o.Boot, Throttle: true,
	})
	if err != nil {
		return nil, err
	}
	for _, host := range []string{azure.HostLogin, azure.HostManagement} {
		inside.proxy.route(net.JoinHostPort(host, "443"), fixed(cloud.Address()))
	}
	inside.proxy.route("*"+aksDomain+":443", noCluster)
	return &azureCloud{cloud: cloud, aks: a}, nil
}

// play lets time pass in Azure when nobody asks it anything.
func (c *azureCloud) play(ctx context.Context, _ *clusters, _ *atomic.Int64) {
	tick := time.NewTicker(azureLook)
	defer tick.Stop()
	for {
		c.cloud.Clusters()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *azureCloud) machines(context.Context) ([]Machine, error) { return c.aks.machines(), nil }

func (c *azureCloud) resources() []Resource {
	var out []Resource
	for _, r := range c.cloud.Resources() {
		out = append(out, Resource{Kind: r.Kind, Name: r.ID})
	}
	return out
}

func (c *azureCloud) log() []Call {
	var out []Call
	for _, call := range c.cloud.Calls() {
		out = append(out, Call(call))
	}
	return out
}

func (c *azureCloud) fail(method string, times int) { c.cloud.Fail(method, times) }

func (c *azureCloud) breakOff(method, code, message string) { c.cloud.Break(method, code, message) }

func (c *azureCloud) stop() error { return c.cloud.Stop() }
