// Package plane is a management cluster small enough to be a process: etcd and kube-apiserver, the controllers that
// Cluster API relies on, certificates for webhooks, and the providers' own controllers as child processes. What is
// not here is a cluster: no nodes, no pods, no network. Nothing outside this folder knows that a plane is not an
// ordinary cluster, except internal/planectl, which starts and stops it.
package plane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/slipway-sh/slipway/internal/plane/apiserver"
	"github.com/slipway-sh/slipway/internal/plane/certificates"
	"github.com/slipway-sh/slipway/internal/plane/controllers"
	"github.com/slipway-sh/slipway/internal/plane/pki"
	"github.com/slipway-sh/slipway/internal/plane/runner"
)

// A start is given a generous time: it takes seconds, but not on a machine that is swapping.
const (
	startTimeout = 2 * time.Minute
	managerGrace = 5 * time.Second
)

// Options of a plane.
type Options struct {
	Dir         string // everything the plane keeps
	Repository  string // LABEL/VERSION/manager: the programs of the providers
	Name        string // of the cluster in the kubeconfig
	NoFsync     bool   // for planes that are thrown away: a crash of the machine, not of the process, may lose them
	MemoryLimit int64  // bytes the plane's own heap should stay under; zero leaves it to GOMEMLIMIT
}

// Run keeps a plane up until ctx ends or something that it cannot do without ends. Messages of its own go to out.
func Run(ctx context.Context, o Options, out io.Writer) error {
	o, err := o.complete()
	if err != nil {
		return err
	}
	lock, err := acquire(filepath.Join(o.Dir, lockFile))
	if err != nil {
		return err
	}
	defer lock.release()
	p := &plane{options: o, out: out, environ: leaveProxies()}
	return p.run(ctx)
}

func (o Options) complete() (Options, error) {
	if o.Dir == "" || o.Repository == "" {
		return o, errors.New("a plane needs a folder (--dir) and a repository of providers (--repository)")
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return o, err
	}
	if o.Repository, err = filepath.Abs(o.Repository); err != nil {
		return o, err
	}
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.MemoryLimit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(o.MemoryLimit)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return o, err
	}
	return o, os.Chmod(o.Dir, 0o700) //nolint:gosec // a folder needs its x
}

type plane struct {
	options Options
	out     io.Writer
	environ []string // what children inherit
}

func (p *plane) run(ctx context.Context) error {
	began := time.Now()
	ctrl.SetLogger(klog.NewKlogr())
	keys := pki.Dir(filepath.Join(p.options.Dir, "pki"))
	port, err := keepPort(filepath.Join(p.options.Dir, portFile))
	if err != nil {
		return err
	}
	services := &runner.Services{}
	startCtx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	server, err := apiserver.Start(startCtx, apiserver.Options{
		Dir: p.options.Dir, PKI: keys, Port: port, NoFsync: p.options.NoFsync, Resolver: services,
	})
	if err != nil {
		return err
	}
	p.say("API server ready in %s at %s", time.Since(began).Round(time.Millisecond), server.Admin.Host)
	err = p.serve(ctx, server, keys, services)
	p.say("stopping the API server")
	return errors.Join(err, server.Stop())
}

// serve runs everything that needs the API server, until ctx or the API server ends. Children are gone when it returns.
func (p *plane) serve(ctx context.Context, server *apiserver.Server, keys pki.Dir, services *runner.Services) error {
	kubeconfig := filepath.Join(p.options.Dir, kubeconfigFile)
	if err := writeKubeconfig(kubeconfig, p.options.Name, server.Admin); err != nil {
		return err
	}
	authority, err := keys.Authority(apiserver.CertCA)
	if err != nil {
		return err
	}
	mgr, err := newManager(ctx, server.Admin)
	if err != nil {
		return err
	}
	run, err := runner.Add(mgr, runner.Options{
		Admin: server.Admin, Authority: authority, Dir: p.options.Dir, Repository: p.options.Repository,
		Environ: p.environ, Services: services,
	})
	if err != nil {
		return err
	}
	defer run.Close()
	if err := run.Down(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	st := newStateFile(p.options, server.Admin.Host, kubeconfig)
	defer st.remove()
	return together(ctx, cancel, map[string]func(context.Context) error{
		"API server":  server.Wait,
		"controllers": func(ctx context.Context) error { return controllers.Run(ctx, server.Admin) },
		"manager":     mgr.Start,
		"state":       func(ctx context.Context) error { return st.keep(ctx, run) },
	})
}

// newManager runs the plane's own reconcilers. Their kinds exist before it is made.
func newManager(ctx context.Context, admin *rest.Config) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	add := runtime.NewSchemeBuilder(clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, apiregistrationv1.AddToScheme)
	if err := add.AddToScheme(scheme); err != nil {
		return nil, err
	}
	direct, err := client.New(admin, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	if err := certificates.Install(ctx, direct); err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(admin, ctrl.Options{
		Scheme:                  scheme,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		GracefulShutdownTimeout: ptr.To(managerGrace),
		Controller:              config.Controller{SkipNameValidation: ptr.To(true)}, // tests run several planes in one process
	})
	if err != nil {
		return nil, err
	}
	return mgr, certificates.Add(mgr)
}

// together runs the parts until all have ended; the first that fails ends the others.
func together(ctx context.Context, cancel context.CancelCauseFunc, parts map[string]func(context.Context) error) error {
	var group sync.WaitGroup
	for name, part := range parts {
		group.Go(func() {
			if err := part(ctx); err != nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	group.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func (p *plane) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, "%s slipway-plane: %s\n", time.Now().Format(time.RFC3339), fmt.Sprintf(format, args...))
}
