// Package apiserver runs etcd and kube-apiserver in this process, on loopback, and resolves the services that webhooks
// name. It starts no controllers and knows nothing of providers.
package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/featuregate"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"github.com/slipway-sh/slipway/internal/plane/pki"
)

// stopGrace is how long requests in flight may take once the server is asked to stop. Watches never end by themselves.
const stopGrace = time.Second

const startGC = 400 // per cent, during a start

// Resolver finds the address that serves a Service.
type Resolver interface {
	ResolveEndpoint(namespace, name string, port int32) (*url.URL, error)
}

// Options of one API server.
type Options struct {
	Dir      string // holds etcd's data
	PKI      pki.Dir
	Port     int // of the API server; etcd takes a free one at each start
	NoFsync  bool
	Resolver Resolver
}

// Server is a running API server with its store.
type Server struct {
	Admin *rest.Config // the administrator's

	etcd   *store
	cancel context.CancelFunc
	done   chan struct{}
	err    error // of the API server, once done is closed
}

// Start brings both up and returns when /readyz answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	// Collecting garbage is a fifth of the work of a start, and there is hardly any yet.
	defer debug.SetGCPercent(debug.SetGCPercent(startGC))
	admin, err := certificates(o.PKI)
	if err != nil {
		return nil, err
	}
	etcdPort, err := FreePort()
	if err != nil {
		return nil, err
	}
	etcd, err := startEtcd(o, etcdPort)
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	s := &Server{Admin: admin.config(o.Port), etcd: etcd, done: make(chan struct{})}
	if err := awaitEtcd(ctx, etcd); err != nil {
		etcd.close()
		return nil, err
	}
	boot := newBootstrap(o)
	warm := boot.done()
	serve, err := prepare(o, etcdPort, func(c *app.Config) {
		if warm {
			boot.postpone(c)
		}
	})
	if err != nil {
		etcd.close()
		return nil, err
	}
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	go func() {
		defer close(s.done)
		s.err = serve(runCtx)
	}()
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if warm {
		go boot.repair(runCtx, s.Admin)
	} else if err := boot.finish(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Wait returns when ctx ends, or with an error when the API server or its store end by themselves.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.etcd.Err():
		return fmt.Errorf("etcd ended: %w", err)
	case <-s.done:
		return errors.Join(errors.New("it ended"), s.err)
	}
}

// Stop ends the API server and then etcd. It gives open requests a moment and open watches none.
func (s *Server) Stop() error {
	s.cancel()
	var err error
	select {
	case <-s.done:
		err = s.err
	case <-time.After(stopGrace):
	}
	s.etcd.close()
	return err
}

// prepare builds the API server and returns what runs it.
func prepare(o Options, etcdPort int, adjust func(*app.Config)) (func(context.Context) error, error) {
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	s := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range s.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments(o, etcdPort)); err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	if err := logsapi.ValidateAndApply(s.Logs, featureGate()); err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := s.Complete(context.Background())
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	if err := errors.Join(completed.Validate()...); err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	config, err := newConfig(completed, o.Resolver)
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	adjust(config)
	complete, err := config.Complete()
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	chain, err := app.CreateServerChain(complete)
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	return prepared.Run, nil
}

// newConfig hands our resolver to kube-apiserver. The setter's name says tests, but it is the one exported way to do
// that short of assembling the whole configuration again, and it is taken back as soon as the configuration holds it.
func newConfig(completed options.CompletedOptions, resolver Resolver) (*app.Config, error) {
	defer app.SetServiceResolverForTests(resolver)()
	return app.NewConfig(completed)
}

func featureGate() featuregate.FeatureGate { return utilfeature.DefaultFeatureGate }

// awaitReady asks /readyz, as a load balancer would, until it says ok.
func (s *Server) awaitReady(ctx context.Context) error {
	client, err := rest.HTTPClientFor(s.Admin)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	var last error
	for {
		if last = get(ctx, client, s.Admin.Host+"/readyz"); last == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("kube-apiserver ended at start: %w", errors.Join(s.err, last))
		case err := <-s.etcd.Err():
			return fmt.Errorf("etcd: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver is not ready: %w", errors.Join(context.Cause(ctx), last))
		case <-time.After(readyPoll):
		}
	}
}

func loopback() []net.IP { return []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback} }
