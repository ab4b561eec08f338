package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-sh/slipway/internal/sim/port"
)

const (
	motoStart = 60 * time.Second // Python reads many modules the first time
	motoGrace = 3 * time.Second
	motoPoll  = 50 * time.Millisecond
)

// moto is the emulator's process.
type moto struct {
	address string // 127.0.0.1:PORT
	cmd     *exec.Cmd
	ended   chan error
}

// startMoto runs moto_server on loopback and waits until it answers.
func startMoto(ctx context.Context, program, dir string, i Inventory) (*moto, error) {
	images := filepath.Join(dir, "images.json")
	if err := i.writeImages(images); err != nil {
		return nil, err
	}
	free, err := port.Free()
	if err != nil {
		return nil, err
	}
	at := strconv.Itoa(free)
	log, err := os.OpenFile(filepath.Join(dir, "moto.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()                                                      //nolint:errcheck // the child has its own descriptor
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", at)              //nolint:noctx // it is ended by a signal first
	cmd.Env = append(withoutProxy(os.Environ()), "MOTO_AMIS_PATH="+images, // the images of the inventory
		"MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION=true", "MOTO_ENABLE_KEYPAIR_VALIDATION=true", "MOTO_ENABLE_AMI_VALIDATION=true",
		"MOTO_IAM_LOAD_MANAGED_POLICIES=true", "PYTHONUNBUFFERED=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	m := &moto{address: net.JoinHostPort("127.0.0.1", at), cmd: cmd, ended: make(chan error, 1)}
	if err := m.start(); err != nil {
		return nil, fmt.Errorf("start the AWS emulator: %w", err)
	}
	if err := m.await(ctx); err != nil {
		return nil, errors.Join(err, m.stop())
	}
	return m, nil
}

// start keeps one thread for the child: the kernel ends it with the thread that started it.
func (m *moto) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := m.cmd.Start()
		started <- err
		if err == nil {
			m.ended <- m.cmd.Wait()
		}
	}()
	return <-started
}

func (m *moto) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, motoStart, errors.New("the AWS emulator does not answer; see moto.log"))
	defer cancel()
	tick := time.NewTicker(motoPoll)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url("/moto-api/").String(), nil)
		if err != nil {
			return err
		}
		if response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request); err == nil {
			return response.Body.Close()
		}
		select {
		case err := <-m.ended:
			m.ended <- err
			return fmt.Errorf("the AWS emulator ended at start: %w; see moto.log", err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func (m *moto) url(path string) *url.URL {
	return &url.URL{Scheme: "http", Host: m.address, Path: path}
}

// stop asks first and kills when the grace period is over.
func (m *moto) stop() error {
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.ended: //nolint:errcheck // it was told to end
		return nil
	case <-time.After(motoGrace):
	}
	err := m.cmd.Process.Kill()
	<-m.ended //nolint:errcheck // it was killed
	return err
}

// withoutProxy keeps the emulator from asking the internet about itself.
func withoutProxy(environ []string) []string {
	var out []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			out = append(out, entry)
		}
	}
	return out
}
