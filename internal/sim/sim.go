// Package sim is the simulator: the clouds, the insides of their machines, and the one proxy through which a rehearsal
// reaches them. It knows nothing of the management cluster: a machine's inside follows from the user data that the
// infrastructure provider gave it. Nothing survives the end of the process.
package sim

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/aws"
	"github.com/vmware/govmomi/simulator"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Options of one simulator.
type Options struct {
	Dir           string
	APIVersion    string
	InventoryFile string
	Boot          time.Duration            // between power-on and a machine's first sign of life
	Delays        map[string]time.Duration // method of vCenter -> delay
	Faults        []string                 // methods that fail once each
	Moto          string                   // the AWS emulator's program
}

// state is what state.json publishes.
type state struct {
	PID     int      `json:"pid"`
	Proxy   string   `json:"proxy"`
	CAFile  string   `json:"caFile"`
	Control string   `json:"control"`
	VCenter string   `json:"vcenter"`
	Environ []string `json:"environ"` // what clients must know of the simulated clouds
}

// Main is the program slipway-sim. It gives the exit code.
func Main(ctx context.Context, args []string, stderr io.Writer) int {
	o := Options{Delays: map[string]time.Duration{}}
	flags := flag.NewFlagSet("slipway-sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Dir, "dir", "", "folder for state.json and the rehearsal's CA")
	flags.StringVar(&o.APIVersion, "vcenter-version", "8.0.3.0", "API version of the simulated vCenter")
	flags.StringVar(&o.InventoryFile, "inventory", "", "JSON file with what each simulated cloud holds")
	flags.DurationVar(&o.Boot, "boot-delay", time.Second, "time between power-on and a machine's first sign of life")
	flags.Func("delay", "METHOD=DURATION: that vCenter call takes longer; may be repeated", func(text string) error {
		method, value, _ := strings.Cut(text, "=")
		d, err := time.ParseDuration(value)
		o.Delays[method] = d
		return err
	})
	flags.Func("fault", "METHOD: that vCenter call fails once; may be repeated", func(text string) error {
		o.Faults = append(o.Faults, text)
		return nil
	})
	flags.StringVar(&o.Moto, "moto", os.Getenv("SLIPWAY_MOTO"), "program of the AWS emulator (default moto_server on the PATH)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	klog.SetOutput(stderr)
	ctrl.SetLogger(klog.Background())
	if err := Run(ctx, o); err != nil {
		fmt.Fprintln(stderr, "slipway-sim:", err)
		return 1
	}
	return 0
}

// Run simulates until ctx ends.
func Run(ctx context.Context, o Options) error {
	inventory, err := readInventory(o.InventoryFile)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	s := state{PID: os.Getpid(), CAFile: filepath.Join(o.Dir, "ca.crt"), VCenter: inventory.VSphere.Host}
	if err := ca.write(s.CAFile); err != nil {
		return err
	}
	v, err := startVCenter(ctx, vcenterOptions{APIVersion: o.APIVersion, Inventory: inventory.VSphere, Delays: o.Delays}, ca)
	if err != nil {
		return err
	}
	s.Environ = []string{"VSPHERE_TLS_THUMBPRINT=" + v.thumbprint(), "AWS_CA_BUNDLE=" + s.CAFile}
	p := newProxy()
	p.route(net.JoinHostPort(inventory.VSphere.Host, "443"), fixed(v.address()))
	a := &awsCloud{start: func() (*aws.Cloud, error) { return startAWS(ctx, o, inventory.AWS, ca) }}
	p.route("*"+aws.Suffix+":443", a.address)
	clouds := []simulated{v, a}
	defer func() {
		for _, c := range clouds {
			_ = c.stop()
		}
	}()
	for _, method := range o.Faults {
		failOnce(clouds, method)
	}
	inside, err := newClusters(ctx, p)
	if err != nil {
		return err
	}
	stopProxy, proxyURL, err := serve(p)
	if err != nil {
		return err
	}
	defer stopProxy()
	stopControl, controlURL, err := serve(control(clouds, p))
	if err != nil {
		return err
	}
	defer stopControl()
	s.Proxy, s.Control = proxyURL, controlURL
	if err := publish(filepath.Join(o.Dir, "state.json"), s); err != nil {
		return err
	}
	play(ctx, clouds, inside, o.Boot)
	inside.stop(context.WithoutCancel(ctx))
	return os.Remove(filepath.Join(o.Dir, "state.json"))
}

// simulated is a cloud that a rehearsal can be asked about and that can be made to fail.
type simulated interface {
	cloud
	log() []Call
	failOnce(method string)
	stop() error
}

// failOnce makes the next call of a method fail, in whichever cloud it comes.
func failOnce(clouds []simulated, method string) {
	for _, c := range clouds {
		c.failOnce(method)
	}
}

// play gives the machines of every cloud an inside until ctx ends.
func play(ctx context.Context, clouds []simulated, inside *clusters, boot time.Duration) {
	var all sync.WaitGroup
	for _, c := range clouds {
		all.Go(func() { (&player{cloud: c, clusters: inside, boot: boot, inside: map[string]*guest{}}).run(ctx) })
	}
	all.Wait()
}

// inventories is what each cloud holds.
type inventories struct {
	VSphere Inventory     `json:"vsphere"`
	AWS     aws.Inventory `json:"aws"`
}

func readInventory(path string) (inventories, error) {
	var i inventories
	if path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return i, err
		}
		if err := json.Unmarshal(raw, &i); err != nil {
			return i, fmt.Errorf("inventory %s: %w", path, err)
		}
	}
	i.VSphere = i.VSphere.withDefaults()
	return i, nil
}

// failOnce makes the next call of a method fail, as an overloaded vCenter's might.
func (v *vcenter) failOnce(method string) {
	v.model.Service.AddFaultRule(&simulator.FaultInjectionRule{
		MethodName: method, ObjectType: "*", ObjectName: "*", Probability: 1, MaxCount: 1, Enabled: true,
		FaultType: simulator.FaultTypeGeneric, Message: "fault of the rehearsal",
	})
}

// serve listens on loopback and gives the address as a URL.
func serve(h http.Handler) (stop func(), url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the server
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l) //nolint:errcheck // ends by Close
	return func() { _ = server.Close() }, "http://" + l.Addr().String(), nil
}

// control is the API by which tests and rehearse status ask what happened.
func control(clouds []simulated, p *proxy) http.Handler {
	mux := http.NewServeMux()
	page := func(path string, data func(context.Context) (any, error)) {
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
	page("/machines", func(ctx context.Context) (any, error) {
		out := []Machine{}
		for _, c := range clouds {
			machines, err := c.machines(ctx)
			if err != nil {
				return nil, err
			}
			out = append(out, machines...)
		}
		return out, nil
	})
	page("/calls", func(context.Context) (any, error) {
		out := []Call{}
		for _, c := range clouds {
			out = append(out, c.log()...)
		}
		return out, nil
	})
	page("/refused", func(context.Context) (any, error) { return append([]string{}, p.refusals()...), nil })
	mux.HandleFunc("POST /faults/{method}", func(w http.ResponseWriter, r *http.Request) {
		failOnce(clouds, r.PathValue("method"))
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func publish(path string, s state) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
