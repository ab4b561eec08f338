package aws

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// ServeHTTP answers one call: it is logged, checked, perhaps failed, and else carried out by the emulator.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := readCall(r, body)
	failed := c.note(call)
	if refusal := c.authenticate(r, call); refusal != nil {
		refusal.write(w, call)
		return
	}
	if failed {
		overloaded(call).write(w, call)
		return
	}
	c.emulator(call).ServeHTTP(w, r)
}

// emulator passes the call on under the name that the client used, corrected where that is needed.
func (c *Cloud) emulator(call call) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: c.moto.address})
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Accept-Encoding") // an answer that is corrected must be readable
			correctRequest(call, r)
		},
		ModifyResponse: func(response *http.Response) error { return c.correctResponse(call, response) },
		Transport:      &http.Transport{}, // no proxy: the emulator is on loopback
	}
}

// call is what is known of a request without carrying it out.
type call struct {
	service, action, region string
	form                    url.Values // of the services with a query protocol
	body                    []byte
	keyID                   string // who asks
}

// readCall takes service and region from the signature's scope, and the action from where the protocol has it.
func readCall(r *http.Request, body []byte) call {
	out := call{action: r.Method, body: body}
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	if part := strings.Split(scope, "/"); len(part) == 5 { // key id, date, region, service, aws4_request
		out.keyID, out.region, out.service = part[0], part[2], part[3]
	}
	if _, action, found := strings.Cut(r.Header.Get("X-Amz-Target"), "."); found {
		out.action = action
	} else if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		out.form, _ = url.ParseQuery(string(body)) // what is no form has no action
		out.action = out.form.Get("Action")
	}
	return out
}

// note logs the call and says whether a fault is due.
func (c *Cloud) note(call call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, Call{Time: time.Now().UTC(), Method: call.service + ":" + call.action, Region: call.region})
	if call.service == "ec2" {
		c.regions[call.region] = true
	}
	if c.faults[call.action] == 0 {
		return false
	}
	c.faults[call.action]--
	return true
}

// refusal is an error in the words of AWS.
type refusal struct {
	status        int
	code, message string
}

func overloaded(call call) *refusal {
	if call.service == "ec2" {
		return &refusal{http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."}
	}
	return &refusal{http.StatusBadRequest, "Throttling", "Rate exceeded"}
}

// write answers in the error format of the protocol that the service speaks.
func (f *refusal) write(w http.ResponseWriter, call call) {
	switch {
	case call.service == "ec2":
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(f.status)
		fmt.Fprintf(w, "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>rehearsal</RequestID></Response>", f.code, f.message)
	case call.form != nil:
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(f.status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>rehearsal</RequestId></ErrorResponse>", f.code, f.message)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Errortype", f.code)
		w.WriteHeader(f.status)
		fmt.Fprintf(w, `{"__type":%q,"message":%q}`, f.code, f.message)
	}
}
