package sim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// simulated is a cloud that a rehearsal can be asked about and that can be made to fail.
type simulated interface {
	// play gives its machines an inside until ctx ends.
	play(ctx context.Context, inside *clusters, boot *atomic.Int64)
	// machines lists what is there now.
	machines(ctx context.Context) ([]Machine, error)
	log() []Call
	fail(method string, times int)
	stop() error
}

// Resource is something in a simulated cloud that is no machine, and that was not there before the first call.
type Resource struct {
	Kind string `json:"kind"`
	Name string `json:"name"` // or the cloud's own id
}

// inventoried is a simulated cloud that can tell what was made in it beside machines.
type inventoried interface{ resources() []Resource }

// breakable is a simulated cloud whose calls begin work that can end badly.
type breakable interface {
	breakOff(method, code, message string)
}

// world is every simulated cloud, and what can be changed about them while they run.
type world struct {
	delays *delays
	clouds []simulated
	boot   atomic.Int64 // a time.Duration: between power-on and a machine's first sign of life
}

func (w *world) stop() {
	for _, c := range w.clouds {
		_ = c.stop()
	}
}

// fail makes the next calls of a method fail, in whichever cloud they come; zero lifts the fault.
func (w *world) fail(method string, times int) {
	for _, c := range w.clouds {
		c.fail(method, times)
	}
}

// play gives the machines of every cloud an inside until ctx ends.
func (w *world) play(ctx context.Context, inside *clusters) {
	var all sync.WaitGroup
	for _, c := range w.clouds {
		all.Go(func() { c.play(ctx, inside, &w.boot) })
	}
	all.Wait()
}

// machines are those of every cloud.
func (w *world) machines(ctx context.Context) ([]Machine, error) {
	out := []Machine{}
	for _, c := range w.clouds {
		machines, err := c.machines(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, machines...)
	}
	return out, nil
}

// resources are those of every cloud that can tell.
func (w *world) resources() []Resource {
	out := []Resource{}
	for _, c := range w.clouds {
		if i, tells := c.(inventoried); tells {
			out = append(out, i.resources()...)
		}
	}
	return out
}

// breakOff lets the work that the next call of a method begins end badly, in whichever cloud it comes.
func (w *world) breakOff(method, code, message string) {
	for _, c := range w.clouds {
		if b, breaks := c.(breakable); breaks {
			b.breakOff(method, code, message)
		}
	}
}

// control is the API by which tests and rehearse status ask what happened, and by which faults are set and lifted:
//
//	POST /faults/METHOD?times=N    the next N calls fail; 1 when it is left out, 0 lifts the fault
//	POST /breaks/METHOD?code=C&message=M    what the next call of Azure begins goes well at first and ends with this error
//	POST /delays/METHOD?for=10s    calls of vCenter or Azure take that much longer; 0s lifts the delay, also of those that wait
//	POST /boot-delay?for=10s       machines that are not up yet take that long from power-on
func (w *world) control(p *proxy) http.Handler {
	mux := http.NewServeMux()
	page(mux, "/machines", func(ctx context.Context) (any, error) { return w.machines(ctx) })
	page(mux, "/resources", func(context.Context) (any, error) { return w.resources(), nil })
	page(mux, "/calls", func(context.Context) (any, error) {
		out := []Call{}
		for _, c := range w.clouds {
			out = append(out, c.log()...)
		}
		return out, nil
	})
	page(mux, "/refused", func(context.Context) (any, error) { return append([]string{}, p.refusals()...), nil })
	order(mux, "/faults/{method}", func(r *http.Request) error {
		times := 1
		if text := r.FormValue("times"); text != "" {
			var err error
			if times, err = strconv.Atoi(text); err != nil {
				return err
			}
		}
		w.fail(r.PathValue("method"), times)
		return nil
	})
	order(mux, "/breaks/{method}", func(r *http.Request) error {
		if r.FormValue("code") == "" {
			return errors.New("no code to end with")
		}
		w.breakOff(r.PathValue("method"), r.FormValue("code"), r.FormValue("message"))
		return nil
	})
	order(mux, "/delays/{method}", func(r *http.Request) error {
		d, err := time.ParseDuration(r.FormValue("for"))
		if err == nil {
			w.delays.set(r.PathValue("method"), d)
		}
		return err
	})
	order(mux, "/boot-delay", func(r *http.Request) error {
		d, err := time.ParseDuration(r.FormValue("for"))
		if err == nil {
			w.boot.Store(int64(d))
		}
		return err
	})
	return mux
}

// page answers with what it is asked for as JSON.
func page(mux *http.ServeMux, path string, data func(context.Context) (any, error)) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		found, err := data(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(found)
	})
}

// order carries out what it is told; an order that is not understood changes nothing.
func order(mux *http.ServeMux, path string, carryOut func(r *http.Request) error) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		if err := carryOut(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
