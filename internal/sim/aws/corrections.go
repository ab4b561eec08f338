package aws

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// correction changes what the emulator is asked or what it answers, where it differs from AWS in a way that the upstream
// controller notices. Each is listed in docs/rehearsing-aws.md with its reason. A nil function changes nothing.
type correction struct {
	service  string
	actions  []string // none means all of the service
	request  func(form url.Values)
	response func(c *Cloud, call call, a *answer)
}

func corrections() []correction {
	return []correction{
		{service: "ec2", actions: securityGroupActions(), request: givePortsToProtocols},
		{service: "ec2", actions: []string{"RunInstances"}, request: endInterfacesWithInstances},
		{service: "elasticloadbalancing", actions: []string{"DescribeTargetGroups"}, response: noGroupsIsNoError},
		{service: "elasticloadbalancing", response: addressBalancers},
		{service: "servicequotas", actions: []string{"GetServiceQuota"}, response: answerQuota},
	}
}

// answer is what the emulator said.
type answer struct {
	status int
	body   []byte
}

func (c correction) matches(call call) bool {
	return c.service == call.service && (c.actions == nil || slices.Contains(c.actions, call.action))
}

// correctRequest applies to services with a query protocol.
func correctRequest(call call, r *httputil.ProxyRequest) {
	changed := false
	for _, c := range corrections() {
		if c.request != nil && call.form != nil && c.matches(call) {
			c.request(call.form)
			changed = true
		}
	}
	if changed {
		body := call.form.Encode()
		r.Out.Body, r.Out.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Out.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
}

func (c *Cloud) correctResponse(call call, response *http.Response) error {
	for _, each := range corrections() {
		if each.response == nil || !each.matches(call) {
			continue
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		a := answer{status: response.StatusCode, body: body}
		each.response(c, call, &a)
		response.StatusCode, response.Status = a.status, http.StatusText(a.status)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(a.body)), int64(len(a.body))
		response.Header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	return nil
}

func securityGroupActions() []string {
	var out []string
	for _, verb := range []string{"Authorize", "Revoke"} {
		out = append(out, verb+"SecurityGroupIngress", verb+"SecurityGroupEgress")
	}
	return out
}

// givePortsToProtocols adds the ports that only moto wants: a rule for a protocol without ports, such as IP-in-IP, has
// none in AWS.
func givePortsToProtocols(form url.Values) {
	for key, protocol := range form {
		prefix, isProtocol := strings.CutSuffix(key, ".IpProtocol")
		if !isProtocol || slices.Contains([]string{"tcp", "udp", "icmp", "icmpv6", "-1"}, protocol[0]) || form.Has(prefix+".FromPort") {
			continue
		}
		form.Set(prefix+".FromPort", "-1")
		form.Set(prefix+".ToPort", "-1")
	}
}

// endInterfacesWithInstances says what AWS takes for granted: an interface that is made with an instance goes with it.
func endInterfacesWithInstances(form url.Values) {
	for key := range form {
		if prefix, isIndex := strings.CutSuffix(key, ".DeviceIndex"); isIndex && !form.Has(prefix+".DeleteOnTermination") {
			form.Set(prefix+".DeleteOnTermination", "true")
		}
	}
}

var balancerName = regexp.MustCompile(`<DNSName>([^<]+)</DNSName>`)

// addressBalancers gives each load balancer an address in place of its name. The upstream controller goes on only when
// the name resolves, by the resolver of the machine that it runs on, and a rehearsal has no say in what that resolves.
func addressBalancers(c *Cloud, _ call, a *answer) {
	a.body = balancerName.ReplaceAllFunc(a.body, func(match []byte) []byte {
		name := string(balancerName.FindSubmatch(match)[1])
		return []byte("<DNSName>" + c.balancerAddress(name) + "</DNSName>")
	})
}

// noGroupsIsNoError answers with an empty list, as AWS does, when a load balancer has no target groups yet.
func noGroupsIsNoError(_ *Cloud, call call, a *answer) {
	if !call.form.Has("LoadBalancerArn") || !bytes.Contains(a.body, []byte("TargetGroupNotFound")) {
		return
	}
	a.status = http.StatusOK
	a.body = []byte(`<DescribeTargetGroupsResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">` +
		`<DescribeTargetGroupsResult><TargetGroups/></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>`)
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
