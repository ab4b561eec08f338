package aws

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// correct changes an answer of the emulator where a rehearsal needs another one. Every case is listed in
// docs/rehearsing-aws.md with its reason.
func (c *Cloud) correct(call call, response *http.Response) error {
	var change func([]byte) []byte
	switch call.service {
	case "elasticloadbalancing":
		change = c.addressBalancers
	default:
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	body = change(body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

var balancerName = regexp.MustCompile(`<DNSName>([^<]+)</DNSName>`)

// addressBalancers gives each load balancer an address in place of its name. The upstream controller goes on only when
// the name resolves, by the resolver of the machine that it runs on, and a rehearsal has no say in what that resolves.
func (c *Cloud) addressBalancers(body []byte) []byte {
	return balancerName.ReplaceAllFunc(body, func(match []byte) []byte {
		name := string(balancerName.FindSubmatch(match)[1])
		return []byte("<DNSName>" + c.balancerAddress(name) + "</DNSName>")
	})
}

// balancerAddress is the same for the same name, and from a range that nothing else of a rehearsal uses.
func (c *Cloud) balancerAddress(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names[name] == "" {
		n := len(c.names) + 1
		c.names[name] = fmt.Sprintf("10.30.%d.%d", n/250, n%250+1)
	}
	return c.names[name]
}
