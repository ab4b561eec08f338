package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	lookEvery   = 100 * time.Millisecond
	powerOn     = "On"
	firstGuest  = 0x0a14_0101 // 10.20.1.1: guests get addresses from here on
	retryJoin   = time.Second
	providerURL = "vsphere://"
)

// player gives powered-on machines an inside: an address, and what their user data makes of them.
type player struct {
	vcenter  *vcenter
	clusters *clusters
	boot     time.Duration // between power-on and the first sign of life

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

// run looks at the inventory until ctx ends.
func (p *player) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
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
	seen := map[string]bool{}
	for _, m := range p.vcenter.machines() {
		if m.Power != powerOn {
			continue
		}
		seen[m.UUID] = true
		g := p.inside[m.UUID]
		if g == nil {
			g = p.newGuest(m)
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

func (p *player) newGuest(m Machine) *guest {
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], firstGuest+p.next)
	p.next++
	g := &guest{machine: m, since: time.Now()}
	g.node = node{name: m.Name, providerID: providerURL + m.UUID, version: m.version, address: net.IP(ip[:]).String()}
	data, err := parseUserData(m.userData)
	if err != nil {
		g.dark = err.Error()
		log.Printf("machine %s stays dark: %v", m.Name, err)
	}
	g.node.data = data
	return g
}

// play brings one machine a step further.
func (p *player) play(ctx context.Context, g *guest) {
	if g.up || time.Since(g.since) < p.boot || time.Since(g.tried) < retryJoin {
		return
	}
	if g.machine.Address == "" {
		if err := p.vcenter.addressGuest(ctx, g.machine, net.ParseIP(g.node.address)); err != nil {
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

func (v *vcenter) reconfigure(ctx context.Context, r types.ReconfigVM_Task) error {
	task, err := object.NewVirtualMachine(v.client.Client, r.This).Reconfigure(ctx, r.Spec)
	if err != nil {
		return fmt.Errorf("reconfigure: %w", err)
	}
	return task.Wait(ctx)
}
