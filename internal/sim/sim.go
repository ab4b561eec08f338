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
	"strconv"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/daemon"
	"github.com/slipway-sh/slipway/internal/sim/aws"
	"github.com/slipway-sh/slipway/internal/sim/azure"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Options of one simulator.
type Options struct {
	Dir           string
	APIVersion    string
	InventoryFile string
	Boot          time.Duration            // between power-on and a machine's first sign of life
	Delays        map[string]time.Duration // method of vCenter or Azure -> delay
	Faults        map[string]int           // method -> how many of its next calls fail
	Moto          string                   // the AWS emulator's program
}

// state is what state.json publishes.
type state struct {
	PID     int      `json:"pid"`
	Born    string   `json:"born"`
	Proxy   string   `json:"proxy"`
	CAFile  string   `json:"caFile"`
	Control string   `json:"control"`
	VCenter string   `json:"vcenter"`
	Environ []string `json:"environ"` // what clients must know of the simulated clouds
}

// Main is the program slipway-sim. It gives the exit code.
func Main(ctx context.Context, args []string, stderr io.Writer) int {
	o := Options{Delays: map[string]time.Duration{}, Faults: map[string]int{}}
	flags := flag.NewFlagSet("slipway-sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Dir, "dir", "", "folder for state.json and the rehearsal's CA")
	flags.StringVar(&o.APIVersion, "vcenter-version", "8.0.3.0", "API version of the simulated vCenter")
	flags.StringVar(&o.InventoryFile, "inventory", "", "JSON file with what each simulated cloud holds")
	flags.DurationVar(&o.Boot, "boot-delay", time.Second, "time between power-on and a machine's first sign of life")
	flags.Func("delay", "METHOD=DURATION: that call of vCenter or Azure takes longer; may be repeated", func(text string) error {
		method, value, _ := strings.Cut(text, "=")
		d, err := time.ParseDuration(value)
		o.Delays[method] = d
		return err
	})
	flags.Func("fault", "METHOD[=TIMES]: that call of a cloud fails once, or so many times; may be repeated", func(text string) error {
		method, value, found := strings.Cut(text, "=")
		o.Faults[method] = 1
		if !found {
			return nil
		}
		times, err := strconv.Atoi(value)
		o.Faults[method] = times
		return err
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
	s := state{PID: os.Getpid(), Born: daemon.Born(os.Getpid()), CAFile: filepath.Join(o.Dir, "ca.crt"), VCenter: inventory.VSphere.Host}
	if err := ca.write(s.CAFile); err != nil {
		return err
	}
	p := newProxy()
	inside, err := newClusters(ctx, p)
	if err != nil {
		return err
	}
	w := &world{delays: newDelays()}
	defer w.stop()
	if s.Environ, err = w.start(ctx, o, inventory, ca, inside); err != nil {
		return err
	}
	s.Environ = append(s.Environ, "AWS_CA_BUNDLE="+s.CAFile)
	w.boot.Store(int64(o.Boot))
	for method, delay := range o.Delays {
		w.delays.set(method, delay)
	}
	for method, times := range o.Faults {
		w.fail(method, times)
	}
	stopProxy, proxyURL, err := serve(p)
	if err != nil {
		return err
	}
	defer stopProxy()
	stopControl, controlURL, err := serve(w.control(p))
	if err != nil {
		return err
	}
	defer stopControl()
	s.Proxy, s.Control = proxyURL, controlURL
	if err := publish(filepath.Join(o.Dir, "state.json"), s); err != nil {
		return err
	}
	w.play(ctx, inside)
	inside.stop(context.WithoutCancel(ctx))
	return os.Remove(filepath.Join(o.Dir, "state.json"))
}

// start brings the clouds up and makes their hosts known. It gives what clients must know of them.
func (w *world) start(ctx context.Context, o Options, i inventories, ca *authority, inside *clusters) ([]string, error) {
	v, err := startVCenter(ctx, vcenterOptions{APIVersion: o.APIVersion, Inventory: i.VSphere, Delays: w.delays}, ca)
	if err != nil {
		return nil, err
	}
	inside.proxy.route(net.JoinHostPort(i.VSphere.Host, "443"), fixed(v.address()))
	a := &awsCloud{start: func() (*aws.Cloud, error) { return startAWS(ctx, o, i.AWS, ca) }}
	inside.proxy.route("*"+aws.Suffix+":443", a.address)
	w.clouds = []simulated{v, a}
	z, err := startAzure(ctx, o, i.Azure, ca, w.delays, inside)
	if err != nil {
		return nil, fmt.Errorf("simulated Azure: %w", err)
	}
	w.clouds = append(w.clouds, z)
	return []string{"VSPHERE_TLS_THUMBPRINT=" + v.thumbprint()}, nil
}

// inventories is what each cloud holds.
type inventories struct {
	VSphere Inventory       `json:"vsphere"`
	AWS     aws.Inventory   `json:"aws"`
	Azure   azure.Inventory `json:"azure"`
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
