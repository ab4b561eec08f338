package runner

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	startPoll    = 50 * time.Millisecond // until it is ready for the first time
	readyPoll    = time.Second           // from then on
	livePoll     = 10 * time.Second
	liveFailures = 3
	probeTimeout = 5 * time.Second
	settle       = time.Second // a program without probes counts as ready when it lived that long
	tailBytes    = 4 << 10
)

// watch keeps the readiness current until ctx ends, or returns why the program should be started again.
func (c *child) watch(ctx context.Context, ports [purposes]int) error {
	transport := &http.Transport{DisableKeepAlives: true} // no proxy: the address is on loopback
	client := &http.Client{Transport: transport, Timeout: probeTimeout}
	address := fmt.Sprintf("http://127.0.0.1:%d", ports[health])
	poll, failures, lastLive := startPoll, 0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(poll):
		}
		err := c.probe(ctx, client, address, ports)
		c.observeReady(ctx, err)
		if err == nil {
			poll = readyPoll
		}
		capLog(c.logPath())
		if poll == startPoll || c.launch.live == "" || time.Since(lastLive) < livePoll {
			continue
		}
		lastLive = time.Now()
		if err := ask(ctx, client, address+c.launch.live); err == nil {
			failures = 0
		} else if failures++; failures >= liveFailures {
			return fmt.Errorf("it did not answer %s %d times: %w", c.launch.live, failures, err)
		}
	}
}

func (c *child) observeReady(ctx context.Context, err error) {
	if ctx.Err() != nil || c.isReady() == (err == nil) {
		return
	}
	c.set(func() {
		c.ready, c.message = err == nil, ""
		if err != nil {
			c.message = err.Error()
		}
	})
}

func (c *child) isReady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

// probe is what kubelet would ask. A program that was not ready must have opened its webhooks as well: the API server
// is about to call them.
func (c *child) probe(ctx context.Context, client *http.Client, address string, ports [purposes]int) error {
	if c.launch.ready == "" || !c.launch.servesHealth() {
		time.Sleep(settle)
	} else if err := ask(ctx, client, address+c.launch.ready); err != nil {
		return err
	}
	if !c.launch.servesWebhooks() || c.isReady() {
		return nil
	}
	// A handshake, since a server logs a connection that ends before it. Whose the certificate is matters to the API
	// server, not here.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // nothing is sent
	conn, err := dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", ports[webhook]))
	if err != nil {
		return fmt.Errorf("webhooks: %w", err)
	}
	return conn.Close()
}

func (l *launch) servesHealth() bool {
	return l.flags.accepts("health-addr") || l.flags.accepts("health-probe-bind-address")
}

func (l *launch) servesWebhooks() bool {
	for _, p := range l.ports {
		if kind, ok := purposeOf(p); ok && kind == webhook {
			return l.flags.accepts("webhook-port")
		}
	}
	return false
}

func ask(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if response.StatusCode/100 != 2 {
		return errors.New(request.URL.Path + ": " + response.Status)
	}
	return nil
}

// lastLine of a log, for a message that has room for one.
func lastLine(path string) string {
	log, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer log.Close() //nolint:errcheck // read only
	if info, err := log.Stat(); err == nil && info.Size() > tailBytes {
		_, _ = log.Seek(-tailBytes, io.SeekEnd)
	}
	tail, _ := io.ReadAll(log)
	tail = bytes.TrimSpace(tail)
	return string(tail[bytes.LastIndexByte(tail, '\n')+1:])
}

// capLog moves a log that has grown too long aside. The child appends to the same file, so it is emptied, not renamed.
func capLog(path string) {
	info, err := os.Stat(path)
	if err != nil || info.Size() < maxLog {
		return
	}
	if body, err := os.ReadFile(path); err == nil {
		_ = os.WriteFile(path+".1", body, 0o600)
	}
	_ = os.Truncate(path, 0)
}
