package sim

import (
	"context"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
)

// delays make calls of some methods take longer.
type delays struct {
	mu sync.Mutex
	of map[string]delay
}

type delay struct {
	lasts  time.Duration
	lifted chan struct{} // closed when the delay is changed
}

func newDelays() *delays { return &delays{of: map[string]delay{}} }

// set replaces the delay of a method; calls that wait go on.
func (d *delays) set(method string, lasts time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.of[method]; ok {
		close(old.lifted)
		delete(d.of, method)
	}
	if lasts > 0 {
		d.of[method] = delay{lasts: lasts, lifted: make(chan struct{})}
	}
}

// wait holds a call up.
func (d *delays) wait(ctx context.Context, method string) {
	d.mu.Lock()
	found, ok := d.of[method]
	d.mu.Unlock()
	if !ok {
		return
	}
	timer := time.NewTimer(found.lasts)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-found.lifted:
	case <-timer.C:
	}
}

// fail makes the next calls of a method fail, as an overloaded vCenter's might; zero lifts the fault.
func (v *vcenter) fail(method string, times int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	rules := v.model.Service.GetFaultRules()
	for i := len(rules) - 1; i >= 0; i-- {
		if rules[i].MethodName == method {
			v.model.Service.RemoveFaultRule(i)
		}
	}
	if times <= 0 {
		return
	}
	v.model.Service.AddFaultRule(&simulator.FaultInjectionRule{
		MethodName: method, ObjectType: "*", ObjectName: "*", Probability: 1, MaxCount: times, Enabled: true,
		FaultType: simulator.FaultTypeGeneric, Message: "fault of the rehearsal",
	})
}
