package sim

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/aws"
)

// awsCloud is the simulated AWS as the rest of the simulator sees it. It starts when somebody first asks it something.
type awsCloud struct {
	start func() (*aws.Cloud, error)

	mu      sync.Mutex
	cloud   *aws.Cloud
	pending map[string]int // faults that were asked for before the start
}

func startAWS(ctx context.Context, o Options, inventory aws.Inventory, ca *authority) (*aws.Cloud, error) {
	program := o.Moto
	if program == "" {
		program = "moto_server"
	}
	if _, err := exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("the AWS emulator is not installed (pip install 'moto[server]' or set SLIPWAY_MOTO): %w", err)
	}
	return aws.Start(ctx, aws.Options{
		Program: program, Dir: o.Dir, Inventory: inventory,
		Certificate: func(host string) (tls.Certificate, error) { return ca.serve(host) },
	})
}

// address starts the cloud if it does not run yet.
func (c *awsCloud) address() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cloud == nil {
		cloud, err := c.start()
		if err != nil {
			return "", fmt.Errorf("AWS: %w", err)
		}
		for method, times := range c.pending {
			cloud.Fail(method, times)
		}
		c.cloud = cloud
	}
	return c.cloud.Address(), nil
}

// running is nil before the start.
func (c *awsCloud) running() *aws.Cloud {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cloud
}

func (c *awsCloud) play(ctx context.Context, inside *clusters, boot *atomic.Int64) {
	newPlayer(c, inside, boot).run(ctx)
}

// lookEvery spares the emulator, which takes tens of milliseconds for an answer.
func (*awsCloud) lookEvery() time.Duration { return 500 * time.Millisecond }

func (c *awsCloud) machines(ctx context.Context) ([]Machine, error) {
	cloud := c.running()
	if cloud == nil {
		return nil, nil
	}
	instances, err := cloud.Instances(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Machine, 0, len(instances))
	for _, i := range instances {
		m := Machine{
			Name: i.Name, Power: i.State, Address: i.Address, UUID: i.ID, region: i.Region,
			hostname: i.Hostname, providerID: "aws:///" + i.Zone + "/" + i.ID, version: i.Version,
		}
		if i.Running() {
			m.Power = powerOn
		}
		out = append(out, m)
	}
	return out, nil
}

func (c *awsCloud) userData(ctx context.Context, m Machine) ([]byte, error) {
	return c.running().UserData(ctx, m.region, m.UUID)
}

// report has nothing to do: the cloud gave the address.
func (*awsCloud) report(context.Context, Machine, net.IP) error { return nil }

func (c *awsCloud) log() []Call {
	var out []Call
	if cloud := c.running(); cloud != nil {
		for _, call := range cloud.Calls() {
			out = append(out, Call{Time: call.Time, Method: call.Method, Object: call.Region})
		}
	}
	return out
}

func (c *awsCloud) fail(method string, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cloud != nil {
		c.cloud.Fail(method, times)
		return
	}
	if c.pending == nil {
		c.pending = map[string]int{}
	}
	c.pending[method] = times
}

func (c *awsCloud) stop() error {
	if cloud := c.running(); cloud != nil {
		return cloud.Stop()
	}
	return nil
}
