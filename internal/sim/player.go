package sim

import (
	"context"
	"encoding/binary"
	"log"
	"net"
	"sync/atomic"
	"time"
)

const (
	powerOn    = "On"
	firstGuest = 0x0a14_0101 // 10.20.1.1: guests get addresses from here on
	retryJoin  = time.Second
)

// Machine is a virtual machine of a simulated cloud that is no template.
type Machine struct {
	Name    string `json:"name"`
	Power   string `json:"power"` // On, Off or Suspended
	Address string `json:"address"`
	UUID    string `json:"uuid"` // the cloud's own id: the BIOS's UUID, or the instance id

	region     string // the part of the cloud that it is in
	hostname   string // what the node is called
	providerID string // by which the infrastructure provider knows the node
	version    string // of Kubernetes, from the image
}

// cloud is a simulated infrastructure whose machines follow from their user data, as far as their insides need it.
type cloud interface {
	// lookEvery is how often the inventory may be looked at.
	lookEvery() time.Duration
	// machines lists what is in the inventory now.
	machines(ctx context.Context) ([]Machine, error)
	// userData is a machine's cloud-init document.
	userData(ctx context.Context, m Machine) ([]byte, error)
	// report has a machine that came up tell the cloud its address.
	report(ctx context.Context, m Machine, address net.IP) error
}

// player gives the powered-on machines of one cloud an inside: an address, and what their user data makes of them.
type player struct {
	cloud    cloud
	clusters *clusters
	boot     *atomic.Int64 // a time.Duration: between power-on and the first sign of life

	next   uint32
	inside map[string]*guest // by BIOS UUID
}

// guest is a machine whose inside is played.
type guest struct {
	node    node
	machine Machine
	since   time.Time // when it was first seen powered on
	tried   time.Time
	up      bool
	dark    string // why it will never come up
}

func newPlayer(c cloud, inside *clusters, boot *atomic.Int64) *player {
	return &player{cloud: c, clusters: inside, boot: boot, inside: map[string]*guest{}}
}

// run looks at the inventory until ctx ends.
func (p *player) run(ctx context.Context) {
	tick := time.NewTicker(p.cloud.lookEvery())
	defer tick.Stop()
	for {
		p.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *player) look(ctx context.Context) {
	machines, err := p.cloud.machines(ctx)
	if err != nil {
		if ctx.Err() == nil {
			log.Print(err)
		}
		return
	}
	seen := map[string]bool{}
	for _, m := range machines {
		if m.Power != powerOn {
			continue
		}
		seen[m.UUID] = true
		g := p.inside[m.UUID]
		if g == nil {
			g = p.newGuest(ctx, m)
			p.inside[m.UUID] = g
		}
		p.play(ctx, g)
	}
	for uuid, g := range p.inside {
		if seen[uuid] {
			continue
		}
		delete(p.inside, uuid)
		if !g.up {
			continue
		}
		if err := p.clusters.remove(ctx, g.node); err != nil {
			log.Printf("machine %s: %v", g.machine.Name, err)
		}
	}
}

func (p *player) newGuest(ctx context.Context, m Machine) *guest {
	g := &guest{machine: m, since: time.Now()}
	g.node = node{name: m.hostname, providerID: m.providerID, version: m.version, address: m.Address}
	if m.Address == "" {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], firstGuest+p.next)
		p.next++
		g.node.address = net.IP(ip[:]).String()
	}
	document, err := p.cloud.userData(ctx, m)
	var data *userData
	if err == nil {
		data, err = parseUserData(document)
	}
	if err != nil {
		g.dark = err.Error()
		log.Printf("machine %s stays dark: %v", m.Name, err)
	}
	g.node.data = data
	return g
}

// play brings one machine a step further.
func (p *player) play(ctx context.Context, g *guest) {
	if g.up || time.Since(g.since) < time.Duration(p.boot.Load()) || time.Since(g.tried) < retryJoin {
		return
	}
	if g.machine.Address == "" {
		if err := p.cloud.report(ctx, g.machine, net.ParseIP(g.node.address)); err != nil {
			log.Printf("machine %s: %v", g.machine.Name, err)
			return
		}
		g.machine.Address = g.node.address
	}
	if g.dark != "" {
		return
	}
	g.tried = time.Now()
	if g.node.data.joins && !p.clusters.has(g.node.data.endpoint()) {
		return // kubeadm join tries again
	}
	if err := p.clusters.boot(ctx, g.node); err != nil {
		log.Printf("machine %s: %v", g.machine.Name, err)
		return
	}
	g.up = true
}
