package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/klog/v2"

	"github.com/slipway-sh/slipway/internal/plane/apiserver"
	"github.com/slipway-sh/slipway/internal/plane/pki"
)

// A child that ends is started again after a pause that doubles; one that ran for a while starts over with the first.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
	stable     = time.Minute
	maxLog     = 64 << 20 // bytes of a log before it is cut; one older file is kept
)

// child is one supervised controller.
type child struct {
	launch *launch
	runner *Runner
	ctx    context.Context //nolint:containedctx // the life of the child itself
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	pid      int
	ports    [purposes]int
	restarts int
	ready    bool
	message  string // why it is not ready
}

func newChild(l *launch, r *Runner) *child {
	ctx, cancel := context.WithCancel(context.Background())
	return &child{launch: l, runner: r, ctx: ctx, cancel: cancel, done: make(chan struct{}), message: "starting"}
}

// stop ends the child and returns when it is gone.
func (c *child) stop() {
	c.cancel()
	<-c.done
}

// supervise starts the program again and again until it is stopped.
func (c *child) supervise() {
	defer close(c.done)
	pause := firstPause
	for {
		began := time.Now()
		err := c.run()
		_ = os.RemoveAll(c.launch.folder)
		if c.ctx.Err() != nil {
			return
		}
		if time.Since(began) > stable {
			pause = firstPause
		}
		message := fmt.Sprintf("%s ended: %v; it is started again in %s; its log ends: %s", filepath.Base(c.launch.provider), err, pause, lastLine(c.logPath()))
		klog.InfoS("controller ended", "deployment", c.launch.key.String(), "err", err, "pause", pause.String())
		c.set(func() { c.pid, c.ready, c.message = 0, false, message })
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(pause):
		}
		c.set(func() { c.restarts++ })
		pause = min(2*pause, lastPause)
	}
}

// run is one life of the program.
func (c *child) run() error {
	var ports [purposes]int
	for i := range ports {
		port, err := apiserver.FreePort()
		if err != nil {
			return err
		}
		ports[i] = port
	}
	if err := c.prepare(); err != nil {
		return err
	}
	log, err := os.OpenFile(c.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()                                                     //nolint:errcheck // the child has its own descriptor
	cmd := exec.Command(c.launch.program, c.launch.commandLine(ports)...) //nolint:gosec,noctx // the program is the provider's; it is ended by a signal first
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.launch.env, c.launch.folder, log, log
	cmd.SysProcAttr = attributes()
	if err := c.runner.starter.start(cmd); err != nil {
		return err
	}
	c.set(func() { c.pid, c.ports, c.message = cmd.Process.Pid, ports, "not ready yet" })
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	go func() { cancel(c.watch(ctx, ports)) }()
	select {
	case err := <-ended:
		return exitError(err)
	case <-ctx.Done():
	}
	c.set(func() { c.ready, c.message = false, "stopping" })
	return errors.Join(context.Cause(ctx), c.terminate(cmd.Process, ended))
}

// terminate asks first and kills when the grace period is over.
func (c *child) terminate(process *os.Process, ended <-chan error) error {
	_ = process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-time.After(c.launch.grace):
	}
	_ = process.Kill()
	return <-ended
}

// prepare writes the volumes and the kubeconfig anew.
func (c *child) prepare() error {
	l := c.launch
	if err := errors.Join(os.RemoveAll(l.folder), os.MkdirAll(l.folder, 0o700)); err != nil {
		return err
	}
	for _, f := range l.files {
		var err error
		if f.data == nil {
			err = os.MkdirAll(f.path, 0o700)
		} else {
			err = pki.WriteFile(f.path, f.data)
		}
		if err != nil {
			return err
		}
	}
	return writeIdentity(c.runner.options, l)
}

// set changes the state and has the Deployment's status follow.
func (c *child) set(change func()) {
	c.mu.Lock()
	change()
	c.mu.Unlock()
	c.runner.notify(c.launch.key)
}

func (c *child) controller() Controller {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Controller{
		Name: c.launch.key.Name, Namespace: c.launch.key.Namespace, Provider: c.launch.provider, Version: c.launch.version,
		PID: c.pid, Restarts: c.restarts, Ready: c.ready, Log: c.logPath(),
	}
	if !c.ready {
		out.Message = c.message
	}
	if c.pid != 0 {
		out.RSSBytes = residentBytes(c.pid)
	}
	return out
}

// port is where a target of a Service is served now.
func (c *child) port(target intstr.IntOrString) (int, bool) {
	p, ok := c.launch.purposeOfTarget(target)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ports[p], ok && c.pid != 0
}

func (c *child) logPath() string {
	return filepath.Join(c.runner.options.Dir, "logs", c.launch.key.Name+".log")
}

func exitError(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}
