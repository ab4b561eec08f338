package plane

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
)

// leaveProxies returns the environment as it was and takes the proxies out of this process: the API server calls
// webhooks by their service names, which a proxy could not reach. The children, which do call clouds, get it whole.
func leaveProxies() []string {
	environ := os.Environ()
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		switch strings.ToUpper(name) {
		case "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY":
			_ = os.Unsetenv(name)
		}
	}
	return environ
}

// notifyReady tells systemd (Type=notify) that the plane is up, when systemd started it.
func notifyReady(ctx context.Context) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unixgram", path)
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte("READY=1"))
	return errors.Join(err, conn.Close())
}
