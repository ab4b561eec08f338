package apiserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below the range that systems give to outgoing connections, so that a port which is kept in a
// kubeconfig is not taken by a passing connection while the plane is down. From 19000 on they belong to upstream's
// provider for development, which gives each of its clusters the next one and asks nobody.
const (
	firstPort = 10000
	lastPort  = 19000
	tries     = 100
)

// FreePort finds a port on loopback that nobody listens on.
func FreePort() (int, error) {
	var last error
	for range tries {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if last = PortFree(port); last == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port on loopback between %d and %d: %w", firstPort, lastPort, last)
}

// PortFree says why a port of loopback cannot be listened on.
func PortFree(port int) error {
	// Controllers' webhook servers listen on every address, so a port counts as free only when it is free on all.
	for _, host := range []string{"127.0.0.1", ""} {
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(host, fmt.Sprint(port)))
		if err := errors.Join(err, closeListener(listener)); err != nil {
			return err
		}
	}
	return nil
}

func closeListener(l net.Listener) error {
	if l == nil {
		return nil
	}
	return l.Close()
}
